// A program for stalling-chaos.test.ts: handlers stall on a runtime with a watchdog. What came of it goes to stdout as JSON.
import { Runtime } from "../../../runtime/index.ts";
import { CapturedLog } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { assertionsOf, chaos, flood, named, stall } from "../../../supervisors/testing.ts";
import { Counter } from "./counter.ts";

const STALL_MS = 300;

const log = new CapturedLog();
const runtime = await Runtime.start({
  shards: 2,
  stallMs: STALL_MS,
  longScheduleMs: Number.POSITIVE_INFINITY,
  logger: log,
});
const child = (name: string, shard: number) => ({
  id: name,
  name,
  start: [Counter, undefined] as const,
  on: { shard },
});
await runtime.start(
  Supervisor,
  { strategy: "one_for_one", intensity: 100, children: [child("near", 0), child("far", 1)] },
  { name: "shop" },
);
const system = await assertionsOf(runtime);
const [fault, message] = [stall(60_000), flood(1)];
const ending = new AbortController();
const ended = chaos(runtime, {
  seed: 1,
  durationMs: 60_000,
  targets: [named("near", "far")],
  faults: [fault, message],
  script: [
    { atMs: 0, fault: fault.name, target: "far on 1" },
    { atMs: 1, fault: message.name, target: "far on 1" },
    { atMs: 2, fault: fault.name, target: "near" },
    { atMs: 3, fault: message.name, target: "near" },
  ],
  signal: ending.signal,
});
await system.assertRestarted("near", { within: 30_000 });
await system.assertRestarted("far", { within: 30_000 });
ending.abort();
await ended;
await system.assertTreeShape("shop", ["near", "far"]);
const crashes = log.lines.filter((line) => JSON.stringify(line).includes("stalled")).length;
const values = [];
for (const name of ["near", "far"]) values.push(await runtime.call(name as never, "value" as never));
process.stdout.write(JSON.stringify({ shards: runtime.shards(), values, reported: crashes > 0 }));
await runtime.shutdown();
