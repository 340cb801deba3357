// As a program, `presence-node.ts URL NODE`: a node in a process of its own, on which somebody of its name is present. Lines from stdin are
// broadcast, what is broadcast elsewhere goes to stdout.
import { createInterface } from "node:readline";
import { Presence } from "../../../channels/presence/presence.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { redisAdapter } from "../../../channels/redis/redis-adapter.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";

const [PUBSUB, PRESENCE, TOPIC] = ["test.pubsub", "test.presence", "room:1"] as const;

/** Soon enough for a test, and late enough for a busy machine. */
const REDIS = { heartbeatMs: 50, timeoutMs: 1_000 };
const DOWN_MS = 2_000;

export interface PresenceNode {
  readonly runtime: Runtime;
  /** The processes that are there, by key. */
  present(): string[];
  /** Somebody comes. */
  track(key: string): Promise<Pid>;
  stop(): Promise<void>;
}

/** A node with PubSub and Presence in one tree. What is tracked on others is hidden when they were silent for so long. */
export async function startPresenceNode(
  url: string,
  node: string,
  downPeriodMs: number = DOWN_MS,
): Promise<PresenceNode> {
  const runtime = await Runtime.start({ logger: silentLogger });
  const adapter = redisAdapter({ url, node, ...REDIS });
  const permdownPeriodMs = 2 * downPeriodMs + 60_000;
  const tracker = { broadcastPeriodMs: 50, maxSilentPeriods: 2, downPeriodMs, permdownPeriodMs };
  await runtime.start(
    Supervisor,
    {
      strategy: "one_for_one",
      children: [
        { id: "pubsub", name: PUBSUB, start: [PubSub, { adapter }] },
        { id: "presence", name: PRESENCE, start: [Presence, { pubsub: PUBSUB, ...tracker }] },
      ],
    },
    { name: "tree" },
  );
  return {
    runtime,
    present: () => Object.keys(Presence.list(runtime, PRESENCE, TOPIC)).toSorted(),
    track: async (key) => {
      const pid = runtime.spawn(async (self) => void (await self.receive()));
      await Presence.track(runtime, PRESENCE, pid, TOPIC, key, {});
      return pid;
    },
    stop: async () => {
      await runtime.stop("tree", "shutdown");
      await runtime.shutdown();
    },
  };
}

const [, program, url, name] = process.argv;
if (import.meta.filename === program) {
  const node = await startPresenceNode(url!, name!);
  await node.track(name!);
  node.runtime.spawn(async (self) => {
    PubSub.subscribe(self, PUBSUB, "t");
    process.stdout.write("ready\n");
    for (;;) process.stdout.write(`${JSON.stringify(await self.receive())}\n`);
  });
  createInterface(process.stdin)
    .on("line", (line) => PubSub.broadcast(node.runtime, PUBSUB, "t", line))
    .on("close", () => void node.stop());
}
