import fc from "fast-check";
import { assert, describe, test } from "vitest";
import { LogWindow, type WindowLimits } from "../../../channels/resume/log-window.ts";

const unlimited: WindowLimits = { messagesMax: Infinity, bytesMax: Infinity, ageMs: Infinity };

describe("a window of a log", () => {
  test("is reached from what it has, and from where it ends", () => {
    const window = new LogWindow();
    assert.deepEqual(
      [-1, 0, 1].map((offset) => window.reaches(offset)),
      [false, true, false],
    );
    assert.deepEqual([window.add(1, 0), window.add(1, 0), window.add(1, 0)], [1, 2, 3]);
    window.trim({ ...unlimited, messagesMax: 2 }, 0);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((offset) => window.reaches(offset)),
      [false, true, true, true, false],
    );
    window.trim({ ...unlimited, ageMs: 0 }, 1);
    assert.deepEqual(
      [2, 3, 4].map((offset) => window.reaches(offset)),
      [false, true, false],
    );
    assert.deepEqual([window.first, window.last, window.length], [4, 3, 0]);
  });

  test("keeps the newest that fit, whatever is added and dropped", () => {
    const sizes = fc.array(fc.record({ bytes: fc.nat(50), stepMs: fc.nat(20), trim: fc.boolean() }));
    const limits = fc.record({
      messagesMax: fc.integer({ min: 1, max: 10 }),
      bytesMax: fc.integer({ min: 1, max: 200 }),
      ageMs: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(sizes, limits, fc.nat(100), (added, limit, over) => {
        const window = new LogWindow();
        const all: { bytes: number; atMs: number }[] = [];
        let [nowMs, first] = [0, 0];
        for (const { bytes, stepMs, trim } of added) {
          nowMs += stepMs;
          all.push({ bytes, atMs: nowMs });
          assert.equal(window.add(bytes, nowMs), all.length);
          if (!trim) continue;
          const sum = (from: number): number =>
            all.slice(from).reduce((total, each) => total + each.bytes, 0);
          const wanted = Math.min(limit.bytesMax, sum(first) - over);
          while (
            first < all.length &&
            (all.length - first > limit.messagesMax ||
              sum(first) > wanted ||
              nowMs - all[first]!.atMs > limit.ageMs)
          )
            first += 1;
          window.trim(limit, nowMs, over);
          assert.deepEqual(
            [window.first, window.length, window.bytes],
            [first + 1, all.length - first, sum(first)],
          );
        }
      }),
    );
  });
});
