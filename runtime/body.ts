import type { Behaviour } from "./behaviour.ts";
import { reportCrash } from "./crash-report.ts";
import { ExitError } from "./errors.ts";
import { reasonOfThrown } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { park, type Process, ProcessState } from "./process.ts";
import type { Self } from "./self.ts";

/** The code of a plain process. Its end is the process's end. */
export type Body = (self: Self) => unknown;

/** Runs a function: to its end at once, or from await to await. */
export const bodyBehaviour: Behaviour = {
  turn(process: Process): number {
    const body = process.instance as Body;
    let result: unknown;
    try {
      result = body(process.shard.handleOf(process));
    } catch (thrown) {
      failed(process, thrown);
      return 1;
    }
    if (result instanceof Promise) {
      result.then(
        () => exitProcess(process, "normal"),
        (thrown: unknown) => failed(process, thrown),
      );
      if (process.state === ProcessState.Running) park(process);
    } else if (process.pendingExit === undefined) {
      exitProcess(process, "normal");
    }
    return 1;
  },

  describe(process: Process): string {
    const body = process.instance as Body | undefined;
    return body?.name ? `${body.name}/1` : "an anonymous function";
  },
};

function failed(process: Process, thrown: unknown): void {
  // A process that is dead, or about to be, threw only to be unwound.
  if (process.state === ProcessState.Exited || process.pendingExit !== undefined) return;
  const reason = reasonOfThrown(thrown);
  if (!(thrown instanceof ExitError)) reportCrash(process, reason, undefined);
  exitProcess(process, reason);
}
