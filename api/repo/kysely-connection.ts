import {
  type AbortableQueryOptions,
  type CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  type LimitNode,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
  ValueNode,
} from "kysely";
import { repoError } from "./errors.ts";
import { measured } from "./query-telemetry.ts";
import type { SqliteConnection } from "./sqlite.ts";
import type { Streams } from "./streams.ts";

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
  readonly #streams: Streams | undefined;

  constructor(origin: QueryOrigin, sqlite: (sql: string) => SqliteConnection, streams?: Streams) {
    this.#origin = origin;
    this.#sqlite = sqlite;
    this.#streams = streams;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const sqlite = this.#sqlite(query.sql);
    const { repo, nowMs } = this.#origin;
    return measured(repo, nowMs, query, (compiled) => sqlite.query(compiled)) as QueryResult<R>;
  }

  /** Runs a statement of our own that leaves the transaction open. */
  async control(sql: string): Promise<void> {
    this.#sqlite(sql).mark(sql);
  }

  /**
   * In batches, where there are connections for that. Else all rows at once: an open cursor would keep the connection
   * busy, and a COMMIT waiting for it.
   */
  async *streamQuery<R>(query: CompiledQuery, batchLength: number): AsyncIterableIterator<QueryResult<R>> {
    if (this.#streams === undefined) yield await this.executeQuery<R>(query);
    else yield* this.#streams.run<R>(query, batchLength);
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

/**
 * Writes the number of a limit out. SQLite plans by it, and so prepares a statement anew each time that one is bound, which costs
 * more than the rest of a small query.
 */
class LimitsWrittenOut extends SqliteQueryCompiler {
  protected override visitLimit(node: LimitNode): void {
    if (ValueNode.is(node.limit) && Number.isSafeInteger(node.limit.value))
      this.append(`limit ${node.limit.value as number}`);
    else super.visitLimit(node);
  }
}

const compiler = new LimitsWrittenOut();
const adapter = new SqliteAdapter();

const refuse = (): Promise<never> => Promise.reject(repoError("ROOKERY_REPO_READ_ONLY", ["BEGIN"]));

// Begin and commit are the writer's: the driver, through which Kysely would do them, only refuses.
export const refusingDriver: Driver = {
  init: () => Promise.resolve(),
  acquireConnection: refuse,
  beginTransaction: refuse,
  commitTransaction: refuse,
  rollbackTransaction: refuse,
  releaseConnection: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
};

const dialect: Dialect = {
  createDriver: () => refusingDriver,
  createQueryCompiler: () => compiler,
  createAdapter: () => adapter,
  createIntrospector: (db) => new SqliteIntrospector(db),
};

const config = { dialect };

function propsOf(connection: DatabaseConnection): ConstructorParameters<typeof Transaction>[0] {
  return { config, dialect, driver: refusingDriver, executor: new DirectExecutor(connection) };
}

/** Each query is synchronous once it has the connection, so nothing has to wait for the one before. */
class DirectExecutor extends DefaultQueryExecutor {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    super(compiler, adapter, { provideConnection: (consumer) => consumer(connection) });
    this.#connection = connection;
  }

  // Kysely's own goes through four promises for each query, of which a query that is over at once needs one.
  override executeQuery<R>(query: CompiledQuery, options?: AbortableQueryOptions): Promise<QueryResult<R>> {
    return options?.signal === undefined
      ? this.#connection.executeQuery<R>(query)
      : super.executeQuery<R>(query, options);
  }
}
