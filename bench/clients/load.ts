import { once } from "node:events";
import type { LoadResult } from "../load-case.ts";

/** How long the operations of a run took, one by one. */
export class Latencies {
  readonly #millis: number[] = [];

  add(startedMs: number): void {
    this.#millis.push(performance.now() - startedMs);
  }

  percentile(part: number): number {
    const sorted = this.#millis.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
  }
}

/**
 * Keeps this process from sleeping. On one machine, who sends wakes who sleeps: the server would pay for a client that has nothing to
 * do, which on another machine would be woken there.
 */
function stayAwake(): () => void {
  let isAwake = true;
  const look = (): void => void (isAwake && setImmediate(look));
  look();
  return () => (isAwake = false);
}

/** Runs `operate` to warm up, says that it is ready, runs it again each time that it is told to, and reports that run. */
export async function reportLoad(
  warmUp: number,
  operations: number,
  operate: (operations: number, latencies: Latencies, isWarmUp: boolean) => Promise<void>,
): Promise<void> {
  await operate(warmUp, new Latencies(), true);
  process.send!("ready");
  for (;;) {
    await once(process, "message");
    const latencies = new Latencies();
    const sleep = stayAwake();
    const started = performance.now();
    await operate(operations, latencies, false);
    const seconds = (performance.now() - started) / 1_000;
    sleep();
    const result: LoadResult = {
      operations,
      seconds,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
    };
    process.send!(result);
  }
}
