import { expect, test } from "vitest";
import { type Clock, Runtime, silentLogger } from "../../../runtime/index.ts";
import { JumpingClock } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { assertionsOf, chaos, flood, named, shardOutOfMemory } from "../../../supervisors/testing.ts";
import { Counter } from "./counter.ts";
import { shop } from "./shop.ts";

test("the same seed inflicts the same faults at the same times, however late timers fire", async () => {
  const scriptOf = async (lateMs: number) => {
    const { nowMs, systemTimeMs, setTimer } = new JumpingClock();
    const clock: Clock = { nowMs, systemTimeMs, setTimer: (ms, fire) => setTimer(ms + lateMs, fire) };
    const runtime = await Runtime.start({ clock, logger: silentLogger });
    try {
      await shop(runtime);
      const options = { seed: 4, durationMs: 300, rateHz: 40, faults: [flood(1), flood(2)] };
      return (await chaos(runtime, { ...options, targets: [named("stock", "orders")] })).script;
    } finally {
      await runtime.shutdown();
    }
  };
  const punctual = await scriptOf(0);
  expect(punctual.length).toBeGreaterThan(1);
  expect(await scriptOf(9)).toEqual(punctual);
});

test("a shard that is out of memory dies alone, again and again", async () => {
  const runtime = await Runtime.start({ shards: 2, maxHeapMb: 60, logger: silentLogger });
  try {
    const far = { id: "far", name: "far", start: [Counter, undefined] as const, on: { shard: 1 } };
    await runtime.start(Supervisor, { strategy: "one_for_one", intensity: 1_000, children: [far] });
    const fault = shardOutOfMemory();
    for (let n = 0; n < 4; n += 1) {
      const system = await assertionsOf(runtime);
      const script = [{ atMs: 0, fault: fault.name, target: "1" }];
      const report = await chaos(runtime, { seed: 1, durationMs: 0, faults: [fault], script });
      expect(report.script).toEqual(script);
      await system.assertRestarted("far", { within: 30_000 });
    }
  } finally {
    await runtime.shutdown();
  }
});
