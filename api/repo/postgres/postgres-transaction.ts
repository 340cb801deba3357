import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import type { Clock } from "../../../runtime/index.ts";
import { repoError, UnavailableError } from "../errors.ts";
import type { QueryOrigin } from "../kysely-connection.ts";
import { measuredLater } from "../query-telemetry.ts";
import type { Outcome } from "../transaction-request.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { isAborted, isCancelled, isConflict } from "./postgres-errors.ts";
import { controlsTransaction } from "./statement-kind.ts";

export interface PostgresTransactionOptions {
  readonly connection: PostgresConnection;
  readonly origin: QueryOrigin;
  readonly clock: Clock;
  readonly begin: string;
  readonly timeoutMs: number;
  /** On the clock. */
  readonly deadlineMs: number;
}

/** What a run has come to, or the error by which it got in the way of another transaction. */
export type Run = Outcome | { readonly conflict: unknown };

type Phase = "running" | "ending" | "committing" | "over";

/**
 * One run of a transaction on one connection. Queries go to the server one after the other, also those that are not waited
 * for, so that one that is undone by itself takes no other with it. Once the function has ended, its queries are refused.
 *
 * A query that fails ends a transaction of PostgreSQL: what comes after it is refused, and the commit is a rollback, which
 * is told as `ROOKERY_REPO_TRANSACTION_LOST`. A guarded one has a savepoint, sent together with it.
 */
export class PostgresTransaction {
  /** What Kysely takes for a connection, without and with a savepoint for each query. */
  readonly plain: DatabaseConnection;
  readonly guarded: DatabaseConnection;
  readonly #options: PostgresTransactionOptions;
  #phase: Phase = "running";
  /** The last query sent, and what came before it. */
  #last: Promise<unknown> = Promise.resolve();
  /** The error by which the transaction has ended before its end. */
  #failure: unknown = undefined;
  #conflict: unknown = undefined;

  constructor(options: PostgresTransactionOptions) {
    this.#options = options;
    this.plain = this.#by((query) => this.#query(query));
    this.guarded = this.#by((query) => this.#queryInSavepoint(query));
  }

  /** Runs `work` between BEGIN and COMMIT or ROLLBACK. Never rejects. The connection is of no more use if it is in a transaction. */
  async run(work: () => Promise<Outcome>): Promise<Run> {
    const { clock, deadlineMs, timeoutMs, connection } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimer(Math.max(0, deadlineMs - clock.nowMs()), () => {
        const error =
          this.#phase === "committing"
            ? commitUnknown(new Error(`none came within ${timeoutMs} ms`))
            : repoError("ROOKERY_REPO_TRANSACTION_TIMEOUT", [timeoutMs]);
        this.#phase = "over";
        // It rolls back: a server that is gone need not be waited for.
        connection.abandon();
        resolve({ keep: false, error });
      });
      void this.#carryOut(work).then((run) => {
        timer.cancel();
        resolve(run);
      });
    });
  }

  async #carryOut(work: () => Promise<Outcome>): Promise<Run> {
    const { connection, begin } = this.#options;
    try {
      await connection.command(begin);
      const outcome = await work();
      if (this.#phase === "running") this.#phase = "ending";
      await this.#last;
      if (this.#conflict !== undefined) return await this.#undo({ conflict: this.#conflict });
      if (!outcome.keep) return await this.#undo(outcome);
      if (!connection.isOpen) throw connection.unavailable(this.#failure);
      if (this.#failure !== undefined) return await this.#undo(lost(this.#failure));
      return await this.#commit(outcome);
    } catch (error) {
      return { keep: false, error };
    } finally {
      this.#phase = "over";
    }
  }

  async #commit(outcome: Outcome): Promise<Run> {
    const { connection } = this.#options;
    this.#phase = "committing";
    try {
      return (await connection.command("COMMIT")) === "COMMIT" ? outcome : lost(undefined);
    } catch (error) {
      const text = error instanceof Error ? error.message : error;
      if (error instanceof UnavailableError)
        return { keep: false, error: commitUnknown(error.cause ?? error) };
      if (isConflict(error)) return this.#undo({ conflict: error });
      return this.#undo({ keep: false, error: repoError("ROOKERY_REPO_COMMIT_FAILED", [text], error) });
    }
  }

  /** Nothing is committed, whether ROLLBACK is heard or not. */
  async #undo(run: Run): Promise<Run> {
    const { connection } = this.#options;
    if (connection.isOpen) await connection.command("ROLLBACK").catch(() => connection.close());
    return run;
  }

  /** Sends a statement of the repo's own, such as SAVEPOINT, in its turn. What failed since then is undone with it. */
  async control(sql: string): Promise<void> {
    if (this.#phase !== "running") throw repoError("ROOKERY_REPO_TRANSACTION_OVER", [sql]);
    const { connection } = this.#options;
    await this.#inTurn(async () => {
      try {
        await connection.command(sql);
        if (sql.startsWith("ROLLBACK TO")) this.#failure = undefined;
      } catch (error) {
        throw this.#fail(error);
      }
    });
  }

  #inTurn<Value>(send: () => Promise<Value>): Promise<Value> {
    const sent = this.#last.then(send);
    this.#last = sent.catch(() => {});
    return sent;
  }

  #by(send: (query: CompiledQuery) => Promise<QueryResult<unknown>>): DatabaseConnection {
    const { repo, nowMs } = this.#options.origin;
    const executeQuery = async <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
      this.#check(query.sql);
      const result = await this.#inTurn(() => measuredLater(repo, nowMs, query, send));
      return result as QueryResult<R>;
    };
    return {
      executeQuery,
      async *streamQuery<R>(query: CompiledQuery) {
        yield await executeQuery<R>(query);
      },
    };
  }

  #check(sql: string): void {
    if (this.#phase !== "running") throw repoError("ROOKERY_REPO_TRANSACTION_OVER", [sql]);
    if (controlsTransaction(sql)) throw repoError("ROOKERY_REPO_TRANSACTION_CONTROL", [sql]);
  }

  async #query(query: CompiledQuery): Promise<QueryResult<unknown>> {
    const { connection } = this.#options;
    try {
      const result = await connection.query(query);
      if (!connection.inTransaction) throw this.#fail(repoError("ROOKERY_REPO_TRANSACTION_LOST"));
      return result;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async #queryInSavepoint(query: CompiledQuery): Promise<QueryResult<unknown>> {
    const { connection } = this.#options;
    const before = connection.command("SAVEPOINT query");
    const sent = connection.query(query);
    const after = connection.command("RELEASE query");
    const [, result, released] = await Promise.allSettled([before, sent, after]);
    if (result.status === "fulfilled" && released.status === "fulfilled") return result.value;
    const error: unknown =
      result.status === "rejected" ? result.reason : (released as PromiseRejectedResult).reason;
    if (isConflict(error) || isCancelled(error) || isAborted(error) || !connection.isOpen)
      throw this.#fail(error);
    try {
      await connection.command("ROLLBACK TO query; RELEASE query");
    } catch (failure) {
      throw this.#fail(failure);
    }
    throw error;
  }

  /** Notes that the transaction has ended by `error`, and answers what to throw for it. */
  #fail(error: unknown): unknown {
    const { timeoutMs } = this.#options;
    if (isConflict(error)) this.#conflict ??= error;
    const told = isAborted(error)
      ? repoError("ROOKERY_REPO_TRANSACTION_LOST", [], this.#failure)
      : isCancelled(error)
        ? repoError("ROOKERY_REPO_TRANSACTION_TIMEOUT", [timeoutMs], error)
        : error;
    this.#failure ??= error;
    return told;
  }
}

function commitUnknown(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : cause;
  return repoError("ROOKERY_REPO_COMMIT_UNKNOWN", [text], cause);
}

function lost(cause: unknown): Outcome {
  return { keep: false, error: repoError("ROOKERY_REPO_TRANSACTION_LOST", [], cause) };
}
