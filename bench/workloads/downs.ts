import { DownMessage, type Pid } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const PROCESSES = 10_000;

/** DOWNs a second: processes are monitored, then killed one by one, then their ends are read. */
export const run: Workload = (runtime) =>
  inProcess(runtime, (self) => {
    const pids: Pid[] = [];
    for (let left = PROCESSES; left > 0; left -= 1) pids.push(self.spawn((own) => own.receive()));
    return rate(PROCESSES, async () => {
      for (const pid of pids) self.monitor(pid);
      for (const pid of pids) self.exit(pid, "kill");
      for (let left = PROCESSES; left > 0; left -= 1)
        await self.receive((message) => message instanceof DownMessage);
    });
  });
