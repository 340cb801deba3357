import type { Process } from "./process.ts";

/** What kind of code a process runs. One object a kind, shared by all its processes. */
export interface Behaviour {
  /**
   * Runs `process` for at most `budget` messages and answers how many it took. Called with the state Running; leaves
   * it at Waiting, Blocked or Exited, or at Running when messages remain.
   */
  turn(process: Process, budget: number): number;
  /** What crash reports and `info` call the code of `process`. */
  describe(process: Process): string;
}
