import { DownMessage } from "rookery";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const PROCESSES = 200_000;

/** Processes a second that are spawned, exit at once and are awaited, one at a time. */
export const run: Workload = (runtime) =>
  inProcess(runtime, (self) =>
    rate(PROCESSES, async () => {
      for (let left = PROCESSES; left > 0; left -= 1) {
        const { ref } = self.spawnMonitor(() => {});
        await self.receive((message) => message instanceof DownMessage && message.ref === ref);
      }
    }),
  );
