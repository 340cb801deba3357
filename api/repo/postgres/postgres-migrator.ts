import { type CompiledQuery, type DatabaseConnection, type Kysely, type QueryResult, sql } from "kysely";
import { repoError } from "../errors.ts";
import type { QueryOrigin } from "../kysely-connection.ts";
import { type Migration, runMigrations } from "../migrator.ts";
import { measuredLater } from "../query-telemetry.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { postgresTransaction } from "./postgres-kysely.ts";
import { controlsTransaction } from "./statement-kind.ts";

// Of a schema, because each has a schema_migrations of its own.
const lock = sql`hashtext('rookery.schema_migrations'), hashtext(current_schema())`;

/** Keeps everybody else from migrating until the transaction of `db` is over. Waits for whoever is at it. */
export async function lockMigrations<DB>(db: Kysely<DB>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${lock})`.execute(db);
}

/**
 * As `migrate` does for SQLite. Several servers and shards that start at once take turns: the others wait until the first
 * one is done, and then find nothing to do.
 */
export async function migratePostgres(
  connection: PostgresConnection,
  migrations: readonly Migration[],
  origin: QueryOrigin,
  systemTimeMs: () => number,
): Promise<void> {
  const kysely = postgresTransaction<unknown>(new MigratingConnection(connection, origin));
  // Given back when the connection ends.
  await sql`SELECT pg_advisory_lock(${lock})`.execute(kysely);
  const transact = async (run: () => Promise<void>): Promise<void> => {
    await connection.command("BEGIN");
    try {
      await run();
    } catch (error) {
      if (connection.isOpen) await connection.command("ROLLBACK");
      throw error;
    }
    await connection.command("COMMIT");
  };
  await runMigrations(kysely, transact, migrations, systemTimeMs);
}

class MigratingConnection implements DatabaseConnection {
  readonly #connection: PostgresConnection;
  readonly #origin: QueryOrigin;

  constructor(connection: PostgresConnection, origin: QueryOrigin) {
    this.#connection = connection;
    this.#origin = origin;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (controlsTransaction(query.sql)) throw repoError("ROOKERY_REPO_TRANSACTION_CONTROL", [query.sql]);
    const { repo, nowMs } = this.#origin;
    return (await measuredLater(repo, nowMs, query, (compiled) =>
      this.#connection.query(compiled),
    )) as QueryResult<R>;
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}
