import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { WindowCounts } from "../../../api/rate-limit/window-counts.ts";

describe("WindowCounts", () => {
  test("counts a key from the first hit on, until the window ends", () => {
    const counts = new WindowCounts(100, 10);
    assert.deepEqual(counts.hit("a", 1_000), { current: 1, ttl: 100 });
    assert.deepEqual(counts.hit("a", 1_040), { current: 2, ttl: 60 });
    assert.deepEqual(counts.hit("b", 1_040), { current: 1, ttl: 100 });
    assert.deepEqual(counts.hit("a", 1_099), { current: 3, ttl: 1 });
    assert.deepEqual(counts.hit("a", 1_100), { current: 1, ttl: 100 });
  });

  test("keeps at most keysMax keys: those whose windows end last", () => {
    const counts = new WindowCounts(100, 2);
    counts.hit("a", 0);
    counts.hit("b", 1);
    counts.hit("a", 2);
    counts.hit("c", 3);
    assert.equal(counts.hit("b", 4).current, 2);
    assert.equal(counts.hit("c", 4).current, 2);
    assert.equal(counts.hit("a", 4).current, 1);
  });

  test("forgets windows that have ended before those that run", () => {
    const counts = new WindowCounts(100, 3);
    for (const [at, key] of ["a", "b", "c"].entries()) counts.hit(key, at * 60);
    counts.hit("d", 165);
    assert.equal(counts.hit("c", 165).current, 2);
    assert.equal(counts.hit("d", 165).current, 2);
  });
});
