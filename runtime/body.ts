import type { Behaviour } from "./behaviour.ts";
import { reportCrash } from "./crash-report.ts";
import { ExitError } from "./errors.ts";
import { isOrderly, reasonOfThrown } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { park, type Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Self } from "./self.ts";

/** The code of a plain process. Its end is the process's end. */
export interface Body {
  (self: Self): unknown;
  /** Of a task: what it computes. Its report names that. An `exit` that is no orderly end is reported, too: Elixir logs it. */
  readonly task?: (self: Self) => unknown;
}

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
    const name = (body?.task ?? body)?.name;
    return name ? `${name}/1` : "an anonymous function";
  },
};

function failed(process: Process, thrown: unknown): void {
  // A process that is dead, or about to be, threw only to be unwound.
  if (process.state === ProcessState.Exited || process.pendingExit !== undefined) return;
  const reason = reasonOfThrown(thrown);
  const isTask = (process.instance as Body).task !== undefined;
  if (!(thrown instanceof ExitError) || (isTask && !isOrderly(reason)))
    reportCrash(process, reason, undefined);
  exitProcess(process, reason);
}
