import { describe, expect, test } from "vitest";
import { completeTrackerOptions, type TrackerOptions } from "../../../channels/tracker/tracker-options.ts";

describe("the options of a tracker", () => {
  test("are those of Phoenix.Tracker if left out", () => {
    expect(completeTrackerOptions({})).toEqual({
      broadcastPeriodMs: 1_500,
      maxSilentPeriods: 10,
      downPeriodMs: 30_000,
      permdownPeriodMs: 1_200_000,
      clockSamplePeriods: 2,
      maxDeltaSizes: [100, 1_000, 10_000],
      permdownOnShutdown: true,
      logLevel: false,
    });
  });

  test("let a replica say twice that it is there before it is believed to be gone", () => {
    const of = (options: TrackerOptions): unknown[] => {
      const { maxSilentPeriods, downPeriodMs } = completeTrackerOptions(options);
      return [maxSilentPeriods, downPeriodMs];
    };
    expect(of({ maxSilentPeriods: 3 })).toEqual([3, 9_000]);
    expect(of({ downPeriodMs: 12_000 })).toEqual([4, 12_000]);
    expect(of({ downPeriodMs: 3_000 })).toEqual([1, 3_000]);
    expect(of({ downPeriodMs: 120_000 })).toEqual([10, 120_000]);
  });

  test.each<[unknown]>([
    [{ downPeriodMs: 2_999 }],
    [{ permdownPeriodMs: 30_000 }],
    [{ broadcastPeriodMs: 0 }],
    [{ maxSilentPeriods: 1.5 }],
    [{ clockSamplePeriods: 0 }],
    [{ maxDeltaSizes: [] }],
    [{ maxDeltaSizes: [100, 10] }],
    [{ downPeriod: 30_000 }],
  ])("%j is refused with a code", (options) => {
    expect(() => completeTrackerOptions(options as TrackerOptions)).toThrow(
      expect.objectContaining({ code: "ROOKERY_PRESENCE_OPTION" }),
    );
  });
});
