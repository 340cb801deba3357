import { park, type Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";

/**
 * What a process goes on with before its mailbox, in `process.outcome`: what an asynchronous callback came to, or, "not yet", a
 * callback that is to be called next.
 */
export interface Outcome<Run> {
  readonly run: Run;
  readonly value: unknown;
  readonly settled: "fulfilled" | "rejected" | "not yet";
}

export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** Leaves the process waiting for an asynchronous callback; what it comes to is applied in a turn of its own. */
export function waitFor<Run>(process: Process, run: Run, promise: PromiseLike<unknown>): void {
  const settle = (value: unknown, settled: "fulfilled" | "rejected"): void => {
    if (process.state === ProcessState.Exited) return;
    process.outcome = { run, value, settled } satisfies Outcome<Run>;
    process.state = ProcessState.Blocked;
    process.receiver = undefined;
    if (!process.queued) process.shard.scheduler.schedule(process);
  };
  promise.then(
    (value) => settle(value, "fulfilled"),
    (error: unknown) => settle(error, "rejected"),
  );
  park(process);
}
