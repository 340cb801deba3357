import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RestartIntensity } from "../../supervisors/restart-intensity.ts";

function answers(restartsMax: number, periodMs: number, timesMs: readonly number[]): boolean[] {
  const intensity = new RestartIntensity(restartsMax, periodMs);
  return timesMs.map((timeMs) => intensity.add(timeMs));
}

describe("RestartIntensity.add", () => {
  test.each<[string, number, number, number[], boolean[]]>([
    [
      "allows as many restarts as its maximum, and refuses the next",
      3,
      5_000,
      [0, 0, 0, 0],
      [true, true, true, false],
    ],
    ["refuses the first restart when the maximum is 0", 0, 5_000, [0], [false]],
    ["counts a restart that is exactly one period old", 1, 5_000, [0, 5_000], [true, false]],
    ["compares whole seconds: 5,999 ms apart is five seconds", 1, 5_000, [0, 5_999], [true, false]],
    ["compares whole seconds: 5,001 ms apart can be six seconds", 1, 5_000, [999, 6_000], [true, true]],
    [
      "forgets a restart once its second is more than the period ago",
      1,
      5_000,
      [0, 6_000, 12_000],
      [true, true, true],
    ],
    ["forgets one restart at a time", 2, 1_000, [0, 1_000, 2_000, 2_000], [true, true, true, false]],
    [
      "takes a period below a second as: within the same second",
      1,
      100,
      [0, 999, 1_000],
      [true, false, true],
    ],
  ])("%s", (_sentence, restartsMax, periodMs, timesMs, expected) => {
    expect(answers(restartsMax, periodMs, timesMs)).toEqual(expected);
  });

  test("agrees with a list of all restarts, whatever the times", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2_500 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        steps,
        (max, periodS, gapsMs) => {
          const intensity = new RestartIntensity(max, periodS * 1_000);
          const seconds: number[] = [];
          let nowMs = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            const now = Math.floor(nowMs / 1_000);
            seconds.push(now);
            expect(intensity.add(nowMs)).toBe(
              seconds.filter((second) => now - second <= periodS).length <= max,
            );
          }
        },
      ),
    );
  });
});
