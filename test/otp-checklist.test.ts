import assert from "node:assert/strict";
import { test } from "vitest";
import { sourceFiles } from "./support/source-files.ts";

/** The checklist of what Erlang/OTP 25 and Elixir 1.14 observably do has so many rows; tests cite them in their names. */
const ROWS = 340;

const files = sourceFiles();

/** `(7)`, `(7, 12)`, `(7-9, 12)` at the end of a name. */
function rowsIn(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].flatMap((match) =>
    match[1]!.split(", ").flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    }),
  );
}

const tests = files.filter(({ path }) => path.endsWith(".test.ts"));
const cited = new Set(
  tests.flatMap(({ text }) => rowsIn(text, / \(([1-9]\d*(?:-\d+)?(?:, \d+(?:-\d+)?)*)\)["`]/g)),
);
const page = files.find(({ path }) => path === "docs/BEAM.md")!.text;
const inapplicable = new Set(rowsIn(page, /^\| (\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*) \| .{20,} \|$/gm));

test("each row of OTP's behaviour is held by a test that cites it, or docs/BEAM.md says why it can't apply", () => {
  const rows = Array.from({ length: ROWS }, (_, index) => index + 1);
  assert.deepEqual(
    rows.filter((row) => !cited.has(row) && !inapplicable.has(row)),
    [],
  );
});

test("no row is cited that there is not, and none both held and said not to apply", () => {
  assert.deepEqual(
    [...cited, ...inapplicable].filter((row) => row < 1 || row > ROWS),
    [],
  );
  assert.deepEqual(
    [...inapplicable].filter((row) => cited.has(row)),
    [],
  );
});
