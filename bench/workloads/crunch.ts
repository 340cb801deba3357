import type { Runtime } from "rookery";
import { Cruncher } from "./far-servers.ts";
import { rate } from "./rate.ts";
import { inProcess } from "./workload.ts";

const SERVERS = 32;
const CALLS = 1_000;
const ROUNDS = 20_000;

/** Calls a second to servers that compute, spread over all shards. */
export function crunch(runtime: Runtime): Promise<number> {
  return inProcess(runtime, async (self) => {
    const places = runtime.shards();
    const servers = await Promise.all(
      Array.from({ length: SERVERS }, (_, index) =>
        self.start(Cruncher, undefined, { on: { shard: places[index % places.length]! } }),
      ),
    );
    const figure = await rate(SERVERS * CALLS, async () => {
      await Promise.all(
        servers.map(async (server) => {
          for (let left = CALLS; left > 0; left -= 1) await self.call(server, ROUNDS);
        }),
      );
    });
    await Promise.all(servers.map((server) => self.stop(server)));
    return figure;
  });
}
