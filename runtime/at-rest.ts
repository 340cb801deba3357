import { genServerBehaviour } from "./gen-server-loop.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";

// Own constant: see ProcessState.
const { Waiting: WAITING } = ProcessState;

/** Whether a server waits for its next message and has none, and nobody stands in front of it: what comes now is what it handles next. */
export function isAtRest(process: Process): boolean {
  return (
    process.state === WAITING &&
    !process.queued &&
    process.suspensions === 0 &&
    process.receiver === undefined &&
    process.behaviour === genServerBehaviour
  );
}
