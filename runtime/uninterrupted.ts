import type { Runtime } from "./runtime.ts";

/**
 * Runs what the watchdog must not cut in two: it changes what outlives the process that stalls. For what is short and calls no code
 * of users.
 */
export function uninterrupted<Value>(runtime: Runtime, work: () => Value): Value {
  const { pulse } = runtime.shard.scheduler;
  const before = pulse.shut();
  try {
    return work();
  } finally {
    pulse.open(before);
  }
}
