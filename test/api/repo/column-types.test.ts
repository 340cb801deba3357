import assert from "node:assert/strict";
import { type Kysely, sql } from "kysely";
import { describe, test } from "vitest";
import { change, type Changeset } from "../../../api/repo/changeset.ts";
import { columnTypes } from "../../../api/repo/column-types.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { databases } from "./databases.ts";

type Values = {
  things: {
    id: number;
    email: string;
    count: number;
    share: number;
    done: number;
    settings: string;
    at: string;
    bytes: Buffer;
  };
};

const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "create things",
    async up(db) {
      const types = columnTypes(db);
      await db.schema
        .createTable("things")
        .addColumn("id", ...types.id)
        .addColumn("email", "text")
        .addColumn("count", types.integer)
        .addColumn("share", types.real)
        .addColumn("done", types.boolean)
        .addColumn("settings", types.json)
        .addColumn("at", types.timestamp)
        .addColumn("bytes", types.binary)
        .execute();
      await db.schema
        .createIndex("things_email")
        .unique()
        .on("things")
        .expression(sql`lower(email)`)
        .execute();
    },
  },
];

describe.each(databases)("a value of a column, $name", ({ start }) => {
  async function started(): Promise<AsyncDisposable & { readonly repo: Repo<Values> }> {
    const temporary = await start({ migrations });
    const repo = temporary.repo as unknown as Repo<Values>;
    return { repo, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
  }

  test("comes back as it was written", async () => {
    await using temporary = await started();
    const { repo } = temporary;
    const values = {
      email: "Ada",
      count: 9_007_199_254_740_991,
      share: 0.1,
      done: 1,
      at: "2026-11-22T06:19:00.250Z",
      bytes: Buffer.from([0, 255]),
    };
    const settings = { colour: "blue", sizes: [1, 2] };
    const changeset = change<Values["things"]>({}, { ...values, settings: JSON.stringify(settings) });
    const result = await repo.insert("things", changeset);
    assert.ok(result.ok);
    const { settings: text, ...others } = result.value;
    assert.deepEqual(others, { id: 1, ...values });
    assert.deepEqual(JSON.parse(text), settings);
    assert.deepEqual(await repo.get("things", 1), result.value);
    const none = await repo.insert("things", change<Values["things"]>({}));
    assert.ok(none.ok);
    assert.deepEqual(new Set(Object.values({ ...none.value, id: null })), new Set([null]));
  });

  test("is found by what it is compared with", async () => {
    await using temporary = await started();
    const { repo } = temporary;
    const days = ["2026-11-21T00:00:00.000Z", "2026-11-22T00:00:00.000Z"];
    for (const at of days)
      await repo.insert("things", change<Values["things"]>({}, { at, done: 0, count: 2 }));
    const { db } = repo;
    const found = db.selectFrom("things").select("at").where("at", ">", days[0]!).where("done", "=", 0);
    assert.deepEqual(await found.execute(), [{ at: days[1] }]);
  });

  test("is a number where it is counted, added up or asked for", async () => {
    await using temporary = await started();
    const { repo } = temporary;
    for (const count of [1, 2]) await repo.insert("things", change<Values["things"]>({}, { count }));
    const { rows } = await sql`
      SELECT count(*) AS number, sum(count) AS sum, avg(count) AS average, EXISTS (SELECT 1) AS there FROM things
    `.execute(repo.db as Kysely<Values>);
    assert.deepEqual(rows, [{ number: 2, sum: 3, average: 1.5, there: 1 }]);
  });

  test("is unique whatever its case if its index says so", async () => {
    await using temporary = await started();
    const draft = (email: string): Changeset<Values["things"]> =>
      uniqueConstraint(change<Values["things"]>({}, { email }), "email", { name: "things_email" });
    assert.ok((await temporary.repo.insert("things", draft("Ada"))).ok);
    const again = await temporary.repo.insert("things", draft("ADA"));
    assert.ok(!again.ok);
    assert.deepEqual(
      again.error.errors.map(({ field }) => field),
      ["email"],
    );
  });
});
