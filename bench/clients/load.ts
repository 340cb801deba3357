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
    const started = performance.now();
    const before = process.cpuUsage();
    await operate(operations, latencies, false);
    const { user, system } = process.cpuUsage(before);
    const result: LoadResult = {
      operations,
      seconds: (performance.now() - started) / 1_000,
      cpuMicros: user + system,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
    };
    process.send!(result);
  }
}
