import { Runtime, silentLogger } from "rookery";
import { median } from "../median.ts";
import type { Workload } from "./workload.ts";

// The measured process: `child.ts NAME [SHARDS]` runs that workload a few times, until V8 has compiled it, and then for its figure,
// of which it sends the median: one and the same process is up to a fifth quicker in one run than in the next.
const WARM_UPS = 3;
const MEASURED = 3;
const [name = "", given] = process.argv.slice(2);
const { run, shards = Number(given ?? 1) } = (await import(`./${name}.ts`)) as {
  run: Workload;
  shards?: number;
};

const runtime = await Runtime.start({ logger: silentLogger, shards });
for (let warmUp = 0; warmUp < WARM_UPS; warmUp += 1) await run(runtime);
const figures: number[] = [];
for (let measured = 0; measured < MEASURED; measured += 1) {
  globalThis.gc?.();
  figures.push(await run(runtime));
}
process.send!(median(figures));
process.disconnect();
await runtime.shutdown();
