import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { describe, test } from "vitest";
import { change, type Changeset } from "../../../api/repo/changeset.ts";
import {
  checkConstraint,
  type ConstraintOptions,
  exclusionConstraint,
  noAssocConstraint,
  uniqueConstraint,
  type Violation,
  violationOf,
  withViolation,
} from "../../../api/repo/constraint.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";

const database = new Database(":memory:");
database.pragma("foreign_keys = ON");
database.exec(`
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE child (
    a TEXT NOT NULL DEFAULT '', b INTEGER UNIQUE, c INTEGER, parent INTEGER REFERENCES parent (id),
    UNIQUE (a, c), CONSTRAINT positive CHECK (c > 0)
  );
  CREATE UNIQUE INDEX child_lower ON child (lower(a), parent);
  INSERT INTO parent VALUES (1);
  INSERT INTO child VALUES ('x', 1, 1, 1);
`);

function failing(sql: string): unknown {
  try {
    database.exec(sql);
  } catch (error) {
    return error;
  }
  throw new Error(`This was not refused: ${sql}`);
}

describe("violationOf", () => {
  const cases: [string, Violation][] = [
    ["INSERT INTO child (b) VALUES (1)", { kind: "unique", on: ["b"] }],
    ["INSERT INTO child (a, c) VALUES ('x', 1)", { kind: "unique", on: ["a", "c"] }],
    ["INSERT INTO child (a, parent) VALUES ('X', 1)", { kind: "unique", on: "child_lower" }],
    ["INSERT INTO parent VALUES (1)", { kind: "unique", on: ["id"] }],
    ["INSERT INTO child (c) VALUES (0)", { kind: "check", on: "positive" }],
    ["INSERT INTO child (a) VALUES (NULL)", { kind: "not_null", on: "child.a" }],
    ["INSERT INTO child (parent) VALUES (7)", { kind: "foreign_key", on: "" }],
  ];
  for (const [sql, violation] of cases) {
    test(`reads ${violation.kind} on ${String(violation.on)} from SQLite's error`, () => {
      assert.deepEqual(violationOf(failing(sql)), violation);
    });
  }

  test("finds none in other errors", () => {
    assert.equal(violationOf(failing("SELECT nothing")), undefined);
    assert.equal(violationOf(new Error("UNIQUE constraint failed: child.b")), undefined);
    assert.equal(violationOf("SQLITE_CONSTRAINT_UNIQUE"), undefined);
  });
});

describe("withViolation", () => {
  const declared = uniqueConstraint(
    uniqueConstraint(uniqueConstraint(change({ a: "x", b: 1, c: 1 }), "b"), ["a", "c"], {
      message: "is twice here",
    }),
    "c",
    { name: "child_lower" },
  );
  const cases: [Violation["on"], Record<string, string[]>, object?][] = [
    [["b"], { b: ["has already been taken"] }],
    [["a", "c"], { a: ["is twice here"] }],
    [["c", "a"], { a: ["is twice here"] }],
    ["child_lower", { c: ["has already been taken"] }, { constraint_name: "child_lower" }],
  ];
  for (const [on, errors, named = {}] of cases) {
    test(`makes of ${String(on)} the error of the field that declares it`, () => {
      const changeset = withViolation(declared, { kind: "unique", on });
      assert.deepEqual(changeset && traverseErrors(changeset), errors);
      assert.deepEqual(changeset?.errors[0]?.options, { constraint: "unique", ...named });
    });
  }

  test("leaves alone what the changeset does not declare", () => {
    assert.equal(withViolation(declared, { kind: "unique", on: ["a"] }), undefined);
    assert.equal(withViolation(declared, { kind: "unique", on: ["a", "b"] }), undefined);
    assert.equal(withViolation(declared, { kind: "check", on: ["b"] }), undefined);
  });

  test("takes the newest where several fit", () => {
    const again = uniqueConstraint(declared, "b", { message: "is newer", errorKey: "base" });
    const changeset = withViolation(again, { kind: "unique", on: ["b"] });
    assert.deepEqual(changeset && traverseErrors(changeset), { base: ["is newer"] });
  });
});

describe("the name of a constraint", () => {
  const row = change<{ a: string; b: number }>({}, { a: "x", b: 1 });
  const violated = (changeset: Changeset<object>, violation: Violation): object | undefined => {
    const failed = withViolation(changeset, violation);
    return failed && traverseErrors(failed);
  };

  test("is matched whole, in part, or by an expression", () => {
    const check = (name: string): Violation => ({ kind: "check", on: name });
    const cases: [ConstraintOptions & { name: string | RegExp }, string, boolean][] = [
      [{ name: "b_positive" }, "b_positive", true],
      [{ name: "positive" }, "b_positive", false],
      [{ name: "positive", match: "suffix" }, "b_positive", true],
      [{ name: "b_", match: "prefix" }, "b_positive", true],
      [{ name: "b_", match: "suffix" }, "b_positive", false],
      [{ name: /posi/g }, "b_positive", true],
      [{ name: /nega/ }, "b_positive", false],
    ];
    for (const [options, name, isFound] of cases) {
      const errors = violated(checkConstraint(row, "b", options), check(name));
      assert.deepEqual(errors, isFound ? { b: ["is invalid"] } : undefined);
    }
  });

  test("goes before the columns, where the database tells both", () => {
    const named = uniqueConstraint(row, ["a", "b"], { name: "first" });
    const on = ["a", "b"];
    assert.deepEqual(violated(named, { kind: "unique", on, name: "first" }), {
      a: ["has already been taken"],
    });
    assert.equal(violated(named, { kind: "unique", on, name: "second" }), undefined);
    // SQLite tells the columns only.
    assert.deepEqual(violated(named, { kind: "unique", on }), { a: ["has already been taken"] });
  });

  test("is guessed from the columns, where the database tells nothing but a name", () => {
    const exclusive = exclusionConstraint(row, "b");
    const errors = { b: ["violates an exclusion constraint"] };
    assert.deepEqual(violated(exclusive, { kind: "exclusion", on: "rows_b_excl" }), errors);
    assert.deepEqual(violated(exclusive, { kind: "exclusion", on: "rows_b_exclusion" }), errors);
    assert.equal(violated(exclusive, { kind: "exclusion", on: "rows_a_excl" }), undefined);
    const unique = uniqueConstraint(row, ["a", "b"]);
    assert.deepEqual(violated(unique, { kind: "unique", on: "rows_a_b_index" }), {
      a: ["has already been taken"],
    });
  });

  test("is that of the foreign key there, for rows that belong to it", () => {
    const key = { table: "items", foreignKey: "row_id" } as const;
    const on = { kind: "foreign_key", on: ["id"], name: "items_row_id_fkey" } as const;
    const items = noAssocConstraint(row, "items", { kind: "hasMany", ...key });
    assert.deepEqual(violated(items, on), { items: ["are still associated with this entry"] });
    const item = noAssocConstraint(row, "item", { kind: "hasOne", ...key });
    assert.deepEqual(violated(item, on), { item: ["is still associated with this entry"] });
  });
});
