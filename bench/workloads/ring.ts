import { GenServer, noReply, ok, type NoReply, type Ok, type Pid } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const SIZE = 1_000;
const LAPS = 1_000;

class Forwarder extends GenServer<Pid> {
  init(next: Pid): Ok<Pid> {
    return ok(next);
  }

  override handleInfo(token: unknown): NoReply {
    this.self.send(this.state, token);
    return noReply();
  }
}

/** Hops a second of a token that runs through a ring of processes. */
export const run: Workload = (runtime) =>
  inProcess(runtime, (self) =>
    rate(SIZE * LAPS, async () => {
      let first: Pid = self.pid;
      for (let index = 1; index < SIZE; index += 1) first = await self.startLink(Forwarder, first);
      for (let lap = 0; lap < LAPS; lap += 1) {
        self.send(first, "token");
        await self.receive();
      }
    }),
  );
