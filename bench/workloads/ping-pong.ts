import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const ROUND_TRIPS = 500_000;

/** Round trips a second between two asynchronous bodies: `await self.receive()` on both sides. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const ponger = self.spawnLink(async (own) => {
      for (;;) {
        await own.receive();
        own.send(self.pid, "pong");
      }
    });
    const roundTrips = await rate(ROUND_TRIPS, async () => {
      for (let left = ROUND_TRIPS; left > 0; left -= 1) {
        self.send(ponger, "ping");
        await self.receive();
      }
    });
    self.unlink(ponger);
    self.exit(ponger, "kill");
    return roundTrips;
  });
