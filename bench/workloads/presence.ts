import type { Pid, Runtime, Self } from "rookery";
import { Presence, PubSub } from "rookery/channels";
import { inProcess } from "./workload.ts";

const [PUBSUB, PRESENCE, TOPIC] = ["bench.pubsub", "bench.presence", "room:1"];
const OPERATIONS = 1_000;

/** Microseconds that a channel waits for its join or its leave in a topic with so many members already, and one who subscribes to its diffs. */
export function microseconds(what: "join" | "leave", members: number): (runtime: Runtime) => Promise<number> {
  return async (runtime) => {
    const pubsub = await runtime.start(PubSub, {}, { name: PUBSUB });
    const presence = await runtime.start(Presence, { pubsub: PUBSUB }, { name: PRESENCE });
    const listener = runtime.spawn(async (self) => {
      PubSub.subscribe(self, PUBSUB, TOPIC);
      for (;;) await self.receive();
    });
    const figure = await inProcess(runtime, async (self) => {
      for (let member = 0; member < members; member += 1) await join(self, channel(self));
      const channels = Array.from({ length: OPERATIONS }, () => channel(self));
      const [joins, leaves] = [[] as number[], [] as number[]];
      for (let round = 0; round < 5; round += 1) {
        joins.push(await timed(channels, (pid) => join(self, pid)));
        leaves.push(await timed(channels, (pid) => Presence.untrack(self, PRESENCE, pid)));
      }
      return Math.min(...(what === "join" ? joins : leaves));
    });
    for (const pid of [listener, presence, pubsub]) runtime.exit(pid, "kill");
    return figure;
  };
}

function channel(self: Self): Pid {
  return self.spawnLink((own) => own.receive());
}

function join(self: Self, pid: Pid): Promise<unknown> {
  return Presence.track(self, PRESENCE, pid, TOPIC, `user ${pid.toString()}`, { online_at: 1 });
}

async function timed(pids: readonly Pid[], act: (pid: Pid) => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  for (const pid of pids) await act(pid);
  return Number(process.hrtime.bigint() - started) / 1_000 / pids.length;
}
