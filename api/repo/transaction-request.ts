import type { KyselyConnection } from "./kysely-connection.ts";
import { isFailure } from "./savepoint.ts";

/** What one run of a transaction's function has come to. Only what is kept is committed. */
export type Outcome =
  | { readonly keep: true; readonly value: unknown }
  | { readonly keep: false; readonly value: unknown }
  | { readonly keep: false; readonly error: unknown };

/** Runs a transaction's function. Never rejects. What it returns with `ok: false`, and what it throws, is not kept. */
export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    const value = await run();
    return isFailure(value) ? { keep: false, value } : { keep: true, value };
  } catch (error) {
    return { keep: false, error };
  }
}

/**
 * The call by which a caller asks the writer to run a transaction. The answer of the call only says that the outcome
 * stands here: it may hold whatever the function returned, and nothing in it gets frozen as a message would.
 */
export class TransactionRequest {
  /** On the runtime's monotonic clock. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly #run: (connection: KyselyConnection) => unknown;
  #outcome: Outcome | undefined = undefined;

  constructor(nowMs: number, timeoutMs: number, run: (connection: KyselyConnection) => unknown) {
    this.deadlineMs = nowMs + timeoutMs;
    this.timeoutMs = timeoutMs;
    this.#run = run;
  }

  /** Runs the function once. Never rejects. What it returns with `ok: false`, and what it throws, is not kept. */
  attempt(connection: KyselyConnection): Promise<Outcome> {
    return outcomeOf(() => this.#run(connection));
  }

  /** The writer's last word: of several runs, the outcome of the one that counts. */
  settle(outcome: Outcome): void {
    this.#outcome = outcome;
  }

  /** For the caller, once the call is answered. Throws what the function threw. */
  result(): unknown {
    const outcome = this.#outcome as Outcome;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }
}
