import { CREDIT, FarSink } from "./far-servers.ts";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

export const shards = 2;

const ITEMS = 2_000_000;
const WINDOW = 1_000;

/** Messages a second from a process on one shard to a server on another, so many under way at most. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const sink = await self.startLink(FarSink, self.pid, { on: { shard: 1 } });
    const figure = await rate(ITEMS, async () => {
      let credit = WINDOW;
      for (let item = 0; item < ITEMS; item += 1) {
        if (credit === 0) {
          await self.receive();
          credit = CREDIT;
        }
        self.send(sink, { item });
        credit -= 1;
      }
      for (let left = WINDOW - credit; left > 0; left -= CREDIT) await self.receive();
    });
    await self.stop(sink);
    return figure;
  });
