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

  test("knows what the steps before have come to", () => {
    Multi.new<Database>()
      .run("count", () => ({ ok: true, value: 3 }))
      .insert("post", "posts", ({ count }) =>
        change<Database["posts"]>({ id: count satisfies number, title: "x" }),
      )
      .run("last", (_db, { post }) => ({ ok: true, value: post.title satisfies string }))
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

  test("is none where all are valid, or are yet to be made", () => {
    assert.equal(invalidStep(Multi.new<Database>().insert("later", "posts", () => invalid).steps), undefined);
  });
});
