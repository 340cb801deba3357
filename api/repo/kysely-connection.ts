import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
} from "kysely";
import { repoError } from "./errors.ts";
import { measured } from "./query-telemetry.ts";
import type { SqliteConnection } from "./sqlite.ts";

/** What is to be known of a repo where its queries run. */
export interface QueryOrigin {
  readonly repo: string;
  readonly nowMs: () => number;
}

/**
 * What Kysely takes for a connection. `sqlite` is asked before every query for the connection that serves it and throws
 * when there is none: so a transaction that is over can't write into its successor's, and reading outlives a restart.
 */
export class KyselyConnection implements DatabaseConnection {
  readonly #origin: QueryOrigin;
  readonly #sqlite: (sql: string) => SqliteConnection;

  constructor(origin: QueryOrigin, sqlite: (sql: string) => SqliteConnection) {
    this.#origin = origin;
    this.#sqlite = sqlite;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const sqlite = this.#sqlite(query.sql);
    const { repo, nowMs } = this.#origin;
    return measured(repo, nowMs, query, (compiled) => sqlite.query(compiled)) as QueryResult<R>;
  }

  /** All rows at once: an open cursor would keep the connection busy, and a COMMIT waiting for it. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

/** A Kysely whose queries run on `connection`, one by one and without transactions of their own. */
export function readingKysely<DB>(connection: DatabaseConnection): Kysely<DB> {
  return new Kysely<DB>(propsOf(connection));
}

/** As `readingKysely`, in the transaction that `connection` stands for. */
export function transactionKysely<DB>(connection: DatabaseConnection): Transaction<DB> {
  return new Transaction<DB>(propsOf(connection));
}

const compiler = new SqliteQueryCompiler();
const adapter = new SqliteAdapter();

const refuse = (): Promise<never> => Promise.reject(repoError("ROOKERY_REPO_READ_ONLY", ["BEGIN"]));

// Begin and commit are the writer's: the driver, through which Kysely would do them, only refuses.
const driver: Driver = {
  init: () => Promise.resolve(),
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
};

const dialect: Dialect = {
  createDriver: () => driver,
  createQueryCompiler: () => compiler,
  createAdapter: () => adapter,
  createIntrospector: (db) => new SqliteIntrospector(db),
};

function propsOf(connection: DatabaseConnection): ConstructorParameters<typeof Transaction>[0] {
  // Each query is synchronous once it has the connection, so nothing has to wait for the one before.
  const executor = new DefaultQueryExecutor(compiler, adapter, {
    provideConnection: (consumer) => consumer(connection),
  });
  return { config: { dialect }, dialect, driver, executor };
}
