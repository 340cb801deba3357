import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { completeOptions, type RepoOptions } from "../../../api/repo/repo-options.ts";

describe("the options of a repo", () => {
  test("are completed", () => {
    assert.deepEqual(completeOptions({ path: "a.db" }), {
      path: "a.db",
      migrations: [],
      name: undefined,
      transactionTimeoutMs: 15_000,
      queueLengthMax: 10_000,
    });
  });

  for (const [option, value] of [
    ["path", undefined],
    ["path", ""],
    ["path", " :memory: "],
    ["name", ""],
    ["transactionTimeoutMs", 0],
    ["transactionTimeoutMs", Number.NaN],
    ["queueLengthMax", -1],
    ["migrations", {}],
    ["poolSize", 5],
  ] as const) {
    test(`are refused with ${option} ${JSON.stringify(value)}, by name`, () => {
      const options = { path: "a.db", [option]: value } as RepoOptions;
      assert.throws(() => completeOptions(options), {
        code: "ROOKERY_REPO_OPTION",
        message: new RegExp(option),
      });
    });
  }

  test("are completed for a PostgreSQL", () => {
    assert.deepEqual(completeOptions({ url: "postgres://localhost/shop" }), {
      url: "postgres://localhost/shop",
      migrations: [],
      name: undefined,
      transactionTimeoutMs: 15_000,
      queueLengthMax: 10_000,
      poolSize: 10,
      connectTimeoutMs: 5_000,
      queueTimeoutMs: 5_000,
      isolationLevel: "read committed",
    });
  });

  for (const [option, value] of [
    ["url", ""],
    ["url", "mysql://ada:secret@localhost/shop"],
    ["path", "a.db"],
    ["poolSize", 0],
    ["poolSize", 1.5],
    ["connectTimeoutMs", 0],
    ["queueTimeoutMs", -1],
    ["transactionTimeoutMs", Number.POSITIVE_INFINITY],
    ["isolationLevel", "chaos"],
    ["queueLengthMax", 0],
  ] as const) {
    test(`are refused for a PostgreSQL with ${option} ${JSON.stringify(value)}, without any secrets`, () => {
      const options = { url: "postgres://localhost/shop", [option]: value } as RepoOptions;
      assert.throws(
        () => completeOptions(options),
        (error: Error & { code: string }) =>
          error.code === "ROOKERY_REPO_OPTION" &&
          error.message.includes(option) &&
          !error.message.includes("secret"),
      );
    });
  }
});
