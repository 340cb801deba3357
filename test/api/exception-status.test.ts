import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { exceptionStatus } from "../../api/exception-status.ts";
import { NotFoundError, repoError } from "../../api/repo/errors.ts";

describe("exceptionStatus", () => {
  const statuses: [unknown, number][] = [
    [new NotFoundError("users", 7), 404],
    [repoError("ROOKERY_REPO_STALE", ["users", 7, "update"]), 409],
    [repoError("ROOKERY_REPO_QUEUE_FULL", [10_000]), 503],
    [Object.assign(new Error("teapot"), { statusCode: 418 }), 418],
    [new Error("a bug"), 500],
  ];
  for (const [thrown, status] of statuses) {
    test(`is ${status} for ${thrown}`, () => {
      assert.equal(exceptionStatus(thrown), status);
    });
  }

  test("is 500 for a status that is no error's, and for what is no error", () => {
    for (const statusCode of [200, 302, 399, 600, 404.5, "404", null]) {
      assert.equal(exceptionStatus({ statusCode }), 500);
    }
    for (const thrown of [undefined, null, "not_found", 404]) assert.equal(exceptionStatus(thrown), 500);
  });
});
