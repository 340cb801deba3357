import type { Pid, Runtime } from "rookery";
import { Cruncher, CrunchClient } from "./far-servers.ts";
import { rate } from "./rate.ts";
import { inProcess } from "./workload.ts";

const SERVERS = 32;
const CALLS = 3_000;

/** Calls a second to servers that compute, spread over all shards, as are their clients: of each one's servers half are on its shard. */
export function crunch(runtime: Runtime): Promise<number> {
  return inProcess(runtime, async (self) => {
    const places = runtime.shards();
    const serversOf = new Map<Pid, Pid[]>();
    for (const shard of places)
      serversOf.set(await self.start(CrunchClient, undefined, { on: { shard } }), []);
    const clients = [...serversOf.keys()];
    for (let index = 0; index < SERVERS; index += 1) {
      const server = await self.start(Cruncher, undefined, { on: { shard: places[index % places.length]! } });
      serversOf.get(clients[Math.floor(index / places.length) % clients.length]!)!.push(server);
    }
    const figure = await rate(SERVERS * CALLS, async () => {
      const runs = [...serversOf].map(([client, servers]) =>
        self.call(client, { servers, calls: CALLS }, Infinity),
      );
      await Promise.all(runs);
    });
    await Promise.all([...serversOf].flat(2).map((process) => self.stop(process)));
    return figure;
  });
}
