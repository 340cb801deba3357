import type { Process } from "./process.ts";
import type { Ref } from "./ref.ts";

/** What kind of code a process runs. One object a kind, shared by all its processes, unless it keeps something for each. */
export interface Behaviour {
  /**
   * Runs `process` for at most `budget` messages, and as long as the scheduler lets it take more (`mayTake`); answers how
   * many it took. Called with the state Running; leaves it at Waiting, Blocked or Exited, or at Running when messages remain.
   */
  turn(process: Process, budget: number): number;
  /** What crash reports and `info` call the code of `process`. */
  describe(process: Process): string;
  /** How it serves `sys`; undefined where nobody does, as in a plain process. */
  readonly system?: SystemCallbacks;
}

/** What a behaviour offers to `sys`: the `system_*` callbacks of OTP. */
export interface SystemCallbacks {
  /** The name of the behaviour: `"GenServer"`. */
  readonly module: string;
  getState(process: Process): unknown;
  setState(process: Process, state: unknown): void;
  /** Ends the process in order. */
  terminate(process: Process, reason: unknown): void;
  /** What the process is about to do, as `sys` tells it to debug functions; undefined if it only goes on with something. */
  nextEvent(process: Process): SystemEvent | undefined;
  /** The process goes on after a request of `sys`: a timeout that it waits for begins anew. */
  resume(process: Process): void;
}

/** What happens in a server, as `sys` logs and traces it: a message came, a reply went out, it was handled. */
export type SystemEvent =
  | readonly ["in", message: unknown]
  | readonly ["out", reply: unknown, to: Ref, state: unknown]
  | readonly ["noreply", state: unknown]
  | readonly ["continue", term: unknown];
