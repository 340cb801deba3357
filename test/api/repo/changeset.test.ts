import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { z } from "zod";
import {
  addError,
  applyAction,
  applyChanges,
  cast,
  change,
  type Changes,
  deleteChange,
  forceChange,
  getChange,
  getField,
  isChanged,
  mergeChangesets,
  prepareChanges,
  putChange,
  updateChange,
} from "../../../api/repo/changeset.ts";
import { uniqueConstraint } from "../../../api/repo/constraint.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";

const types = { title: z.string(), votes: z.int() };
const post = { id: 1, title: "Hello", votes: 3 };

describe("cast", () => {
  test("takes what changes and leaves the rest of the data alone", () => {
    const changeset = cast(post, { title: "Bye", votes: 3 }, types);
    assert.deepEqual(changeset.changes, { title: "Bye" });
    assert.deepEqual(changeset.data, post);
    assert.equal(changeset.valid, true);
    assert.deepEqual(changeset.params, { title: "Bye", votes: 3 });
  });

  test("ignores what is not permitted, even if it has a type", () => {
    assert.deepEqual(cast(post, { id: 9, title: "Bye", votes: 9 }, types, ["title"]).changes, {
      title: "Bye",
    });
  });

  test("says that a value of another type is invalid, and keeps the old one", () => {
    const changeset = cast(post, { title: 5, votes: "many" }, types);
    assert.equal(changeset.valid, false);
    assert.deepEqual(changeset.changes, {});
    assert.deepEqual(traverseErrors(changeset), { title: ["is invalid"], votes: ["is invalid"] });
    // In the order of the fields: they were all found at once.
    assert.deepEqual(changeset.errors, [
      { field: "title", message: "is invalid", options: { validation: "cast" } },
      { field: "votes", message: "is invalid", options: { validation: "cast" } },
    ]);
  });

  test("converts where the type does", () => {
    assert.deepEqual(cast({}, { votes: "12" }, { votes: z.coerce.number() }).changes, { votes: 12 });
  });

  test("gives the message of the type where the value is of the type but breaks its rule", () => {
    const rules = { title: z.string().max(3, "is a novel"), items: z.array(z.object({ quantity: z.int() })) };
    const changeset = cast({}, { title: "long", items: [{ quantity: "1" }] }, rules);
    assert.deepEqual(traverseErrors(changeset), { items: ["is invalid"], title: ["is a novel"] });
    assert.deepEqual(changeset.errors[1]?.options["path"], [0, "quantity"]);
  });

  test("takes a blank string for null, and null for an emptied field without asking the type", () => {
    assert.deepEqual(cast(post, { title: "  ", votes: null }, types).changes, { title: null, votes: null });
    assert.deepEqual(cast({}, { title: "", votes: null }, types).changes, {});
  });

  for (const params of [undefined, null, "title", 7, ["title"], new Date(0)]) {
    test(`finds nothing in ${String(params)}, which is no object`, () => {
      assert.deepEqual(cast(post, params, types).changes, {});
    });
  }

  test("finds nothing that params only inherit", () => {
    assert.deepEqual(cast({}, Object.create({ title: "Bye" }), types).changes, {});
    assert.deepEqual(cast({}, {}, { constructor: z.unknown(), toString: z.unknown() }).changes, {});
  });

  test("never reaches a prototype", () => {
    const params = JSON.parse('{"__proto__": {"admin": true}, "title": "Bye"}');
    const changeset = cast({}, params, types);
    assert.deepEqual(changeset.changes, { title: "Bye" });
    assert.equal((applyChanges(changeset) as { admin?: boolean }).admin, undefined);
    // Even asked for by name, it is a field like others: an own one.
    const asked = cast({}, params, { ["__proto__"]: z.unknown() });
    assert.equal(Object.getPrototypeOf(asked.changes), Object.prototype);
    assert.equal((asked.changes as { admin?: boolean }).admin, undefined);
  });

  test("takes any Standard Schema", () => {
    const even = {
      "~standard": {
        validate: (value: unknown) =>
          Number(value) % 2 === 0 ? { value: Number(value) } : { issues: [{ message: "odd" }] },
      },
    };
    assert.deepEqual(cast({}, { votes: "4" }, { votes: even }).changes, { votes: 4 });
    assert.deepEqual(traverseErrors(cast({}, { votes: "3" }, { votes: even })), { votes: ["is invalid"] });
  });

  test("goes on with a changeset, and keeps what it has found", () => {
    const first = cast(post, { title: 5 }, { title: z.string() });
    const second = cast(first, { title: 5, votes: 9 }, types);
    assert.deepEqual(second.changes, { votes: 9 });
    assert.deepEqual(traverseErrors(second), { title: ["is invalid"] });
    assert.deepEqual(second.params, { title: 5, votes: 9 });
    assert.equal(second.valid, false);
    const changed = cast(change(post, { title: "Bye" }), { title: "Hello" }, types);
    assert.deepEqual(changed.changes, {});
  });

  test("lets the caller say what is empty, what counts as a change, and what an error says", () => {
    const permitted = ["title", "votes"] as const;
    const dashed = cast(post, { title: "-", votes: 3 }, types, permitted, {
      isEmpty: (value) => value === "-",
    });
    assert.deepEqual(dashed.changes, { title: null });
    const blank = cast(post, { title: "" }, types, permitted, { isEmpty: () => false });
    assert.deepEqual(blank.changes, { title: "" });
    assert.deepEqual(cast(post, { votes: 3 }, types, permitted, { forceChanges: true }).changes, {
      votes: 3,
    });
    const message = ({ field }: { field: string }): string | undefined =>
      field === "title" ? "is no text" : undefined;
    assert.deepEqual(traverseErrors(cast(post, { title: 5, votes: "x" }, types, permitted, { message })), {
      title: ["is no text"],
      votes: ["is invalid"],
    });
  });

  test("refuses a permitted field without type, and a type that has to wait", () => {
    assert.throws(() => cast({}, {}, types, ["titel" as "title"]), { code: "ROOKERY_CHANGESET_FIELD" });
    const slow = { title: z.string().refine(async () => true) };
    assert.throws(() => cast({}, { title: "x" }, slow), { code: "ROOKERY_CHANGESET_ASYNC" });
  });

  test("never takes a key that was not permitted, nor a value that its type refuses", () => {
    const keys = fc.oneof(
      fc.constantFrom("title", "votes", "id", "__proto__", "constructor", "toString"),
      fc.string(),
    );
    const params = fc.dictionary(keys, fc.anything(), { noNullPrototype: false });
    fc.assert(
      fc.property(params, fc.subarray(["title", "votes"] as const), (given, permitted) => {
        const { changes } = cast(post, given, types, permitted);
        for (const [field, value] of Object.entries(changes)) {
          assert.ok((permitted as string[]).includes(field));
          if (value !== null) assert.ok(types[field as "title"].safeParse(value).success);
        }
        assert.equal(Object.getPrototypeOf(changes), Object.prototype);
      }),
    );
  });
});

describe("a changeset", () => {
  test("is never changed, only replaced", () => {
    const before = change(post);
    addError(putChange(before, "title", "Bye"), "title", "is rude");
    assert.deepEqual(before, change(post));
    assert.throws(() => Object.assign(before, { valid: false }), TypeError);
  });

  test("has no change where the value is the one that is there, by content", () => {
    const data = { tags: ["a"], at: new Date(0) };
    assert.deepEqual(change(data, { tags: ["a"], at: new Date(0) }).changes, {});
    assert.deepEqual(change(data, { tags: ["b"] }).changes, { tags: ["b"] });
    assert.deepEqual(putChange(change(data, { tags: ["b"] }), "tags", ["a"]).changes, {});
  });

  test("answers the change, or what there will be", () => {
    const changeset = change(post, { title: "Bye" });
    assert.equal(getChange(changeset, "title"), "Bye");
    assert.equal(getChange(changeset, "votes"), undefined);
    assert.equal(getField(changeset, "title"), "Bye");
    assert.equal(getField(changeset, "votes"), 3);
    assert.equal(getField(change<{ toString: string }>({}), "toString"), undefined);
    assert.deepEqual(applyChanges(changeset), { id: 1, title: "Bye", votes: 3 });
    assert.deepEqual(deleteChange(changeset, "title").changes, {});
  });

  test("can be made of another one", () => {
    const changeset = change(addError(change(post, { title: "Bye" }), "title", "is rude"), { votes: 9 });
    assert.deepEqual(changeset.changes, { title: "Bye", votes: 9 });
    assert.equal(changeset.valid, false);
  });

  test("can have a change that is none, and changes of its changes", () => {
    assert.deepEqual(forceChange(change(post), "title", "Hello").changes, { title: "Hello" });
    const shout = (title: string | null): string => `${title}!`;
    assert.deepEqual(updateChange(change(post, { title: "Bye" }), "title", shout).changes, { title: "Bye!" });
    assert.deepEqual(updateChange(change(post), "title", shout).changes, {});
    assert.deepEqual(updateChange(change(post, { title: "Bye" }), "title", () => "Hello").changes, {});
  });

  test("knows what changes, from what and to what", () => {
    const changeset = change(post, { title: "Bye" });
    assert.equal(isChanged(changeset, "title"), true);
    assert.equal(isChanged(changeset, "votes"), false);
    assert.equal(isChanged(changeset, "title", { from: "Hello", to: "Bye" }), true);
    assert.equal(isChanged(changeset, "title", { from: "Hi" }), false);
    assert.equal(isChanged(changeset, "title", { to: "Hi" }), false);
    assert.equal(isChanged(change<{ title: string }>({}, { title: "x" }), "title", { from: null }), true);
  });

  test("is applied if it is valid, else marked with what was tried", () => {
    assert.deepEqual(applyAction(change(post, { title: "Bye" }), "update"), {
      ok: true,
      value: { ...post, title: "Bye" },
    });
    const invalid = addError(change(post), "title", "is rude");
    assert.deepEqual(applyAction(invalid, "update"), { ok: false, error: { ...invalid, action: "update" } });
  });

  test("applied, leaves no change", () => {
    const row = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(row, row, (data, changes) => {
        const applied = applyChanges(change<Record<string, unknown>>(data, changes as Changes<object>));
        assert.deepEqual(change<Record<string, unknown>>(applied, changes as Changes<object>).changes, {});
      }),
    );
  });

  test("can be emptied", () => {
    const changeset = putChange(change(post), "title", null);
    assert.equal(getField(changeset, "title"), null);
    assert.deepEqual(changeset.changes, { title: null });
  });
});

describe("traverseErrors", () => {
  test("lists the messages of each field, the newest first, with their options filled in", () => {
    const once = addError(change(post), "title", "should be at least %{count} character(s)", { count: 3 });
    const twice = addError(
      addError(once, "title", "has invalid format"),
      "base",
      "is %{missing} %{constructor}",
    );
    assert.equal(twice.valid, false);
    assert.deepEqual(traverseErrors(twice), {
      title: ["has invalid format", "should be at least 3 character(s)"],
      base: ["is %{missing} %{constructor}"],
    });
  });

  test("lets the caller make the texts", () => {
    const changeset = addError(change(post), "title", "is taken", { by: "Eva" });
    assert.deepEqual(
      traverseErrors(changeset, (error) => `${error.field} ${error.message} by ${error.options["by"]}`),
      { title: ["title is taken by Eva"] },
    );
  });
});

describe("mergeChangesets", () => {
  test("has what both have, the second before the first", () => {
    const title = addError(cast(post, { title: "Bye" }, types), "title", "is rude");
    const votes = addError(cast(post, { votes: 9, title: "Hi" }, types), "title", "is rude");
    const merged = mergeChangesets(
      uniqueConstraint(title, "title"),
      prepareChanges(votes, (one) => one),
    );
    assert.deepEqual(merged.changes, { title: "Hi", votes: 9 });
    assert.deepEqual(merged.params, { title: "Hi", votes: 9 });
    assert.deepEqual(merged.errors, [{ field: "title", message: "is rude", options: {} }]);
    assert.equal(merged.valid, false);
    assert.equal(merged.constraints.length, 1);
    assert.equal(merged.prepare.length, 1);
    assert.equal(mergeChangesets(change(post), change(post)).params, undefined);
  });

  test("refuses changesets of different data, or for different ends", () => {
    assert.throws(() => mergeChangesets(change(post), change({ ...post, id: 2 })), {
      code: "ROOKERY_CHANGESET_MERGE",
    });
    // The error is written to a log; what is in it is not for everybody who reads that.
    const user = { id: 1, password_hash: "scrypt$x" };
    assert.throws(
      () => mergeChangesets(change(user), change({ ...user, id: 2 })),
      ({ message }: Error) => message.includes("[FILTERED]") && !message.includes("scrypt"),
    );
    const inserted = { ...change(post), action: "insert" } as const;
    assert.equal(mergeChangesets(change(post), inserted).action, "insert");
    assert.throws(() => mergeChangesets({ ...inserted, action: "update" }, inserted), {
      code: "ROOKERY_CHANGESET_MERGE",
    });
  });
});

describe("uniqueConstraint", () => {
  test("checks nothing, but remembers which index belongs to which field", () => {
    const changeset = uniqueConstraint(uniqueConstraint(change(post), "title"), ["votes", "title"], {
      message: "has voted",
    });
    assert.equal(changeset.valid, true);
    const unnamed = { kind: "unique", type: "unique", name: undefined, match: "exact" };
    assert.deepEqual(changeset.constraints, [
      { ...unnamed, columns: ["title"], field: "title", message: "has already been taken" },
      { ...unnamed, columns: ["votes", "title"], field: "votes", message: "has voted" },
    ]);
  });
});
