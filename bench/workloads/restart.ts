import { GenServer, ok, type Ok, type Pid, Supervisor } from "rookery";
import { inProcess, type Workload } from "./workload.ts";

const RESTARTS = 5_000;

/** A child came up, at this moment. */
interface Up {
  readonly pid: Pid;
  readonly at: bigint;
}

class Child extends GenServer<undefined> {
  init(owner: Pid): Ok<undefined> {
    this.self.send(owner, { pid: this.self.pid, at: process.hrtime.bigint() } satisfies Up);
    return ok(undefined);
  }
}

/** Microseconds from the kill of a child to its successor's init; so large a share of them is below. */
export function restarts(share: number): Workload {
  return (runtime) =>
    inProcess(runtime, async (self) => {
      const supervisor = await self.start(Supervisor, {
        strategy: "one_for_one",
        intensity: 1_000_000,
        periodMs: 1_000,
        children: [{ id: "child", start: [Child, self.pid] }],
      });
      let child = ((await self.receive()) as Up).pid;
      const took: number[] = [];
      for (let left = RESTARTS; left > 0; left -= 1) {
        const killed = process.hrtime.bigint();
        self.exit(child, "kill");
        const { pid, at } = (await self.receive()) as Up;
        took.push(Number(at - killed) / 1_000);
        child = pid;
      }
      await self.stop(supervisor);
      return took.sort((a, b) => a - b)[Math.ceil(RESTARTS * share) - 1]!;
    });
}
