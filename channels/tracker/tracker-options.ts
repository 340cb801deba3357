import type { LogLevel, Pid } from "../../runtime/index.ts";
import { channelsError } from "../errors.ts";
import { DELTA_SIZES_MAX } from "./delta-generations.ts";

/** How replicas of different places keep in touch. Those of Phoenix.Tracker, in milliseconds where they are times. */
export interface TrackerOptions {
  /** A replica looks so often whether it has something to say, and who is silent. Default: 1,500. */
  readonly broadcastPeriodMs?: number;
  /** It says that it is there after so many periods without anything else to say, or sooner if they would be half of `downPeriodMs`. Default: 10. */
  readonly maxSilentPeriods?: number;
  /** After so much silence what a replica tracks is hidden until it is heard again. Default: twice the silent periods, 30,000. */
  readonly downPeriodMs?: number;
  /** After so much silence it is forgotten. Default: 1,200,000. */
  readonly permdownPeriodMs?: number;
  /** Clocks of others are gathered so many periods before those who know more are asked. Default: 2. */
  readonly clockSamplePeriods?: number;
  /** What is kept for those who missed some of it, youngest first; who missed more gets the whole state. Default: 100, 1,000, 10,000. */
  readonly maxDeltaSizes?: readonly number[];
  /** Whether what a replica tracks is gone elsewhere at once when it is stopped in order, and not hidden after `downPeriodMs`. Default: true. */
  readonly permdownOnShutdown?: boolean;
  /** How replicas that come and go are logged. Default: not at all. */
  readonly logLevel?: LogLevel | false;
  /** Gets `["replica_up" | "replica_down" | "replica_permdown", nodeName]`. */
  readonly reportEventsTo?: Pid;
}

export type CompleteTrackerOptions = Required<Omit<TrackerOptions, "reportEventsTo">> &
  Pick<TrackerOptions, "reportEventsTo">;

const PERIOD_MS = 1_500;
const SILENT_PERIODS_MAX = 10;
const PERMDOWN_MS = 1_200_000;
const SAMPLE_PERIODS = 2;

/** Checks the options and completes them. Throws ROOKERY_PRESENCE_OPTION. */
export function completeTrackerOptions(options: TrackerOptions): CompleteTrackerOptions {
  const {
    broadcastPeriodMs = PERIOD_MS,
    maxSilentPeriods = SILENT_PERIODS_MAX,
    downPeriodMs = 2 * broadcastPeriodMs * maxSilentPeriods,
    permdownPeriodMs = PERMDOWN_MS,
    clockSamplePeriods = SAMPLE_PERIODS,
    maxDeltaSizes = DELTA_SIZES_MAX,
    permdownOnShutdown = true,
    logLevel = false,
    reportEventsTo,
    ...unknown
  } = options;
  for (const name of Object.keys(unknown)) expect(false, "only known options", name);
  for (const [name, value] of Object.entries({ broadcastPeriodMs, maxSilentPeriods, clockSamplePeriods }))
    expect(Number.isInteger(value) && value > 0, `${name} to be an integer > 0`, value);
  expect(
    downPeriodMs >= 2 * broadcastPeriodMs,
    "downPeriodMs to be at least twice broadcastPeriodMs",
    downPeriodMs,
  );
  expect(
    permdownPeriodMs > downPeriodMs,
    "permdownPeriodMs to be greater than downPeriodMs",
    permdownPeriodMs,
  );
  expect(
    maxDeltaSizes.length > 0 && maxDeltaSizes.every((size, index) => size > (maxDeltaSizes[index - 1] ?? 0)),
    "maxDeltaSizes to be sizes > 0, the smallest first",
    maxDeltaSizes,
  );
  return Object.freeze({
    broadcastPeriodMs,
    // Twice before the others believe that it is gone, whatever they were told.
    maxSilentPeriods: Math.max(
      1,
      Math.min(maxSilentPeriods, Math.floor(downPeriodMs / broadcastPeriodMs / 2)),
    ),
    downPeriodMs,
    permdownPeriodMs,
    clockSamplePeriods,
    maxDeltaSizes,
    permdownOnShutdown,
    logLevel,
    ...(reportEventsTo === undefined ? {} : { reportEventsTo }),
  });
}

function expect(holds: boolean, what: string, value: unknown): void {
  if (!holds) throw channelsError("ROOKERY_PRESENCE_OPTION", what, value);
}
