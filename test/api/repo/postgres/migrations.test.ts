import assert from "node:assert/strict";
import { type Kysely, sql } from "kysely";
import { describe, test } from "vitest";
import type { Migration } from "../../../../api/repo/migrator.ts";
import { Repo } from "../../../../api/repo/repo.ts";
import { Runtime, silentLogger, StartError } from "../../../../runtime/index.ts";
import { Supervisor } from "../../../../supervisors/index.ts";
import { hasPostgres } from "../../../support/postgres-server.ts";
import { postgres } from "../databases.ts";

type Db = Record<string, Record<string, unknown>>;

function table(version: number, name: string): Migration {
  return {
    version,
    name,
    up: (db) => sql`CREATE TABLE ${sql.table(name)} (id INTEGER)`.execute(db),
    down: (db) => sql`DROP TABLE ${sql.table(name)}`.execute(db),
  };
}

async function started(repo: Repo<Db>): Promise<Runtime> {
  const runtime = await Runtime.start({ logger: silentLogger });
  await runtime.start(Supervisor, { strategy: "one_for_one", children: [repo.childSpec()] });
  return runtime;
}

async function versions(db: Kysely<Db>): Promise<unknown[]> {
  const rows = await db.selectFrom("schema_migrations").select("version").orderBy("version").execute();
  return rows.map(({ version }) => version);
}

describe.runIf(hasPostgres)("the migrations of a PostgreSQL", () => {
  test("run once, though many servers start at the same time", async () => {
    const url = await (await postgres()).freshUrl();
    let runs = 0;
    const slow: Migration = {
      version: 20261122060100,
      name: "create a, slowly",
      up: async (db) => {
        runs += 1;
        await sql`SELECT pg_sleep(0.05)`.execute(db);
        await sql`CREATE TABLE a (id INTEGER)`.execute(db);
      },
    };
    const repos = Array.from({ length: 6 }, () => new Repo<Db>({ url, migrations: [slow] }));
    const runtimes = await Promise.all(repos.map(started));
    assert.equal(runs, 1);
    assert.deepEqual(await versions(repos[5]!.db), [20261122060100]);
    await Promise.all(runtimes.map((runtime) => runtime.shutdown()));
  });

  test("undo the one that fails, say which it was, and keep those before it", async () => {
    const url = await (await postgres()).freshUrl();
    const bad: Migration = {
      version: 2,
      name: "create b, badly",
      up: async (db) => {
        await sql`CREATE TABLE b (id INTEGER)`.execute(db);
        await sql`CREATE TABLE a (id INTEGER)`.execute(db);
      },
    };
    const failing = started(new Repo<Db>({ url, migrations: [table(1, "a"), bad] }));
    await assert.rejects(failing, (error) => {
      assert.ok(error instanceof StartError);
      const text = JSON.stringify(error.reason, (_key, value: unknown) =>
        value instanceof Error ? { ...value, message: value.message } : value,
      );
      assert.match(text, /ROOKERY_REPO_MIGRATION.*create b, badly \(2\).*already exists/);
      return true;
    });
    const repo = new Repo<Db>({ url, migrations: [table(1, "a")] });
    const runtime = await started(repo);
    assert.deepEqual([await versions(repo.db), await repo.all("a")], [[1], []]);
    await assert.rejects(repo.all("b"), /does not exist/);
    await runtime.shutdown();
  });

  test("are undone by one server at a time", async () => {
    const url = await (await postgres()).freshUrl();
    const migrations = [table(1, "a"), table(2, "b"), table(3, "c")];
    const repos = [1, 2].map(() => new Repo<Db>({ url, migrations }));
    const runtimes = await Promise.all(repos.map(started));
    const undone = await Promise.all(repos.map((repo) => repo.rollbackMigrations()));
    assert.deepEqual(undone.flat().toSorted(), [2, 3]);
    assert.deepEqual(await versions(repos[0]!.db), [1]);
    await Promise.all(runtimes.map((runtime) => runtime.shutdown()));
  });
});
