import { setImmediate } from "node:timers/promises";
import { resolveOrigin } from "./origin.ts";
import type { Runtime } from "./runtime.ts";

/** Turns of the event loop that must pass with nothing to run: a slice is asked for through one of them. */
const IDLE_TURNS = 3;

/** Resolves when every process of `runtime` waits: nothing is runnable, and no promise has woken one for some turns. */
export async function settle(runtime: Runtime): Promise<void> {
  const { shard } = resolveOrigin(runtime);
  for (let idle = 0; idle < IDLE_TURNS; idle += 1) {
    if (shard.scheduler.runnable > 0) idle = 0;
    await setImmediate();
  }
}
