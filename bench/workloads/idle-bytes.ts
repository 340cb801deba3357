import { setImmediate } from "node:timers/promises";
import type { Pid } from "rookery";
import { IdleServer, killAll } from "./idle-server.ts";
import { inProcess, type Workload } from "./workload.ts";

const SERVERS = 100_000;

async function bytesInUse(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await setImmediate(); // finalizers run between two turns of the event loop
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that one idle server holds, while all of them are alive. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const before = await bytesInUse();
    const pids: Pid[] = [];
    for (let left = SERVERS; left > 0; left -= 1) pids.push(await self.start(IdleServer, 0));
    const used = (await bytesInUse()) - before;
    await killAll(self, pids);
    return used / SERVERS;
  });
