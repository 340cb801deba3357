import { expect, test } from "vitest";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { JumpingClock, simulate } from "../../../runtime/testing.ts";
import { chaos, clockJump, eventually } from "../../../supervisors/testing.ts";
import { TimeTeller } from "./time-teller.ts";

const HOUR_MS = 3_600_000;

const jumping = (ms: number) => {
  const fault = clockJump(ms);
  return {
    seed: 1,
    durationMs: 0,
    faults: [fault],
    script: [{ atMs: 0, fault: fault.name, target: "clock" }],
  };
};

test.each([HOUR_MS, -HOUR_MS])(
  "a jump of %i ms changes the time of day of a simulation, and no timer",
  async (ms) => {
    await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    const { clock } = simulation;
    let rangAtMs = 0;
    clock.setTimer(1_000, () => (rangAtMs = clock.nowMs()));
    const before = clock.systemTimeMs();
    await chaos(simulation, jumping(ms));
    expect(simulation.runtimes.map((runtime) => runtime.clock.systemTimeMs() - before)).toEqual([ms, ms]);
    await simulation.advance(2_000);
    expect(rangAtMs).toBe(1_000);
    expect(clock.systemTimeMs() - before).toBe(ms + 2_000);
  },
);

test("a running runtime with a clock that can jump sees it jump", async () => {
  const clock = new JumpingClock();
  const runtime = await Runtime.start({ clock, logger: silentLogger });
  try {
    const [time, now] = [clock.systemTimeMs(), clock.nowMs()];
    await chaos(runtime, jumping(-HOUR_MS));
    expect(runtime.clock.systemTimeMs()).toBeLessThan(time);
    expect(runtime.clock.nowMs()).toBeGreaterThanOrEqual(now);
    expect(runtime.clock.nowMs()).toBeLessThan(now + HOUR_MS);
  } finally {
    await runtime.shutdown();
  }
});

test("all shards of it see the jump, also those that are started anew", async () => {
  const clock = new JumpingClock();
  const runtime = await Runtime.start({ clock, shards: 2, logger: silentLogger });
  try {
    const before = clock.systemTimeMs();
    const startTeller = () => runtime.start(TimeTeller, undefined, { on: { shard: 1 } });
    const first = await startTeller();
    expect(await runtime.call(first, "time")).toBeLessThan(before + HOUR_MS);
    await chaos(runtime, jumping(HOUR_MS));
    expect(await runtime.call(first, "time")).toBeGreaterThanOrEqual(before + HOUR_MS);
    runtime.crashShard(1);
    const isBack = () => !runtime.isAlive(first) && runtime.shards().includes(1);
    await eventually(runtime, isBack, { within: 30_000 });
    expect(await runtime.call(await startTeller(), "time")).toBeGreaterThanOrEqual(before + HOUR_MS);
  } finally {
    await runtime.shutdown();
  }
});

test("the clock of the machine is left alone", async () => {
  const runtime = await Runtime.start({ logger: silentLogger });
  try {
    expect((await chaos(runtime, jumping(HOUR_MS))).script).toEqual([]);
  } finally {
    await runtime.shutdown();
  }
});
