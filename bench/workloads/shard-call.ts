import { FarEcho } from "./far-servers.ts";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

export const shards = 2;

const CALLS = 50_000;

/** Calls a second, one at a time, of a server on another shard. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const echo = await self.start(FarEcho, undefined, { on: { shard: 1 } });
    const figure = await rate(CALLS, async () => {
      for (let left = CALLS; left > 0; left -= 1) await self.call(echo, "ping");
    });
    await self.stop(echo);
    return figure;
  });
