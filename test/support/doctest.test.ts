import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { compileDoctest, findDoctests } from "./doctest.ts";

describe("findDoctests", () => {
  test("finds the examples of doc comments and of pages, and no other fence", () => {
    const page = "text\n```ts doctest\n1; // => 1\n```\n```ts\n2; // => 3\n```\n";
    const comment = "/**\n * ```ts doctest\n * const a = 1;\n * a; // => 1\n * ```\n */";
    assert.deepEqual(findDoctests(page), [{ line: 3, code: "1; // => 1" }]);
    assert.deepEqual(findDoctests(comment), [{ line: 3, code: "const a = 1;\na; // => 1" }]);
  });

  test("refuses a fence that is never closed", () => {
    assert.throws(() => findDoctests("```ts doctest\n1;"), /not closed/);
  });
});

describe("compileDoctest", () => {
  const seen = (code: string): [unknown, unknown][] => {
    const checks: [unknown, unknown][] = [];
    const check = (actual: unknown, expected: unknown): number => checks.push([actual, expected]);
    // oxlint-disable-next-line typescript/no-implied-eval -- running compiled examples is what it is for
    new Function("check", "modules", compileDoctest(code))(check, { rookery: { one: 1 } });
    return checks;
  };

  test("turns an expected value into a check, over several lines too", () => {
    assert.deepEqual(seen("1 + 1; // => 2"), [[2, 2]]);
    assert.deepEqual(seen("const list: number[] = [\n  1,\n];\nlist.concat(\n  2,\n); // => [1, 2]"), [
      [
        [1, 2],
        [1, 2],
      ],
    ]);
  });

  test("checks the value of a declaration, and keeps it", () => {
    assert.deepEqual(seen("const a = 1; // => 1\na; // => 1"), [
      [1, 1],
      [1, 1],
    ]);
  });

  test("looks imports up in the doors", () => {
    assert.deepEqual(seen('import { one as uno, type Pid } from "rookery";\nuno; // => 1'), [[1, 1]]);
  });
});
