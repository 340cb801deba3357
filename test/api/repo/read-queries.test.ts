import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "vitest";
import { exceptionStatus } from "../../../api/exception-status.ts";
import { associations } from "../../../api/repo/preload.ts";
import { databases } from "./databases.ts";
import type { TemporaryRepo, TestDatabase } from "./temporary-repo.ts";

/** Three users, of whom the first has two posts, and the second one. */
async function withPosts(temporary: TemporaryRepo): Promise<void> {
  await temporary.repo.insertAll("users", [
    { email: "ada", name: "Ada" },
    { email: "bob", name: null },
    { email: "eve", name: "Eve" },
  ]);
  await temporary.repo.insertAll("posts", [
    { user_id: 1, title: "one" },
    { user_id: 1, title: "two" },
    { user_id: 2, title: "three" },
  ]);
}

const blog = associations<TestDatabase>()({
  users: {
    posts: { kind: "hasMany", table: "posts", foreignKey: "user_id", orderBy: "id" },
    post: { kind: "hasOne", table: "posts", foreignKey: "user_id", orderBy: "id" },
    // Whoever has posts is between a user and itself: a table between is a table.
    authors: {
      kind: "manyToMany",
      table: "users",
      through: "posts",
      foreignKey: "user_id",
      otherKey: "user_id",
    },
  },
  posts: { user: { kind: "belongsTo", table: "users", foreignKey: "user_id" } },
});

describe.each(databases)("reading, $name", ({ start }) => {
  test("getBy finds the one row that has all these values, null too", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    const { repo } = temporary;
    assert.equal((await repo.getBy("users", { email: "bob", name: null }))?.id, 2);
    assert.equal(await repo.getBy("users", { email: "bob", name: "Bob" }), undefined);
    await assert.rejects(repo.getBy("posts", { user_id: 1 }), { code: "ROOKERY_REPO_MULTIPLE_RESULTS" });
  });

  test("get finds nothing by what no id can be, or says whose fault that is: 400, never 500", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    for (const id of [1.5, 1e30, -1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      const found = await temporary.repo.get("users", id).catch(exceptionStatus);
      assert.ok(found === undefined || found === 400, `${id}: ${JSON.stringify(found)}`);
    }
  });

  test("exists says whether there is any row, of a table or a query", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    assert.equal(await repo.exists("users"), false);
    await withPosts(temporary);
    assert.equal(await repo.exists("users"), true);
    const titled = (title: string) => repo.db.selectFrom("posts").select("id").where("title", "=", title);
    assert.equal(await repo.exists(titled("two")), true);
    assert.equal(await repo.exists(titled("nine")), false);
  });

  test("count, sum, avg, min and max are of a table or of what a query finds, with its limit", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    assert.deepEqual(
      [await repo.count("posts"), await repo.sum("posts", "user_id"), await repo.max("posts", "id")],
      [0, undefined, undefined],
    );
    await withPosts(temporary);
    assert.equal(await repo.count("posts"), 3);
    assert.equal(await repo.sum("posts", "user_id"), 4);
    assert.equal(await repo.avg("posts", "id"), 2);
    assert.equal(await repo.min("posts", "title"), "one");
    assert.equal(await repo.max("posts", "title"), "two");
    const two = repo.db.selectFrom("posts").select("user_id").orderBy("id").limit(2);
    assert.equal(await repo.count(two), 2);
    assert.equal(await repo.sum(two, "user_id"), 2);
  });

  test("reload answers the row as it is now, or undefined if it is gone", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    const { repo } = temporary;
    const ada = await repo.getOrThrow("users", 1);
    await repo.updateAll("users", { name: "Countess" }, (row) => row("id", "=", 1));
    assert.deepEqual(await repo.reload("users", ada), { ...ada, name: "Countess" });
    await repo.deleteAll("posts");
    await repo.deleteAll("users");
    assert.equal(await repo.reload("users", ada), undefined);
  });

  test("stream gives all rows of one moment, in their order, and can be given up", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const emails = Array.from({ length: 25 }, (_, number) => `user${String(number).padStart(2, "0")}`);
    await repo.insertAll(
      "users",
      emails.map((email) => ({ email })),
    );
    const query = repo.db.selectFrom("users").selectAll().orderBy("email");
    const seen: string[] = [];
    for await (const { email } of repo.stream(query, 10)) {
      if (seen.push(email) === 1) await temporary.addUser("a new one");
    }
    assert.deepEqual(seen, emails);
    for (let time = 0; time < 150; time += 1) {
      for await (const { email } of repo.stream(query, 10)) {
        assert.equal(email, "a new one");
        break;
      }
    }
  });

  test("stream gives all rows with whatever number it is told to read at once", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    const emails = ["a", "b", "c", "d", "e"];
    await repo.insertAll(
      "users",
      emails.map((email) => ({ email })),
    );
    const query = repo.db.selectFrom("users").selectAll().orderBy("email");
    for (const batchLength of [2.5, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e12]) {
      const seen: string[] = [];
      for await (const { email } of repo.stream(query, batchLength)) {
        seen.push(email);
        if (seen.length > emails.length) break;
      }
      assert.deepEqual(seen, emails, `${batchLength}`);
    }
  });
});

describe.each(databases)("preload, $name", ({ start }) => {
  test("gives each row those that belong to it, and that to which it belongs", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    const { repo } = temporary;
    const users = await repo.preload(
      await repo.all(repo.db.selectFrom("users").selectAll().orderBy("id")),
      blog.users,
      {
        posts: true,
        post: true,
      },
    );
    assert.deepEqual(
      users.map(({ email, posts, post }) => [email, posts.map(({ title }) => title), post?.title]),
      [
        ["ada", ["one", "two"], "one"],
        ["bob", ["three"], "three"],
        ["eve", [], undefined],
      ],
    );
    const posts = await repo.preload(await repo.all("posts"), blog.posts, { user: true });
    assert.deepEqual(posts.map(({ user }) => user?.email).toSorted(), ["ada", "ada", "bob"]);
  });

  test("goes through a table between", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    const { repo } = temporary;
    const rows = await repo.all(repo.db.selectFrom("users").selectAll().orderBy("id"));
    const users = await repo.preload(rows, blog.users, { authors: true });
    assert.deepEqual(
      users.map(({ authors }) => authors),
      [[rows[0], rows[0]], [rows[1]], []],
    );
  });

  test("makes one query for each association, also for those within", async () => {
    await using temporary = await start();
    await withPosts(temporary);
    const { repo } = temporary;
    const users = await repo.all("users");
    const queries: string[] = [];
    const note = (message: unknown): void => {
      queries.push((message as { metadata: { source: string } }).metadata.source);
    };
    subscribe("rookery.repo.query", note);
    const loaded = await repo.preload(users, blog.users, { posts: { user: { posts: true } } });
    unsubscribe("rookery.repo.query", note);
    assert.deepEqual(queries, ["posts", "users", "posts"]);
    const ada = loaded.find(({ email }) => email === "ada");
    assert.deepEqual(
      ada?.posts[0]?.user?.posts.map(({ title }) => title),
      ["one", "two"],
    );
  });

  test("asks nothing about no rows, and takes more rows than a query takes values", async () => {
    await using temporary = await start();
    const { repo } = temporary;
    assert.deepEqual(await repo.preload([], blog.users, { posts: true }), []);
    const emails = Array.from({ length: 17_000 }, (_, number) => ({ email: `user${number}` }));
    await repo.insertAll("users", emails);
    await repo.insertAll("posts", [{ user_id: 16_999, title: "late" }]);
    const users = await repo.preload(await repo.all("users"), blog.users, { posts: true });
    assert.equal(users.length, 17_000);
    assert.deepEqual(
      users.flatMap(({ posts }) => posts.map(({ title }) => title)),
      ["late"],
    );
  });
});
