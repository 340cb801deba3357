import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { requestIdOf } from "../../../api/plugs/request-id.ts";

describe("requestIdOf", () => {
  for (const id of ["a".repeat(20), "a".repeat(200), "Root=1-67891233-abcdef012345678912345678"]) {
    test(`keeps ${id}`, () => {
      assert.equal(requestIdOf({ headers: { "x-request-id": id } }), id);
    });
  }

  const unsafe = [
    "a".repeat(19),
    "a".repeat(201),
    `${"a".repeat(20)}\n`,
    `${"a".repeat(20)}"`,
    `${"a".repeat(20)} a`,
  ];
  for (const id of [undefined, "", ...unsafe, "\u00e9".repeat(20)]) {
    test(`makes one of 20 bytes instead of ${JSON.stringify(id)}`, () => {
      const made = requestIdOf({ headers: { "x-request-id": id } });
      assert.match(made, /^[\w-]{20}$/);
      assert.notEqual(made, id);
    });
  }

  test("makes another one each time", () => {
    const made = Array.from({ length: 1_000 }, () => requestIdOf({ headers: {} }));
    assert.equal(new Set(made).size, made.length);
  });
});
