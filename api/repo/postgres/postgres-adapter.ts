import type { Kysely } from "kysely";
import type { Clock, Self, StartResult } from "../../../runtime/index.ts";
import { startChildServer } from "../../../runtime/internal.ts";
import type { ChildSpec } from "../../../supervisors/index.ts";
import type { Adapter, TransactionHandle } from "../adapter.ts";
import type { Violation } from "../constraint.ts";
import { repoError, UnavailableError } from "../errors.ts";
import type { QueryOrigin } from "../kysely-connection.ts";
import type { CompletePostgresOptions } from "../repo-options.ts";
import { outcomeOf } from "../transaction-request.ts";
import { addressOf } from "./address.ts";
import type { ConnectionPool, PoolOptions } from "./connection-pool.ts";
import { PoolOwner } from "./pool-owner.ts";
import { PostgresConnection } from "./postgres-connection.ts";
import { violationOf } from "./postgres-errors.ts";
import { postgresKysely, postgresTransaction } from "./postgres-kysely.ts";
import { lockMigrations, migratePostgres } from "./postgres-migrator.ts";
import { PostgresTransaction } from "./postgres-transaction.ts";
import { ReadingConnection } from "./reading-connection.ts";

/** So often is a transaction run at most that gets in the way of others. */
const RUNS_MAX = 5;

/** PostgreSQL: a pool of connections, on which queries and transactions run side by side. */
export class PostgresAdapter<DB> implements Adapter<DB> {
  readonly address: string;
  readonly children: readonly ChildSpec[];
  readonly db: Kysely<DB>;
  readonly #options: CompletePostgresOptions;
  readonly #origin: QueryOrigin;
  #clock: Clock | undefined = undefined;
  #pool: ConnectionPool | undefined = undefined;
  #hasMigrated = false;

  constructor(options: CompletePostgresOptions) {
    this.address = String(addressOf(options.url));
    this.#options = options;
    this.#origin = { repo: this.#name, nowMs: () => this.#clock?.nowMs() ?? 0 };
    this.children = [{ id: "pool", start: (supervisor) => this.#start(supervisor) }];
    this.db = postgresKysely<DB>(
      new ReadingConnection({
        origin: this.#origin,
        timeoutMs: options.transactionTimeoutMs,
        pool: () => this.#running().pool,
        clock: () => this.#running().clock,
      }),
    );
  }

  async transaction<Value>(work: (handle: TransactionHandle<DB>) => Value | Promise<Value>): Promise<Value> {
    const { pool, clock } = this.#running();
    const { transactionTimeoutMs: timeoutMs, isolationLevel } = this.#options;
    const begin = `BEGIN READ WRITE ISOLATION LEVEL ${isolationLevel}`;
    const deadlineMs = clock.nowMs() + timeoutMs;
    const connection = await pool.take();
    try {
      const options = { connection, origin: this.#origin, clock, begin, timeoutMs, deadlineMs };
      for (let runs = 1; ; runs += 1) {
        const transaction = new PostgresTransaction(options);
        const handle = {
          db: postgresTransaction<DB>(transaction.plain),
          guarded: postgresTransaction<DB>(transaction.guarded),
          control: (statement: string) => transaction.control(statement),
        };
        const run = await transaction.run(() => outcomeOf(() => work(handle)));
        if (!("conflict" in run)) {
          if ("error" in run) throw run.error;
          return run.value as Value;
        }
        if (runs === RUNS_MAX)
          throw new UnavailableError("ROOKERY_REPO_CONFLICT", [runs, textOf(run.conflict)], run.conflict);
      }
    } finally {
      pool.give(connection);
    }
  }

  lockMigrations(db: Kysely<DB>): Promise<void> {
    return lockMigrations(db);
  }

  violationOf(error: unknown): Violation | undefined {
    return violationOf(error);
  }

  get #name(): string {
    return this.#options.name ?? this.address;
  }

  #running(): { readonly pool: ConnectionPool; readonly clock: Clock } {
    if (this.#pool === undefined || this.#clock === undefined)
      throw repoError("ROOKERY_REPO_NOT_RUNNING", [this.#name]);
    return { pool: this.#pool, clock: this.#clock };
  }

  #start(parent: Self): Promise<StartResult> {
    const { clock } = parent.runtime;
    this.#clock = clock;
    const { name, url, connectTimeoutMs, transactionTimeoutMs, poolSize } = this.#options;
    const { queueTimeoutMs, queueLengthMax } = this.#options;
    const timeoutMs = Math.ceil(transactionTimeoutMs);
    // What is left behind by a client that is gone ends by itself.
    const setUp = `SET TIME ZONE 'UTC'; SET default_transaction_read_only = on; SET statement_timeout = ${timeoutMs}; SET idle_in_transaction_session_timeout = ${timeoutMs}`;
    const options = {
      name: this.#name,
      open: (begun: Parameters<PoolOptions["open"]>[0]) =>
        PostgresConnection.open({ url, connectTimeoutMs, clock, setUp }, begun),
      poolSize,
      queueTimeoutMs,
      queueLengthMax,
      migrate: (begun: Parameters<PoolOptions["open"]>[0]) => this.#migrate(clock, begun),
      attach: (pool: ConnectionPool | undefined) => {
        this.#pool = pool;
      },
    };
    const registered =
      name === undefined ? undefined : ({ name: `${name}.pool`, nameScope: "shard" } as const);
    return startChildServer(parent, PoolOwner, options, registered);
  }

  /** A server that is away when the pool is started anew, and not for the first time, is no reason to give up. */
  async #migrate(clock: Clock, begun: (connection: PostgresConnection) => void): Promise<void> {
    const { url, connectTimeoutMs, migrations } = this.#options;
    const setUp = "SET TIME ZONE 'UTC'; SET statement_timeout = 0";
    try {
      const connection = await PostgresConnection.open({ url, connectTimeoutMs, clock, setUp }, begun);
      try {
        await migratePostgres(connection, migrations, this.#origin, () => clock.systemTimeMs());
      } finally {
        connection.close();
      }
      this.#hasMigrated = true;
    } catch (error) {
      if (this.#hasMigrated && isUnavailable(error)) return;
      if (!(error instanceof UnavailableError)) throw error;
      throw repoError("ROOKERY_REPO_OPEN", [this.address, textOf(error.cause ?? error)], error);
    }
  }
}

/** Also where that is the cause of another error, such as that of a migration. */
function isUnavailable(error: unknown): boolean {
  return error instanceof UnavailableError || (error instanceof Error && isUnavailable(error.cause));
}

function textOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}
