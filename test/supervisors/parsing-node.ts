// A program for test/supervisors/parse-stalls.test.ts: handlers on two shards read what takes far too long, and what came of it goes to stdout as
// JSON. A process of its own, because the first shard is to be Node's main thread.
import { setImmediate } from "node:timers/promises";
import { type DownMessage, nameOn, type Pid, Runtime, silentLogger } from "../../runtime/index.ts";
import { Supervisor } from "../../supervisors/index.ts";
import { copiesFor } from "../support/slow-json.ts";
import { ParsingServer } from "./parsing-server.ts";
import { type Heard, Neighbour } from "./stalling-server.ts";

const CHILDREN = 1_000_000;
const SHARDS = [0, 1];
const MESSAGES = 100;
/** Longer than a machine that has other things to do may take. */
const CALL_MS = 600_000;

const stallMs = Number(process.argv[2]);
// By the language's own, which is what stands there before.
const { copies, nativeMs } = copiesFor(10 * stallMs);
const runtime = await Runtime.start({ logger: silentLogger, shards: SHARDS.length, stallMs });
await runtime.start(Supervisor, {
  strategy: "one_for_one",
  intensity: CHILDREN,
  children: SHARDS.flatMap((shard) => {
    const place = { nameScope: "shard", on: { shard } } as const;
    return [
      { id: `parsing ${shard}`, start: [ParsingServer, undefined], name: "parsing", ...place },
      { id: `neighbour ${shard}`, start: [Neighbour, undefined], name: "neighbour", ...place },
    ] as const;
  }),
});

/** Has the server at `place` read: why it died, and how long that took. */
async function outcome(place: number, how: string): Promise<{ reason: unknown; ms: number }> {
  const old = runtime.whereis(nameOn(place, "parsing")) as Pid<ParsingServer>;
  await runtime.call(old, { copies }, CALL_MS);
  const died = new Promise<unknown>((resolve) => {
    runtime.spawn(async (self) => {
      const ref = self.monitor(old);
      resolve(((await self.receive({ ref })) as DownMessage).reason);
    });
  });
  // The monitor is set, on whichever shard.
  await setImmediate();
  const startedMs = performance.now();
  if (how === "in an asynchronous handler") runtime.send(old, "at once");
  else runtime.cast(old, how);
  for (let n = 0; n < MESSAGES; n += 1) runtime.send(nameOn(place, "neighbour") as never, n as never);
  const reason = await died;
  const ms = performance.now() - startedMs;
  let next: unknown;
  do {
    await setImmediate();
    next = runtime.whereis(nameOn(place, "parsing"));
  } while (next === undefined || next === old);
  return { reason, ms };
}

const ways = [
  "once",
  "in an asynchronous handler",
  "one that is at fault",
  "again and again",
  "again and again, short",
];
const neighbours = SHARDS.map((place) => runtime.whereis(nameOn(place, "neighbour")));
const reasons: Record<string, unknown[]> = {};
let slowestMs = 0;
for (const how of ways) {
  reasons[how] = [];
  for (const place of SHARDS) {
    const { reason, ms } = await outcome(place, how);
    reasons[how].push(reason);
    slowestMs = Math.max(slowestMs, ms);
  }
}
const heard: number[] = [];
for (const place of SHARDS) {
  const { messages } = (await runtime.call(
    nameOn(place, "neighbour") as never,
    "heard" as never,
    CALL_MS,
  )) as Heard;
  heard.push(messages.length);
}
const same = SHARDS.every((place) => runtime.whereis(nameOn(place, "neighbour")) === neighbours[place]);
const shards = runtime.shard.interconnect!.openShards;
process.stdout.write(
  JSON.stringify({ reasons, sooner: slowestMs < nativeMs, heard, same, shards, slowestMs, nativeMs }),
);
await runtime.shutdown();
