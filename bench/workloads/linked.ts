import { DownMessage, type Pid } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const PROCESSES = 10_000;

/** Exits a second: so many processes die with the one that they are linked to. */
export const run: Workload = (runtime) =>
  inProcess(runtime, async (self) => {
    const hub = self.spawn(async (own) => {
      const pids: Pid[] = [];
      for (let left = PROCESSES; left > 0; left -= 1) pids.push(own.spawnLink((linked) => linked.receive()));
      own.send(self.pid, pids);
      await own.receive();
    });
    for (const pid of (await self.receive()) as Pid[]) self.monitor(pid);
    return rate(PROCESSES, async () => {
      self.exit(hub, "kill");
      for (let left = PROCESSES; left > 0; left -= 1)
        await self.receive((message) => message instanceof DownMessage);
    });
  });
