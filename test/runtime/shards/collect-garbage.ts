import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

export function collectGarbage(): void {
  gc();
}

/** Resolves when `isDone`, after collections; when that does not come to pass, the test's time is over. */
export async function collectUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    await setImmediate();
    gc();
  }
}
