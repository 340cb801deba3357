import { GenServer, noReply, ok, type NoReply, type Ok, type Pid } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const RECEIVERS = 10_000;
const ROUNDS = 500;

class Sink extends GenServer<{ left: number }> {
  #owner!: Pid;

  init(owner: Pid): Ok<{ left: number }> {
    this.#owner = owner;
    return ok({ left: ROUNDS });
  }

  override handleInfo(): NoReply {
    this.state.left -= 1;
    if (this.state.left === 0) this.self.send(this.#owner, "done");
    return noReply();
  }
}

/** Deliveries a second from one process to many. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const sinks: Pid[] = [];
    for (let index = 0; index < RECEIVERS; index += 1) sinks.push(await self.startLink(Sink, self.pid));
    return rate(RECEIVERS * ROUNDS, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const item = { item: round };
        for (const sink of sinks) self.send(sink, item);
        // The BEAM takes the processor from a sender that goes on and on; here it gives it up by itself.
        self.send(self.pid, "next");
        await self.receive((message) => message === "next");
      }
      for (let done = 0; done < RECEIVERS; done += 1) await self.receive((message) => message === "done");
    });
  });
