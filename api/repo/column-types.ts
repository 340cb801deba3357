import {
  type ColumnDefinitionBuilderCallback,
  type ColumnDataType,
  PostgresAdapter,
  type QueryExecutorProvider,
} from "kysely";

/** Column types for migrations: what a context reads and writes is the same in SQLite and PostgreSQL. */
export interface ColumnTypes {
  /** An `id` that the database counts: `.addColumn("id", ...id)`. One that is given is taken. */
  readonly id: readonly [type: ColumnDataType, build: ColumnDefinitionBuilderCallback];
  /** Whole numbers, as large as JavaScript's: also for the ids of other rows, for amounts, and for versions. */
  readonly integer: ColumnDataType;
  /** Numbers with a fraction. */
  readonly real: ColumnDataType;
  /** 1 and 0, read and written. */
  readonly boolean: ColumnDataType;
  /** JSON, read and written as its text: `JSON.stringify` before, `JSON.parse` after. */
  readonly json: ColumnDataType;
  /** Points in time, read and written as `toISOString` has them. */
  readonly timestamp: ColumnDataType;
  /** Bytes, as a Buffer. */
  readonly binary: ColumnDataType;
}

const sqlite: ColumnTypes = Object.freeze({
  id: ["integer", (column) => column.primaryKey().autoIncrement()],
  integer: "integer",
  real: "real",
  boolean: "integer",
  json: "text",
  timestamp: "text",
  binary: "blob",
} satisfies ColumnTypes);

const postgres: ColumnTypes = Object.freeze({
  id: ["bigint", (column) => column.primaryKey().generatedByDefaultAsIdentity()],
  integer: "bigint",
  real: "double precision",
  boolean: "boolean",
  json: "jsonb",
  timestamp: "timestamptz",
  binary: "bytea",
} satisfies ColumnTypes);

/**
 * The column types of the database that a migration is given, so that one list of migrations does for SQLite and PostgreSQL.
 * `text` and everything else of Kysely's schema builder is the same in both; so is a unique index that takes no
 * account of case, `createIndex("users_email").unique().on("users").expression(sql`lower(email)`)`.
 *
 * ```ts
 * async up(db) {
 *   const { id, integer, timestamp } = columnTypes(db);
 *   await db.schema
 *     .createTable("posts")
 *     .addColumn("id", ...id)
 *     .addColumn("user_id", integer, (column) => column.notNull().references("users.id"))
 *     .addColumn("title", "text", (column) => column.notNull())
 *     .addColumn("inserted_at", timestamp, (column) => column.notNull())
 *     .execute();
 * }
 * ```
 */
export function columnTypes(db: QueryExecutorProvider): ColumnTypes {
  return db.getExecutor().adapter instanceof PostgresAdapter ? postgres : sqlite;
}
