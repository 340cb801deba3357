import type { Clock } from "rookery";

/** A clock on which it is as late as it was on `clock` so many milliseconds ago. */
export function systemClockAgo(clock: Clock, ms: number): Clock {
  return {
    nowMs: () => clock.nowMs(),
    systemTimeMs: () => clock.systemTimeMs() - ms,
    setTimer: (dueInMs, expire) => clock.setTimer(dueInMs, expire),
  };
}
