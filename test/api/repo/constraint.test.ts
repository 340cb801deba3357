import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { describe, test } from "vitest";
import { change, traverseErrors, uniqueConstraint } from "../../../api/repo/changeset.ts";
import { type Violation, violationOf, withViolation } from "../../../api/repo/constraint.ts";

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
  const cases: [Violation["on"], Record<string, string[]>][] = [
    [["b"], { b: ["has already been taken"] }],
    [["a", "c"], { a: ["is twice here"] }],
    ["child_lower", { c: ["has already been taken"] }],
  ];
  for (const [on, errors] of cases) {
    test(`makes of ${String(on)} the error of the field that declares it`, () => {
      const changeset = withViolation(declared, { kind: "unique", on });
      assert.deepEqual(changeset && traverseErrors(changeset), errors);
      assert.deepEqual(changeset?.errors[0]?.options, { constraint: "unique" });
    });
  }

  test("leaves alone what the changeset does not declare", () => {
    assert.equal(withViolation(declared, { kind: "unique", on: ["a"] }), undefined);
    assert.equal(withViolation(declared, { kind: "check", on: ["b"] }), undefined);
  });
});
