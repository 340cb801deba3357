import assert from "node:assert/strict";
import { sql } from "kysely";
import { describe, test } from "vitest";
import { checkMigrations, migrate, type Migration } from "../../../api/repo/migrator.ts";
import { openForWriting, type SqliteConnection } from "../../../api/repo/sqlite.ts";
import { CompiledQuery } from "kysely";
import { databases } from "./databases.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

const origin = { repo: "test", nowMs: () => 0 };
const timeMs = Date.UTC(2026, 10, 22);

function table(version: number, name: string): Migration {
  return {
    version,
    name,
    up: (db) => sql`CREATE TABLE ${sql.table(name)} (id INTEGER)`.execute(db),
    down: (db) => sql`DROP TABLE ${sql.table(name)}`.execute(db),
  };
}

function tables(connection: SqliteConnection): unknown[] {
  const query = "SELECT name FROM sqlite_schema WHERE name <> 'schema_migrations' ORDER BY name";
  return connection.query(CompiledQuery.raw(query)).rows.map((row) => (row as { name: string }).name);
}

function versions(connection: SqliteConnection): unknown[] {
  const { rows } = connection.query(CompiledQuery.raw("SELECT * FROM schema_migrations ORDER BY version"));
  return rows.map((row) => Object.values(row as object));
}

function migrateTo(connection: SqliteConnection, migrations: readonly Migration[]): Promise<void> {
  return migrate(connection, migrations, origin, () => timeMs);
}

describe("migrate", () => {
  test("runs what the database has not seen, in order, and notes it", async () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    await migrateTo(connection, [table(1, "a"), table(3, "c")]);
    const at = "2026-11-22T00:00:00.000Z";
    assert.deepEqual(versions(connection), [
      [1, at],
      [3, at],
    ]);
    // One that comes late, from another branch, is run as well.
    await migrateTo(connection, [table(1, "a"), table(2, "b"), table(3, "c")]);
    assert.deepEqual(tables(connection), ["a", "b", "c"]);
    assert.deepEqual(versions(connection), [
      [1, at],
      [2, at],
      [3, at],
    ]);
    connection.close();
  });

  test("undoes the one that fails, says which it was, and keeps those before it", async () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    const bad: Migration = {
      version: 2,
      name: "create b, badly",
      up: async (db) => {
        await sql`CREATE TABLE b (id INTEGER)`.execute(db);
        await sql`CREATE TABLE a (id INTEGER)`.execute(db);
      },
    };
    await assert.rejects(migrateTo(connection, [table(1, "a"), bad, table(3, "c")]), {
      code: "ROOKERY_REPO_MIGRATION",
      message: /create b, badly \(2\).*already exists/,
    });
    assert.deepEqual(tables(connection), ["a"]);
    assert.equal(versions(connection).length, 1);
    connection.close();
  });

  test("says once what keeps it from noting anything", async () => {
    using folder = new TemporaryFolder();
    const connection = openForWriting(folder.file("test.db"));
    connection.query(CompiledQuery.raw("CREATE TABLE schema_migrations (number INTEGER)"));
    await assert.rejects(migrateTo(connection, [table(1, "a")]), {
      code: "ROOKERY_REPO_MIGRATION",
      message: /^Expected the migration schema_migrations to run, but: no such column/,
    });
    connection.close();
  });
});

describe("checkMigrations", () => {
  test("takes rising versions only", () => {
    checkMigrations([]);
    checkMigrations([table(1, "a"), table(20261122061900, "b")]);
    for (const list of [
      [table(2, "a"), table(1, "b")],
      [table(1, "a"), table(1, "b")],
      [table(1.5, "a")],
      [table(-1, "a")],
      [table("1" as unknown as number, "a")],
    ]) {
      assert.throws(() => checkMigrations(list), { code: "ROOKERY_REPO_MIGRATION_LIST" });
    }
  });
});

describe.each(databases)("rollbackMigrations of a repo, $name", ({ name, start }) => {
  test("undoes the newest, in reverse order, and a later start runs them again", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    await temporary.addUser("ada");
    for (const none of [0, -1]) assert.deepEqual(await repo.rollbackMigrations(none), []);
    assert.deepEqual(await repo.rollbackMigrations(), [2]);
    await assert.rejects(repo.all("posts"), /no such table|does not exist/);
    assert.deepEqual(await temporary.emails(), ["ada"]);
    assert.deepEqual(await repo.rollbackMigrations(5), [1]);
    assert.deepEqual(await repo.rollbackMigrations(), []);
    await temporary.kill(name === "SQLite" ? "writer" : "pool");
    assert.deepEqual([await repo.all("users"), await repo.all("posts")], [[], []]);
  });

  test("undoes nothing if there is no way down from one of them", async () => {
    const migrations = [table(1, "a"), { version: 2, name: "b", up: () => {} }, table(3, "c")];
    await using temporary = await start({ migrations });
    await assert.rejects(temporary.repo.rollbackMigrations(3), { code: "ROOKERY_REPO_MIGRATION" });
    assert.deepEqual(await temporary.repo.rollbackMigrations(), [3]);
  });
});
