import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { BenchCase, Metric } from "../../bench/bench-case.ts";
import { compare, table } from "../../bench/summary.ts";

const metric: Metric = { name: "figure", unit: "operations/s", better: "more" };
const benchCase: BenchCase = {
  name: "case",
  metrics: [metric],
  contenders: ["ours", "theirs"],
  run: async () => [],
};
const runs = (figures: readonly number[]): { figure: number }[] => figures.map((figure) => ({ figure }));

describe("compare", () => {
  test("answers median, lowest and highest of each contender, and every run as it was measured", () => {
    const [comparison] = compare(
      benchCase,
      new Map([
        ["ours", runs([30, 10, 20])],
        ["theirs", runs([4, 1])],
      ]),
    );
    assert.deepEqual(comparison!.summaries, [
      { contender: "ours", median: 20, min: 10, max: 30, runs: [30, 10, 20] },
      { contender: "theirs", median: 2.5, min: 1, max: 4, runs: [4, 1] },
    ]);
  });
});

describe("table", () => {
  const betterBy = (better: Metric["better"], ours: number, theirs: number): string => {
    const measured = { ...benchCase, metrics: [{ ...metric, better }] };
    const rows = table(
      compare(
        measured,
        new Map([
          ["ours", runs([ours])],
          ["theirs", runs([theirs])],
        ]),
      ),
    ).split("\n");
    return rows.at(-1)!.split("|").at(-2)!.trim();
  };

  test("says how many times better the first is, whichever way better is", () => {
    assert.equal(betterBy("more", 30, 10), "3.00 times");
    assert.equal(betterBy("less", 30, 10), "0.33 times");
  });

  test("has a row for each contender below its head", () => {
    const rows = table(
      compare(
        benchCase,
        new Map([
          ["ours", runs([1])],
          ["theirs", runs([2])],
        ]),
      ),
    ).split("\n");
    assert.equal(rows.length, 4);
    assert.equal(new Set(rows.map((row) => row.length)).size, 1);
  });
});
