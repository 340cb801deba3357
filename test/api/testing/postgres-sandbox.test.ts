import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Generated } from "kysely";
import { sql } from "kysely";
import { change } from "../../../api/repo/changeset.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import { Repo } from "../../../api/repo/repo.ts";
import { connCase, dataCase, factoriesOf, jsonResponse } from "../../../api/testing.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../support/postgres-server.ts";

interface Library {
  books: { id: Generated<number>; title: string };
}

let migrated = 0;

const libraryMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "create books",
    up: async (db) => {
      migrated += 1;
      await sql`CREATE TABLE books (id serial PRIMARY KEY, title text NOT NULL)`.execute(db);
    },
  },
];

function libraryAt(url: string): Repo<Library> {
  return new Repo<Library>({ url, migrations: libraryMigrations, name: "library" });
}

const books = factoriesOf<Library>()("books", ({ n }) => ({ title: `Volume ${n}` }));

describe.runIf(hasPostgres)("a sandbox on PostgreSQL", () => {
  let server: PostgresServer;
  let postgres: string;

  beforeAll(async () => {
    server = await startPostgres();
    const url = new URL(await server.freshUrl());
    url.search = "";
    postgres = url.href;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const databases = (): Promise<unknown[]> =>
    server.query("SELECT datname FROM pg_database WHERE datname LIKE 'rookery_%' ORDER BY 1");

  test("gives each test a database of its own, migrated and filled once, and gone afterwards", async () => {
    const fill = (repo: Repo<Library>): Promise<unknown> => repo.insert("books", change({ title: "Atlas" }));
    for (let run = 0; run < 2; run += 1) {
      await using one = await dataCase({ repo: libraryAt, fill, postgres });
      await using other = await dataCase({ repo: libraryAt, fill, postgres });
      await one.factory.insert(books);
      const titles = async (repo: Repo<Library>): Promise<string[]> =>
        (await repo.all("books")).map(({ title }) => title);
      assert.deepEqual(await titles(one.repo), ["Atlas", "Volume 1"]);
      assert.deepEqual(await titles(other.repo), ["Atlas"]);
    }
    assert.equal(migrated, 1);
    // The template.
    assert.equal((await databases()).length, 1);
  });

  test("serves the requests of a conn", async () => {
    await using it = await connCase({
      repo: libraryAt,
      postgres,
      router: ({ repo }) =>
        defineRouter((route) => {
          route.get("/books", { index: () => repo.all("books") }, "index");
        }),
    });
    await it.factory.insertList(2, books);
    assert.deepEqual(jsonResponse(await it.conn.get("/books"), 200), [
      { id: 1, title: "Volume 1" },
      { id: 2, title: "Volume 2" },
    ]);
  });

  test("drops what a process has left behind that is gone", async () => {
    await server.query("CREATE DATABASE rookery_0123456789abcdef_1");
    await server.query("CREATE DATABASE rookery_of_somebody");
    // Another URL is another connection.
    const it = await dataCase({ repo: libraryAt, postgres: `${postgres}?application_name=other` });
    await it[Symbol.asyncDispose]();
    const left = (await databases()) as { readonly datname: string }[];
    assert.ok(left.some(({ datname }) => datname === "rookery_of_somebody"));
    assert.ok(!left.some(({ datname }) => datname === "rookery_0123456789abcdef_1"));
    assert.equal(left.length, 4);
  });

  test("refuses what is no URL of a PostgreSQL", async () => {
    await assert.rejects(dataCase({ repo: libraryAt, postgres: "mysql://localhost/x" }), {
      code: "ROOKERY_TEST_OPTION",
    });
    await assert.rejects(dataCase({ repo: libraryAt, postgres: "postgres://127.0.0.1:1/x" }));
  });
});
