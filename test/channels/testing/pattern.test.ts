import assert from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { matches } from "../../../channels/testing/pattern.ts";

class Point {
  readonly x = 1;
}

const alike: [unknown, unknown][] = [
  [7, 7],
  [NaN, NaN],
  ["a", "a"],
  [null, null],
  [undefined, undefined],
  [{}, { a: 1 }],
  [{}, new Point()],
  [{ x: 1 }, new Point()],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: undefined }, {}],
  [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }],
  [
    [1, { a: 1 }],
    [1, { a: 1, b: 2 }],
  ],
  [Uint8Array.of(1), Uint8Array.of(1)],
  [new Date(1), new Date(1)],
  [new Map([["a", 1]]), new Map([["a", 1]])],
  [expect.any(Number), 7],
  [{ a: expect.stringMatching("b") }, { a: "abc" }],
  [(value: number) => value > 6, 7],
  [{ a: [(value: number) => value > 6] }, { a: [7] }],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

const different: [unknown, unknown][] = [
  [7, "7"],
  [0, null],
  [{}, null],
  [{}, "text"],
  [{ a: 1 }, {}],
  [{ a: null }, {}],
  [{ length: 1 }, "a"],
  [{ a: { b: 1 } }, { a: {} }],
  [[], {}],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [{ 0: 1 }, 1],
  [Uint8Array.of(1), Uint8Array.of(2)],
  [new Date(1), new Date(2)],
  [expect.any(Number), "7"],
  [(value: number) => value > 6, 6],
  [{ toString: undefined }, {}],
];

describe("a pattern", () => {
  for (const [pattern, value] of alike) {
    test(`${String(JSON.stringify(pattern) ?? pattern)} matches ${JSON.stringify(value)}`, () => {
      assert.ok(matches(pattern, value));
    });
  }
  for (const [pattern, value] of different) {
    test(`${String(JSON.stringify(pattern) ?? pattern)} does not match ${JSON.stringify(value)}`, () => {
      assert.ok(!matches(pattern, value));
    });
  }
});
