import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { sql } from "kysely";
import { describe, test } from "vitest";
import { repoQuery } from "../../../api/repo/query-telemetry.ts";
import { databases } from "./databases.ts";

interface Message {
  readonly measurements: { readonly totalTimeMs: number };
  readonly metadata: Record<string, unknown>;
}

/** Listens to `rookery.repo.query` until it is disposed of. */
class Listener {
  readonly messages: Message[] = [];
  readonly #listen = (message: unknown): void => {
    this.messages.push(message as Message);
  };

  constructor() {
    subscribe("rookery.repo.query", this.#listen);
  }

  [Symbol.dispose](): void {
    unsubscribe("rookery.repo.query", this.#listen);
  }
}

describe.each(databases)("rookery.repo.query, $name", ({ name, start }) => {
  test("tells of each query, in transactions and out of them", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    using listener = new Listener();
    await temporary.addUser("ada");
    await repo.db.selectFrom("users as u").select("u.id").where("email", "=", "ada").execute();
    await repo.transaction(async (db) => {
      await db.updateTable("users").set({ name: "Ada" }).execute();
      await db.deleteFrom("users").execute();
      await sql`SELECT ${1}`.execute(db);
    });
    assert.deepEqual(
      listener.messages.map(({ metadata }) => metadata),
      [
        ['insert into "users" ("email") values (?) returning "id"', 1, "users"],
        ['select "u"."id" from "users" as "u" where "email" = ?', 1, "users"],
        ['update "users" set "name" = ?', 1, "users"],
        ['delete from "users"', 0, "users"],
        ["SELECT ?", 1, undefined],
      ].map(([text, parameterCount, source]) => ({
        repo: "test",
        system: name === "SQLite" ? "sqlite" : "postgresql",
        sql: name === "SQLite" ? text : String(text).replaceAll("?", "$1"),
        parameterCount,
        source,
        result: "ok",
      })),
    );
    assert.ok(listener.messages.every(({ measurements }) => measurements.totalTimeMs >= 0));
  });

  test("tells of the queries that fail, and why", async () => {
    await using temporary = await start();
    using listener = new Listener();
    await assert.rejects(sql`SELECT nothing FROM users`.execute(temporary.repo.db));
    const [message] = listener.messages;
    assert.equal(message?.metadata["result"], "error");
    assert.match(String(message?.metadata["error"]), /nothing/);
  });

  test("keeps the values of a query to itself", async () => {
    await using temporary = await start();
    using listener = new Listener();
    await temporary.addUser("secret@example.com");
    assert.ok(!JSON.stringify(listener.messages).includes("secret"));
  });

  test("is off while nobody listens", () => {
    assert.equal(repoQuery.enabled, false);
    using _listener = new Listener();
    assert.equal(repoQuery.enabled, true);
  });
});
