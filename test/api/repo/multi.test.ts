import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { change } from "../../../api/repo/changeset.ts";
import { Multi } from "../../../api/repo/multi.ts";
import { invalidStep } from "../../../api/repo/multi-run.ts";
import { addError } from "../../../api/repo/changeset.ts";

interface Database {
  posts: { id: number; title: string };
}

const value = { ok: true, value: 1 } as const;
const names = (multi: Multi<Database, object>): unknown[] =>
  multi.steps.map((step) => (step.kind === "merge" ? "merge" : step.name));

describe("Multi", () => {
  test("describes steps in their order, and runs none of them", () => {
    const multi = Multi.new<Database>()
      .run("first", () => assert.fail("a description was run"))
      .insert("second", "posts", change({ id: 1, title: "Hello" }))
      .update("third", "posts", () => assert.fail("a description was run"))
      .delete("fourth", "posts", { id: 1 })
      .merge(() => assert.fail("a description was run"));
    assert.deepEqual(names(multi), ["first", "second", "third", "fourth", "merge"]);
  });

  test("never changes: each step makes another multi", () => {
    const one = Multi.new<Database>().run("one", () => value);
    one.run("two", () => value);
    assert.deepEqual(names(one), ["one"]);
  });

  test("takes over the steps of another multi", () => {
    const more = Multi.new<Database>().run("two", () => value);
    assert.deepEqual(
      names(
        Multi.new<Database>()
          .run("one", () => value)
          .merge(more),
      ),
      ["one", "two"],
    );
  });

  test("refuses two steps of one name", () => {
    const one = Multi.new<Database>().run("one", () => value);
    // @ts-expect-error the compiler refuses it, too
    assert.throws(() => one.run("one", () => value), { code: "ROOKERY_MULTI_NAME_TAKEN" });
    assert.throws(() => one.merge(one), { code: "ROOKERY_MULTI_NAME_TAKEN" });
  });

  test("joins others behind its steps or before them", () => {
    const one = Multi.new<Database>().run("one", () => value);
    const two = Multi.new<Database>().put("two", 2);
    assert.deepEqual(names(one.append(two)), ["one", "two"]);
    assert.deepEqual(names(one.prepend(two)), ["two", "one"]);
    assert.throws(() => one.prepend(one), { code: "ROOKERY_MULTI_NAME_TAKEN" });
  });

  test("tells what its steps are", () => {
    const multi = Multi.new<Database>()
      .put("put", 1)
      .insertOrUpdate("either", "posts", change({ id: 1, title: "x" }))
      .insertAll("many", "posts", [{ id: 1, title: "x" }])
      .updateAll("all", "posts", { title: "y" })
      .deleteAll("none", "posts")
      .all("read", (db) => db.selectFrom("posts").selectAll())
      .one("first", (db) => db.selectFrom("posts").selectAll())
      .inspect(() => assert.fail("a description was run"))
      .inspect(() => assert.fail("a description was run"))
      .error("stop", "sold_out");
    assert.deepEqual(
      multi.toList().map(({ kind, name }) => [kind, name]),
      [
        ["put", "put"],
        ["insertOrUpdate", "either"],
        ["insertAll", "many"],
        ["updateAll", "all"],
        ["deleteAll", "none"],
        ["all", "read"],
        ["one", "first"],
        ["inspect", "inspect"],
        ["inspect", "inspect"],
        ["error", "stop"],
      ],
    );
  });

  test("knows what the steps before have come to", () => {
    Multi.new<Database>()
      .run("count", () => ({ ok: true, value: 3 }))
      .insert("post", "posts", ({ count }) =>
        change<Database["posts"]>({ id: count satisfies number, title: "x" }),
      )
      .run("last", (_db, { post }) => ({ ok: true, value: post.title satisfies string }))
      .put("limit", 5 as const)
      .all("posts", (db, { limit }) =>
        db
          .selectFrom("posts")
          .select("title")
          .limit(limit satisfies 5),
      )
      .updateAll("renamed", "posts", ({ posts }) => ({
        title: (posts[0]?.title satisfies string | undefined) ?? "",
      }))
      .run("number", (_db, { renamed }) => ({ ok: true, value: renamed.count satisfies number }))
      // @ts-expect-error a table that the database has not
      .insert("other", "pots", change({}));
  });
});

describe("invalidStep", () => {
  const invalid = addError(change({ id: 1, title: "x" }), "title", "is rude");

  test("is the first changeset that is invalid as it was given", () => {
    const multi = Multi.new<Database>()
      .insert("good", "posts", change({ id: 1, title: "x" }))
      .insert("bad", "posts", invalid)
      .insert("worse", "posts", invalid);
    assert.deepEqual(invalidStep(multi.steps), {
      ok: false,
      step: "bad",
      value: { ...invalid, action: "insert" },
      changesSoFar: {},
    });
  });

  test("may be one to delete, or to write either way, or an error", () => {
    const steps = (multi: Multi<Database, object>): unknown => {
      const failed = invalidStep(multi.steps);
      assert.ok(failed !== undefined && !failed.ok);
      return [failed.step, (failed.value as { action?: unknown }).action ?? failed.value];
    };
    const fresh = addError(change<Database["posts"]>({}), "title", "is rude");
    assert.deepEqual(steps(Multi.new<Database>().delete("gone", "posts", invalid)), ["gone", "delete"]);
    assert.deepEqual(steps(Multi.new<Database>().insertOrUpdate("a", "posts", invalid)), ["a", "update"]);
    assert.deepEqual(steps(Multi.new<Database>().insertOrUpdate("a", "posts", fresh)), ["a", "insert"]);
    assert.deepEqual(steps(Multi.new<Database>().error("stop", "sold_out")), ["stop", "sold_out"]);
  });

  test("is none where all are valid, or are yet to be made", () => {
    assert.equal(invalidStep(Multi.new<Database>().insert("later", "posts", () => invalid).steps), undefined);
  });
});
