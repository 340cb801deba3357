import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { controlsTransaction, mayRead } from "../../../../api/repo/postgres/statement-kind.ts";

describe("the kind of a statement", () => {
  test("is told by its first word, behind comments", () => {
    for (const sql of [
      "BEGIN",
      "start transaction",
      " commit;",
      "END",
      "rollback to x",
      "ABORT",
      "Savepoint x",
      "RELEASE x",
      "prepare  transaction 'x'",
      "-- a comment\n/* and * another */ commit",
    ])
      assert.ok(controlsTransaction(sql), sql);
    for (const sql of ["select 'commit'", "update committed set x = 1", "-- commit", "prepare x as select 1"])
      assert.ok(!controlsTransaction(sql), sql);
  });

  test("is reading for what answers rows", () => {
    for (const sql of [
      "select 1",
      "(select 1) union (select 2)",
      "WITH x AS (select 1) table x",
      "values (1)",
      "show all",
    ])
      assert.ok(mayRead(sql), sql);
    for (const sql of ["insert into x values (1)", "set x = 1", "begin", "listen x", "", "-- select"])
      assert.ok(!mayRead(sql), sql);
  });
});
