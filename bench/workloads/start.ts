import type { Pid } from "rookery";
import { IdleServer, killAll } from "./idle-server.ts";
import { rate } from "./rate.ts";
import { inProcess, type Workload } from "./workload.ts";

const SERVERS = 50_000;

/** Servers a second that are started one after the other; at the end all are killed and awaited. */
export const run: Workload = (runtime) =>
  inProcess(runtime, (self) =>
    rate(SERVERS, async () => {
      const pids: Pid[] = [];
      for (let left = SERVERS; left > 0; left -= 1) pids.push(await self.start(IdleServer, 0));
      await killAll(self, pids);
    }),
  );
