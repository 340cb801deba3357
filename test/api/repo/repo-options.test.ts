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
});
