import type { Kysely } from "kysely";
import { columnTypes } from "./column-types.ts";
import { repoError } from "./errors.ts";
import { KyselyConnection, type QueryOrigin, transactionKysely } from "./kysely-connection.ts";
import type { SqliteConnection } from "./sqlite.ts";

/** One step in the life of a database's schema. Once it has run somewhere it is not changed any more: add another. */
export interface Migration {
  /** Its place in the order, a point in time by custom: 20261122061900. */
  readonly version: number;
  readonly name: string;
  up(db: Kysely<unknown>): unknown;
  /** Undoes `up`. Without it, the migration can't be rolled back. */
  down?(db: Kysely<unknown>): unknown;
}

type MigrationsDb = { schema_migrations: { version: number; inserted_at: string } };

/** Refuses, with `ROOKERY_REPO_MIGRATION_LIST`, what is not in rising order of versions. */
export function checkMigrations(migrations: readonly Migration[]): void {
  let last: Migration | undefined;
  for (const migration of migrations) {
    const { version, name } = migration;
    if (!Number.isSafeInteger(version) || version < 0) {
      throw repoError("ROOKERY_REPO_MIGRATION_LIST", [`${name} has the version ${version}`]);
    }
    if (last !== undefined && version <= last.version) {
      throw repoError("ROOKERY_REPO_MIGRATION_LIST", [
        `${name} (${version}) comes after ${last.name} (${last.version})`,
      ]);
    }
    last = migration;
  }
}

/**
 * Runs the migrations that the table `schema_migrations` does not list, in their order, each in a transaction of its
 * own together with its entry there. Throws `ROOKERY_REPO_MIGRATION` for the first that fails; those before it stay.
 */
export async function migrate(
  connection: SqliteConnection,
  migrations: readonly Migration[],
  origin: QueryOrigin,
  systemTimeMs: () => number,
  untilFree: (begin: () => void) => Promise<void> = async (begin) => begin(),
): Promise<void> {
  const kysely = transactionKysely<unknown>(new KyselyConnection(origin, () => connection));
  const transact: Transact = async (run) => {
    await untilFree(() => connection.begin());
    await inTransaction(connection, run);
  };
  await runMigrations(kysely, transact, migrations, systemTimeMs);
}

/** Runs a function in a transaction. */
type Transact = (run: () => Promise<void>) => Promise<void>;

/** The same for any database, in which `transact` runs its function in a transaction of `db`. */
export async function runMigrations(
  db: Kysely<unknown>,
  transact: Transact,
  migrations: readonly Migration[],
  systemTimeMs: () => number,
): Promise<void> {
  const kysely = db as unknown as Kysely<MigrationsDb>;
  let applied = new Set<number>();
  try {
    await transact(async () => {
      applied = await notedIn(kysely);
    });
  } catch (error) {
    throw failure("schema_migrations", error);
  }
  for (const migration of migrations) {
    if (applied.has(migration.version)) continue;
    try {
      await transact(async () => {
        // Another program may have been faster since.
        if ((await appliedVersions(kysely)).has(migration.version)) return;
        await migration.up(db);
        const inserted_at = new Date(systemTimeMs()).toISOString();
        await kysely
          .insertInto("schema_migrations")
          .values({ version: migration.version, inserted_at })
          .execute();
      });
    } catch (error) {
      throw failure(nameOf(migration), error);
    }
  }
}

/**
 * Undoes the newest `steps` of the applied migrations, newest first, on the Kysely of a transaction: all of them or, if
 * it throws, none. Answers the versions that it has undone.
 */
export async function rollback(
  db: Kysely<unknown>,
  migrations: readonly Migration[],
  steps: number,
): Promise<number[]> {
  const kysely = db as unknown as Kysely<MigrationsDb>;
  const applied = await appliedVersions(kysely);
  const undone: number[] = [];
  for (const version of [...applied].sort((a, b) => b - a).slice(0, Math.max(0, steps))) {
    const migration = migrations.find((candidate) => candidate.version === version);
    if (migration?.down === undefined) {
      throw repoError("ROOKERY_REPO_MIGRATION", [migration?.name ?? version, "there is no way down from it"]);
    }
    try {
      await migration.down(db);
    } catch (error) {
      throw failure(nameOf(migration), error);
    }
    await kysely.deleteFrom("schema_migrations").where("version", "=", version).execute();
    undone.push(version);
  }
  return undone;
}

/** The versions that the table of migrations lists; makes it where there is none. */
async function notedIn(kysely: Kysely<MigrationsDb>): Promise<Set<number>> {
  await kysely.schema
    .createTable("schema_migrations")
    .ifNotExists()
    .addColumn("version", columnTypes(kysely).integer, (column) => column.primaryKey())
    .addColumn("inserted_at", "text", (column) => column.notNull())
    .execute();
  return appliedVersions(kysely);
}

async function appliedVersions(kysely: Kysely<MigrationsDb>): Promise<Set<number>> {
  const rows = await kysely.selectFrom("schema_migrations").select("version").execute();
  return new Set(rows.map((row) => row.version));
}

/** Runs a function in the transaction that has just begun. */
async function inTransaction(connection: SqliteConnection, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.isOpen && connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

function failure(what: string, error: unknown): Error {
  return repoError("ROOKERY_REPO_MIGRATION", [what, error instanceof Error ? error.message : error], error);
}

function nameOf({ name, version }: Migration): string {
  return `${name} (${version})`;
}
