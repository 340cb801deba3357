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
  promise.then(
    (value) => settle(process, { run, value, settled: "fulfilled" }),
    (error: unknown) => settle(process, { run, value: error, settled: "rejected" }),
  );
  process.starting?.waits();
  park(process);
}

function settle(process: Process, outcome: Outcome<unknown>): void {
  if (process.state === ProcessState.Exited) return;
  process.outcome = outcome;
  process.state = ProcessState.Blocked;
  process.receiver = undefined;
  if (!process.queued) process.shard.scheduler.schedule(process);
}

/** Who is told what came of a call or a start. */
export interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/**
 * What a callback of a GenServer of our own may answer in place of a promise, where each wait counts: to be told one value, with which the
 * process goes on in a turn of its own. Neither promises nor microtasks take part, and unlike what stands behind an `await`, a handler that stalls
 * there is ended alone.
 */
export class Wait<Value, Result> implements Waiter<Value> {
  readonly #next: (value: Value) => Result;
  readonly #failed: (error: Error) => Result;
  #process: Process | undefined = undefined;
  #outcome: Outcome<unknown> | undefined = undefined;
  #run: unknown = undefined;

  constructor(next: (value: Value) => Result, failed: (error: Error) => Result) {
    this.#next = next;
    this.#failed = failed;
  }

  resolve(value: Value): void {
    this.#settle(value, "fulfilled");
  }

  reject(error: Error): void {
    this.#settle(error, "rejected");
  }

  #settle(value: unknown, settled: "fulfilled" | "rejected"): void {
    this.#outcome = { run: this.#run, value, settled };
    if (this.#process !== undefined) settle(this.#process, this.#outcome);
  }

  /** The callback of `process` has answered this wait. What it is told comes with `run`, to be handed to `goOn`. */
  begin<Run>(process: Process, run: Run): void {
    this.#process = process;
    this.#run = run;
    process.starting?.waits();
    park(process);
    // It may have been told before the callback returned.
    if (this.#outcome !== undefined) settle(process, { ...this.#outcome, run });
  }

  /** What the callback answers now. */
  goOn({ value, settled }: Outcome<unknown>): Result {
    return settled === "rejected" ? this.#failed(value as Error) : this.#next(value as Value);
  }

  /** This wait as what the callback answers at last: the compiler knows of no other answers. */
  get result(): Result {
    return this as unknown as Result;
  }
}
