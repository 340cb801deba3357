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

/**
 * What a callback comes to that has ended its own process is nobody's. If that is a promise, it rejects with what unwound the callback, which
 * Node would take for the end of the program.
 */
export function abandon(result: unknown): void {
  if (isPromise(result)) result.then(undefined, () => {});
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
  process.starting?.waits();
  park(process);
}
