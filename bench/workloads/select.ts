import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const OTHERS = 10_000;
const RECEIVES = 2_000;

/** Nanoseconds for a receive that has to look past 10,000 other messages. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    for (let other = 0; other < OTHERS; other += 1) self.send(self.pid, { noise: other });
    const receives = await rate(RECEIVES, async () => {
      for (let left = RECEIVES; left > 0; left -= 1) {
        self.send(self.pid, { wanted: left });
        await self.receive((message) => (message as { wanted?: number }).wanted === left);
      }
    });
    return 1e9 / receives;
  });
