import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Kysely, sql } from "kysely";
import { describe, test } from "vitest";
import { change } from "../../../api/repo/changeset.ts";
import { columnTypes } from "../../../api/repo/column-types.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import type { Seed } from "../../../api/repo/seeds.ts";
import { prepared } from "../../../api/repo/prepared.ts";
import { databases } from "./databases.ts";
import type { TestDatabase } from "./temporary-repo.ts";

type NewUser = { email: string; name?: string | null };
type User = { id: number; email: string; name: string | null };

const usersWithDefaults: Migration = {
  version: 1,
  name: "create users with defaults",
  up: (db) =>
    db.schema
      .createTable("users")
      .addColumn("id", ...columnTypes(db).id)
      .addColumn("email", "text", (column) => column.notNull().defaultTo("none"))
      .addColumn("name", "text", (column) => column.defaultTo("nobody"))
      .execute(),
};

describe.each(databases)("upsert, $name", ({ start }) => {
  test("writes what is new, and does about the rest what it is told", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const upsert = (name: string, onConflict: Parameters<typeof repo.upsert<"users">>[2]["onConflict"]) =>
      repo.upsert("users", change<NewUser>({}, { email: "ada", name }), {
        onConflict,
        conflictTarget: ["email"],
      });
    const first = await upsert("Ada", "nothing");
    assert.deepEqual(first, { ok: true, value: { id: 1, email: "ada", name: "Ada" } });
    assert.deepEqual(await upsert("Eva", "nothing"), { ok: true, value: undefined });
    const replaced = await upsert("Eva", "replace");
    assert.deepEqual(replaced, { ok: true, value: { id: 1, email: "ada", name: "Eva" } });
    const set = await upsert("nobody", { set: { name: "as said" } });
    assert.deepEqual(set, { ok: true, value: { id: 1, email: "ada", name: "as said" } });
    const some = await upsert("some", { replace: ["name"] });
    assert.deepEqual(some, { ok: true, value: { id: 1, email: "ada", name: "some" } });
    assert.equal(await repo.count("users"), 1);
  });

  test("insertOrUpdate inserts what has no id, and updates what has one", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const inserted = await repo.insertOrUpdate("users", change<User>({}, { email: "ada" }));
    assert.ok(inserted.ok);
    const updated = await repo.insertOrUpdate("users", change<User>(inserted.value, { name: "Ada" }));
    assert.deepEqual(updated, { ok: true, value: { id: 1, email: "ada", name: "Ada" } });
    assert.equal(await repo.count("users"), 1);
  });
});

describe.each(databases)("insertAll, updateAll and deleteAll, $name", ({ start }) => {
  test("answer how many there were, and which, if asked", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const users = ["ada", "bob", "eve"].map((email) => ({ email }));
    assert.deepEqual(await repo.insertAll("users", users), { count: 3, rows: [] });
    const updated = await repo.updateAll("users", { name: "x" }, (row) => row("email", "!=", "bob"), {
      returning: true,
    });
    assert.deepEqual([updated.count, updated.rows.map(({ email }) => email).toSorted()], [2, ["ada", "eve"]]);
    assert.deepEqual(await repo.deleteAll("users", (row) => row("name", "=", "x")), { count: 2, rows: [] });
    assert.deepEqual(await temporary.emails(), ["bob"]);
    assert.deepEqual(await repo.updateAll("users", { name: "y" }), { count: 1, rows: [] });
    assert.equal((await repo.deleteAll("users", undefined, { returning: true })).rows[0]?.name, "y");
  });

  test("insert rows of different columns in their order, with the defaults of those that they leave out", async () => {
    await using temporary = await start({
      migrations: [usersWithDefaults],
    });
    const rows = [
      { email: "ada" },
      { email: "bob", name: "Bob" },
      { name: "Cem", email: "cem" },
      { email: "eve", name: null },
    ];
    const { count, rows: inserted } = await temporary.repo.insertAll("users", [...rows, { email: "joe" }], {
      returning: true,
    });
    assert.equal(count, 5);
    assert.deepEqual(
      inserted.map(({ id, email, name }) => [id, email, name]),
      [
        [1, "ada", "nobody"],
        [2, "bob", "Bob"],
        [3, "cem", "Cem"],
        [4, "eve", null],
        [5, "joe", "nobody"],
      ],
    );
  });

  test("insert rows that set nothing, too, among others and with whatever is said of conflicts", async () => {
    await using temporary = await start({ migrations: [usersWithDefaults] });
    const { repo } = temporary;
    const nothing = {} as NewUser;
    const rows = [nothing, nothing, { email: "ada" }, { name: undefined } as unknown as NewUser];
    const { rows: inserted } = await repo.insertAll("users", rows, { returning: true });
    assert.deepEqual(
      inserted.map(({ id, email, name }) => [id, email, name]),
      [
        [1, "none", "nobody"],
        [2, "none", "nobody"],
        [3, "ada", "nobody"],
        [4, "none", "nobody"],
      ],
    );
    const skipping = await repo.insertAll("users", [nothing], { onConflict: "nothing" });
    assert.deepEqual(skipping, { count: 1, rows: [] });
    // A null in the place of nothing is no change.
    const unchanged = change<NewUser>({}, { name: null });
    for (const onConflict of ["nothing", "replace", { set: { name: "x" } }] as const) {
      const result = await repo.upsert("users", unchanged, { onConflict, conflictTarget: ["id"] as never[] });
      assert.ok(result.ok);
      assert.deepEqual([result.value?.email, result.value?.name], ["none", "nobody"]);
    }
    const bare = await repo.insert("users", change<NewUser>({ name: undefined } as unknown as NewUser));
    assert.ok(bare.ok);
    assert.equal(bare.value.id, 9);
  });

  test("insert all or nothing, however many, and skip what is there if they are told so", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const users = Array.from({ length: 40_000 }, (_, number) => ({ email: `user${number}` }));
    assert.equal((await repo.insertAll("users", users)).count, 40_000);
    await assert.rejects(repo.insertAll("users", [{ email: "new" }, { email: "user39999" }]));
    assert.equal(await repo.count("users"), 40_000);
    const skipped = await repo.insertAll("users", [{ email: "new" }, { email: "user39999" }], {
      onConflict: "nothing",
      returning: true,
    });
    assert.deepEqual([skipped.count, skipped.rows.map(({ email }) => email)], [1, ["new"]]);
    assert.deepEqual(await repo.insertAll("users", []), { count: 0, rows: [] });
  });
});

describe.each(databases)("seed, $name", ({ start }) => {
  test("plants each seed once, those that come later too, and none of them if one fails", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const user = (email: string): Seed<TestDatabase> => ({
      name: `the user ${email}`,
      run: (db) => db.insertInto("users").values({ email }).execute(),
    });
    const seeds = [user("ada"), user("eva")];
    const planted = await Promise.all([repo.seed(seeds), repo.seed(seeds)]);
    assert.deepEqual(planted.flat(), ["the user ada", "the user eva"]);
    const broken: Seed<TestDatabase> = { name: "broken", run: () => Promise.reject(new Error("boom")) };
    await assert.rejects(repo.seed([...seeds, user("joe"), broken]), /boom/);
    assert.deepEqual(await temporary.emails(), ["ada", "eva"]);
    assert.deepEqual(await repo.seed([...seeds, user("joe")]), ["the user joe"]);
  });
});

describe.each(databases)("a transaction in a transaction, $name", ({ start }) => {
  const add = (db: Kysely<TestDatabase>, email: string): Promise<unknown> =>
    db.insertInto("users").values({ email }).execute();

  test("is undone alone if it throws, or returns ok: false", async () => {
    await using temporary = await start();
    const boom = new Error("boom");
    await temporary.repo.transaction(async (db, transaction) => {
      await add(db, "outer");
      const thrown = transaction.transaction(async (inner) => {
        await add(inner, "thrown");
        throw boom;
      });
      await assert.rejects(thrown, (error) => error === boom);
      const failed = await transaction.transaction(async (inner) => {
        await add(inner, "failed");
        return { ok: false };
      });
      assert.deepEqual(failed, { ok: false });
      const value = await transaction.transaction(async (inner, within) => {
        await add(inner, "kept");
        await within.transaction(async (innermost) => {
          await add(innermost, "deep");
          return { ok: false };
        });
        return "done";
      });
      assert.equal(value, "done");
    });
    assert.deepEqual(await temporary.emails(), ["outer", "kept"]);
  });

  test("goes on after a query that the database refused in it", async () => {
    await using temporary = await start();
    await temporary.addUser("ada");
    await temporary.repo.transaction(async (db, transaction) => {
      await assert.rejects(transaction.transaction((inner) => add(inner, "ada")));
      await add(db, "bob");
    });
    assert.deepEqual(await temporary.emails(), ["ada", "bob"]);
  });

  test("is undone with the whole", async () => {
    await using temporary = await start();
    await temporary.repo.transaction(async (_db, transaction) => {
      await transaction.transaction((inner) => add(inner, "inner"));
      return { ok: false };
    });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("waits for another one beside it", async () => {
    await using temporary = await start();
    await temporary.repo.transaction(async (_db, transaction) => {
      const results = await Promise.all(
        ["a", "b", "c", "d"].map((email, index) =>
          transaction.transaction(async (inner) => {
            await add(inner, email);
            await add(inner, `${email}${email}`);
            return { ok: index % 2 === 0 };
          }),
        ),
      );
      assert.deepEqual(
        results.map(({ ok }) => ok),
        [true, false, true, false],
      );
    });
    assert.deepEqual(await temporary.emails(), ["a", "aa", "c", "cc"]);
  });
});

describe.each(databases)("a prepared query, $name", ({ start }) => {
  const rename = prepared((db: Kysely<TestDatabase>, { id, name }: { id: number; name: string | null }) =>
    db.updateTable("users").set({ name }).where("id", "=", id).returning(["id", "name"]),
  );

  test("is the same query with other values each time", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    await repo.insertAll("users", [{ email: "ada" }, { email: "bob" }]);
    await repo.transaction(async (db) => {
      assert.deepEqual(await rename(db, { id: 1, name: "Ada" }), [{ id: 1, name: "Ada" }]);
      assert.deepEqual(await rename(db, { id: 2, name: null }), [{ id: 2, name: null }]);
      assert.deepEqual(await rename(db, { id: 3, name: "x" }), []);
    });
    assert.deepEqual((await repo.getBy("users", { email: "ada" }))?.name, "Ada");
  });

  test("is told of as any other", async () => {
    await using temporary = await start();
    const told: unknown[] = [];
    const note = (message: unknown): void => {
      const { source, parameterCount } = (message as { metadata: Record<string, unknown> }).metadata;
      told.push([source, parameterCount]);
    };
    subscribe("rookery.repo.query", note);
    await temporary.repo.transaction((db) => rename(db, { id: 1, name: "Ada" }));
    unsubscribe("rookery.repo.query", note);
    assert.deepEqual(told.at(-1), ["users", 2]);
  });

  test("can't depend on what its parameters are", async () => {
    await using temporary = await start();
    const shouting = prepared((db: Kysely<TestDatabase>, { email }: { email: string }) =>
      db.selectFrom("users").selectAll().where("email", "=", `${email}!`),
    );
    await assert.rejects(shouting(temporary.repo.db, { email: "ada" }), { code: "ROOKERY_REPO_PREPARED" });
  });

  test("insert of a row may have expressions for values, and columns without one", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const expression = sql<string>`lower('ADA')`;
    const draft = (changes: object) => change<NewUser>({}, changes as NewUser);
    assert.ok((await repo.insert("users", draft({ email: expression }))).ok);
    assert.ok((await repo.insert("users", draft({ email: "bob", name: undefined }))).ok);
    assert.ok((await repo.insert("users", draft({ email: "eve" }))).ok);
    assert.deepEqual(await temporary.emails(), ["ada", "bob", "eve"]);
  });
});
