import { DownMessage, GenServer, ok, reply, type Ok, type Reply } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

class Ponger extends GenServer<number, "ping"> {
  init(state: number): Ok<number> {
    return ok(state);
  }

  override handleCall(): Reply<"pong"> {
    return reply("pong");
  }
}

/** Round trips a second between `callers` processes and one server. */
export function calls(total: number, callers: number): Workload {
  return (runtime) =>
    inProcess(runtime, async (self) => {
      const server = await self.start(Ponger, 0);
      const roundTrips = await rate(total, async () => {
        for (let caller = 0; caller < callers; caller += 1) {
          self.spawnMonitor(async (own) => {
            for (let left = total / callers; left > 0; left -= 1) await own.call(server, "ping");
          });
        }
        for (let caller = 0; caller < callers; caller += 1) {
          await self.receive((message) => message instanceof DownMessage);
        }
      });
      await self.stop(server);
      return roundTrips;
    });
}
