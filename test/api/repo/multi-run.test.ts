import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { addError, change, type Changeset } from "../../../api/repo/changeset.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import { Multi } from "../../../api/repo/multi.ts";
import { databases } from "./databases.ts";
import type { TestDatabase } from "./temporary-repo.ts";

type User = { id: number; email: string; name: string | null };
type Post = { user_id: number; title: string };

const user = (email: string): Changeset<User> => uniqueConstraint(change<User>({}, { email }), "email");
const post = (userId: number): Changeset<Post> => change<Post>({}, { user_id: userId, title: "Hello" });

describe.each(databases)("a multi, $name", ({ start }) => {
  test("carries out its steps in one transaction, each with the values of those before", async () => {
    await using temporary = await start();
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .insert("user", "users", user("ada"))
        .insert("post", "posts", (values) => post(values.user.id))
        .run("count", async (db, { user: author }) => {
          const posts = await db.selectFrom("posts").selectAll().where("user_id", "=", author.id).execute();
          return { ok: true, value: posts.length };
        })
        .update("renamed", "users", (values) => change<User>(values.user, { name: `${values.count} post` }))
        .delete("gone", "posts", (values) => values.post),
    );
    const ada = { id: 1, email: "ada", name: null };
    const hello = { id: 1, user_id: 1, title: "Hello" };
    assert.deepEqual(result, {
      ok: true,
      changes: { user: ada, post: hello, count: 1, renamed: { ...ada, name: "1 post" }, gone: hello },
    });
    assert.deepEqual(await temporary.repo.all("users"), [{ ...ada, name: "1 post" }]);
    assert.deepEqual(await temporary.repo.all("posts"), []);
  });

  test("can be a part of a transaction, undone alone where one of its steps fails", async () => {
    await using temporary = await start();
    await temporary.addUser("eva");
    const pair = (one: string, other: string) =>
      Multi.new<TestDatabase>().insert("one", "users", user(one)).insert("other", "users", user(other));
    const results = await temporary.repo.transaction(async (_db, transaction) => [
      await transaction.transaction(pair("ada", "eva")),
      await transaction.transaction(pair("ada", "bob")),
      await transaction.transaction(Multi.new<TestDatabase>().error("never", "begun")),
    ]);
    assert.deepEqual(
      results.map((result) => (result.ok ? Object.keys(result.changes) : [result.step, result.changesSoFar])),
      [
        ["other", { one: { id: 2, email: "ada", name: null } }],
        ["one", "other"],
        ["never", {}],
      ],
    );
    assert.deepEqual(await temporary.emails(), ["eva", "ada", "bob"]);
  });

  test("is undone at the first step that fails, and tells which and what was before", async () => {
    await using temporary = await start();
    await temporary.addUser("eva");
    const later = (): never => assert.fail("a step behind the failure was run");
    const taken = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .insert("one", "users", user("ada"))
        .insert("two", "users", user("eva"))
        .run("three", later),
    );
    assert.ok(!taken.ok);
    assert.equal(taken.step, "two");
    assert.deepEqual((taken.value as Changeset<User>).errors[0]?.message, "has already been taken");
    assert.deepEqual(taken.changesSoFar, { one: { id: 2, email: "ada", name: null } });

    const refused = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .insert("one", "users", user("ada"))
        .run("stock", () => ({ ok: false, error: "sold_out" }))
        .run("three", later),
    );
    assert.ok(!refused.ok);
    // Which id comes after one that was undone, each database says for itself.
    const one = { id: (refused.changesSoFar.one as User).id, email: "ada", name: null };
    assert.deepEqual(refused, { ok: false, step: "stock", value: "sold_out", changesSoFar: { one } });
    assert.deepEqual(await temporary.emails(), ["eva"]);
  });

  test("is undone if a step throws, and rejects with that", async () => {
    await using temporary = await start();
    const boom = new Error("boom");
    const multi = Multi.new<TestDatabase>()
      .insert("one", "users", user("ada"))
      .run("two", () => {
        throw boom;
      });
    await assert.rejects(temporary.repo.transaction(multi), boom);
    assert.deepEqual(await temporary.emails(), []);
  });

  test("with a changeset that is not valid does not even begin", async () => {
    await using temporary = await start();
    const invalid = addError(user("x"), "email", "is too short");
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .run("one", () => assert.fail("the transaction was begun"))
        .insert("two", "users", invalid),
    );
    assert.deepEqual(result, {
      ok: false,
      step: "two",
      value: { ...invalid, action: "insert" },
      changesSoFar: {},
    });
  });

  test("goes on with the steps of the multi that a merge makes", async () => {
    await using temporary = await start();
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .insert("user", "users", user("ada"))
        .merge((values) => Multi.new<TestDatabase>().insert("post", "posts", post(values.user.id)))
        .run("last", (_db, values) => ({ ok: true, value: values.post.title })),
    );
    assert.ok(result.ok);
    assert.deepEqual(Object.keys(result.changes), ["user", "post", "last"]);
    assert.equal(result.changes.last, "Hello");
  });

  test("writes many rows, reads, and shows what there is by then", async () => {
    await using temporary = await start();
    const seen: unknown[] = [];
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .put("emails", ["ada", "eva", "ida"])
        .insertAll("users", "users", ({ emails }) => emails.map((email) => ({ email })))
        .updateAll("named", "users", { name: "x" }, (row, { emails }) => row("email", "=", emails[1] ?? ""))
        .deleteAll("deleted", "users", (row) => row("email", "=", "ida"), { returning: true })
        .all("left", (db) => db.selectFrom("users").select("email").orderBy("id"))
        .one("first", (db, { left }) =>
          db
            .selectFrom("users")
            .selectAll()
            .where("email", "=", left[0]?.email ?? ""),
        )
        .insertOrUpdate("either", "users", ({ first }) => change<User>(first ?? {}, { name: "Ada" }))
        .inspect((values) => seen.push(Object.keys(values)))
        .run("got", async (_db, { either }, transaction) => ({
          ok: true,
          value: (await transaction.get("users", either.id))?.name,
        })),
    );
    assert.ok(result.ok);
    const { users, named, deleted, left, first, got } = result.changes;
    assert.deepEqual([users.count, named.count, deleted.count], [3, 1, 1]);
    assert.deepEqual(deleted.rows, [{ id: 3, email: "ida", name: null }]);
    assert.deepEqual(left, [{ email: "ada" }, { email: "eva" }]);
    assert.deepEqual(first, { id: 1, email: "ada", name: null });
    assert.equal(got, "Ada");
    assert.deepEqual(seen, [["emails", "users", "named", "deleted", "left", "first", "either"]]);
  });

  test("runs no step of a merged multi that can't succeed", async () => {
    await using temporary = await start();
    const invalid = addError(user("x"), "email", "is too short");
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .put("one", 1)
        .merge(() =>
          Multi.new<TestDatabase>()
            .run("two", () => assert.fail("a step of it was run"))
            .insert("three", "users", invalid),
        ),
    );
    assert.deepEqual(result, {
      ok: false,
      step: "three",
      value: { ...invalid, action: "insert" },
      changesSoFar: { one: 1 },
    });
  });

  test("does not begin if it has an error", async () => {
    await using temporary = await start();
    const result = await temporary.repo.transaction(
      Multi.new<TestDatabase>()
        .run("one", () => assert.fail("the transaction was begun"))
        .error("two", "sold_out"),
    );
    assert.deepEqual(result, { ok: false, step: "two", value: "sold_out", changesSoFar: {} });
  });

  test("refuses a name twice also where it shows only then", async () => {
    await using temporary = await start();
    const twice = Multi.new<TestDatabase>()
      .insert("user", "users", user("ada"))
      .merge(() => Multi.new<TestDatabase>().insert("user", "users", user("eva")));
    await assert.rejects(temporary.repo.transaction(twice), { code: "ROOKERY_MULTI_NAME_TAKEN" });
    assert.deepEqual(await temporary.emails(), []);
  });

  test("refuses a step that returns neither form, and says what came", async () => {
    await using temporary = await start();
    const wrong = Multi.new<TestDatabase>().run("one", () => 7 as never);
    await assert.rejects(temporary.repo.transaction(wrong), {
      code: "ROOKERY_MULTI_BAD_RETURN",
      message: /one.*got 7/,
    });
  });

  test("keeps values under any name, also __proto__", async () => {
    await using temporary = await start();
    const multi = Multi.new<TestDatabase>().run("__proto__", () => ({ ok: true, value: 1 }));
    const result = await temporary.repo.transaction(multi);
    assert.ok(result.ok);
    assert.deepEqual(Object.entries(result.changes), [["__proto__", 1]]);
  });
});
