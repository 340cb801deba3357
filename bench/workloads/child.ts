import { Runtime, silentLogger } from "rookery";
import type { Workload } from "./workload.ts";

// The measured process: `child.ts NAME [SHARDS]` runs that workload a few times, until V8 has compiled it, and once for its figure.
const WARM_UPS = 3;
const [name = "", given] = process.argv.slice(2);
const { run, shards = Number(given ?? 1) } = (await import(`./${name}.ts`)) as {
  run: Workload;
  shards?: number;
};

const runtime = await Runtime.start({ logger: silentLogger, shards });
for (let warmUp = 0; warmUp < WARM_UPS; warmUp += 1) await run(runtime);
globalThis.gc?.();
process.send!(await run(runtime));
process.disconnect();
await runtime.shutdown();
