import { ExitError } from "./errors.ts";

/**
 * Why a process ended: `"normal"`, `"shutdown"`, `["shutdown", term]`, `"killed"`, `"noproc"`, `"noconnection"`, an
 * `Error` for a crash, or any other value. Tuples of Erlang are arrays.
 */
export type ExitReason = unknown;

/** True for the reasons that are an orderly end: `"normal"`, `"shutdown"` and `["shutdown", term]`. Nothing is reported for them. */
export function isOrderly(reason: ExitReason): boolean {
  return (
    reason === "normal" ||
    reason === "shutdown" ||
    (Array.isArray(reason) && reason.length === 2 && reason[0] === "shutdown")
  );
}

/**
 * The exit reason of a process whose code threw `thrown`: an uncaught exit gives its own reason, an `Error` is the
 * reason itself, and anything else was a `throw` that nobody caught.
 */
export function reasonOfThrown(thrown: unknown): ExitReason {
  if (thrown instanceof ExitError) return thrown.reason;
  if (thrown instanceof Error) return thrown;
  return ["nocatch", thrown];
}
