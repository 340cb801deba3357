import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import type { Clock } from "../../../runtime/index.ts";
import { repoError, UnavailableError } from "../errors.ts";
import type { QueryOrigin } from "../kysely-connection.ts";
import { measuredLater } from "../query-telemetry.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { isCancelled, isReadOnly, isStalePlan } from "./postgres-errors.ts";
import { mayRead } from "./statement-kind.ts";

export interface ReadingOptions {
  readonly origin: QueryOrigin;
  readonly timeoutMs: number;
  /** Throws where there is none. */
  readonly pool: () => ConnectionPool;
  readonly clock: () => Clock;
}

/** Rows that FETCH can be told to read. */
const FETCHED_MAX = 2_147_483_647;

/** What Kysely takes for a connection: each query gets one of the pool, and may only read. */
export class ReadingConnection implements DatabaseConnection {
  readonly #options: ReadingOptions;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { origin, pool: poolOf } = this.#options;
    const pool = poolOf();
    if (!mayRead(query.sql)) throw repoError("ROOKERY_REPO_READ_ONLY", [query.sql]);
    const connection = await pool.take();
    const { repo, nowMs } = origin;
    try {
      const read = (): Promise<QueryResult<unknown>> => this.#read(connection, query);
      return (await measuredLater(repo, nowMs, query, read)) as QueryResult<R>;
    } finally {
      pool.give(connection);
    }
  }

  /**
   * In batches, by a cursor on a connection of its own: whoever takes longer than the timeout for one of them loses the
   * connection, by the server's `idle_in_transaction_session_timeout`.
   */
  async *streamQuery<R>(query: CompiledQuery, batchLength: number): AsyncIterableIterator<QueryResult<R>> {
    const { origin, pool: poolOf } = this.#options;
    const pool = poolOf();
    if (!mayRead(query.sql)) throw repoError("ROOKERY_REPO_READ_ONLY", [query.sql]);
    const fetched = Math.min(FETCHED_MAX, Math.max(1, Math.ceil(batchLength) || 1));
    const connection = await pool.take();
    try {
      await connection.command("BEGIN");
      const { repo, nowMs } = origin;
      await measuredLater(repo, nowMs, query, (asked) =>
        this.#read(connection, { ...asked, sql: `DECLARE stream NO SCROLL CURSOR FOR ${asked.sql}` }),
      );
      const next = {
        ...query,
        sql: `FETCH ${fetched} FROM stream`,
        parameters: [],
      };
      for (let isLast = false; !isLast;) {
        const { rows } = await this.#read(connection, next);
        isLast = rows.length < fetched;
        yield { rows: rows as R[] };
      }
    } finally {
      if (connection.isOpen) await connection.command("ROLLBACK").catch(() => connection.close());
      pool.give(connection);
    }
  }

  async #read(connection: PostgresConnection, query: CompiledQuery): Promise<QueryResult<unknown>> {
    const { timeoutMs, clock } = this.#options;
    let isOverdue = false;
    // The server ends it by itself, unless it is the server that is gone.
    const timer = clock().setTimer(timeoutMs, () => {
      isOverdue = true;
      connection.abandon();
    });
    try {
      return await connection.query(query);
    } catch (error) {
      if (isOverdue || isCancelled(error))
        throw new UnavailableError("ROOKERY_REPO_QUERY_TIMEOUT", [timeoutMs], error);
      if (isReadOnly(error)) throw repoError("ROOKERY_REPO_READ_ONLY", [query.sql], error);
      if (!isStalePlan(error)) throw error;
      return await connection.query(query);
    } finally {
      timer.cancel();
    }
  }
}
