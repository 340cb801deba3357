import { describe, expect, test } from "vitest";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { runInProcess, simulate, type Simulation } from "../../../runtime/testing.ts";
import {
  assertionsOf,
  chaos,
  delayMessages,
  dropMessages,
  eventually,
  type Fault,
  named,
  type Target,
} from "../../../supervisors/testing.ts";
import { Counter } from "./counter.ts";

const startOn = (runtime: Runtime, name: string, shard: number) =>
  runtime.start(Counter, undefined, { name, on: { shard } });

async function inflict(
  subject: Simulation | Runtime,
  fault: Fault,
  target: string,
  ...except: Target[]
): Promise<readonly unknown[]> {
  const { script } = await chaos(subject, {
    seed: 1,
    durationMs: 1,
    targets: [named("far", "near")],
    except,
    faults: [fault],
    script: [{ atMs: 0, fault: fault.name, target }],
  });
  return script;
}

async function twoShards(seed = 1): Promise<Simulation> {
  const simulation = await simulate({ seed, shards: 2, logger: silentLogger });
  await simulation.run(async (runtime) => {
    for (const name of ["far", "spared"]) await startOn(runtime, name, 1);
    await startOn(runtime, "near", 0);
  });
  return simulation;
}

const valueOf = (simulation: Simulation, name: string) =>
  simulation.run((runtime) => runtime.call(name as never, "value" as never));

describe("a delay between shards", () => {
  test("holds all that is sent back, in its order, and loses nothing", async () => {
    await using simulation = await twoShards();
    const { runtime } = simulation;
    await inflict(simulation, delayMessages(100), "0 > 1");
    const far = runtime.whereis("far") as Pid;
    for (let n = 0; n < 50; n += 1) runtime.cast(far as never, "add" as never);
    const answer = runtime.call(far as never, "value" as never);
    runtime.exit("spared", "kill");
    await simulation.advance(90);
    expect(simulation.runtimes[1]!.whereis("spared")).toBeDefined();
    await simulation.advance(20);
    expect(await answer).toBe(50);
    expect(simulation.runtimes[1]!.whereis("spared")).toBeUndefined();
  });

  test("holds back nothing the other way, nor at home", async () => {
    await using simulation = await twoShards();
    await inflict(simulation, delayMessages(100), "1 > 0");
    simulation.runtime.cast("far" as never, "add" as never);
    simulation.runtime.cast("near" as never, "add" as never);
    await simulation.settle();
    expect(await valueOf(simulation, "near")).toBe(1);
    const value = simulation.runtime.call("far" as never, "value" as never);
    await simulation.advance(200);
    expect(await value).toBe(1);
  });

  test("spares the shards of those who are excluded", async () => {
    await using simulation = await twoShards();
    expect(await inflict(simulation, delayMessages(100), "0 > 1", named("spared"))).toEqual([]);
    expect(await inflict(simulation, delayMessages(100), "0 > 1")).toHaveLength(1);
  });

  test("of more than the line takes makes senders wait, and all arrives", async () => {
    await using simulation = await twoShards();
    await inflict(simulation, delayMessages(1_000), "0 > 1");
    const sending = runInProcess(simulation.runtime, async (self) => {
      for (let n = 0; n < 300; n += 1) {
        self.send("far" as never, "x".repeat(10_000) as never);
        self.cast("far" as never, "add" as never);
        self.sendAfter(1, self.pid, "go on");
        await self.receive();
      }
    });
    await simulation.advance(3_000);
    await sending;
    expect(await valueOf(simulation, "far")).toBe(300);
  });
});

describe("a loss between shards", () => {
  test("is that of messages to targets alone, for its time", async () => {
    await using simulation = await twoShards();
    const { runtime } = simulation;
    await inflict(simulation, dropMessages(100), "0 > 1", named("spared"));
    for (const name of ["far", "spared", "near"]) runtime.cast(name as never, "add" as never);
    await simulation.advance(100);
    expect(await valueOf(simulation, "spared")).toBe(1);
    expect(await valueOf(simulation, "near")).toBe(1);
    expect(await valueOf(simulation, "far")).toBe(0);
    runtime.cast("far" as never, "add" as never);
    expect(await valueOf(simulation, "far")).toBe(1);
  });

  test("makes calls time out, and leaves monitors, exits and stops whole", async () => {
    await using simulation = await twoShards();
    const { runtime } = simulation;
    await inflict(simulation, dropMessages(10_000), "0 > 1");
    const call = runtime.call("far" as never, "value" as never, 1_000).catch((error: unknown) => error);
    await simulation.advance(1_000);
    expect(await call).toMatchObject({ code: "ROOKERY_CALL_TIMEOUT" });
    const down = runInProcess(runtime, async (self) => {
      self.monitor("far");
      return await self.receive();
    });
    await simulation.settle();
    await simulation.run(() => runtime.stop("far", "normal"));
    expect(await down).toMatchObject({ type: "DOWN", reason: "normal" });
  });

  test("is never within a shard: one shard alone has no targets", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    await simulation.run((runtime) => startOn(runtime, "near", 0));
    const faults = [dropMessages(100), delayMessages(100)];
    const options = { seed: 1, durationMs: 10_000, targets: [named("near")], faults };
    expect((await chaos(simulation, options)).script).toEqual([]);
  });

  test("is between the shards that are chosen, and says so in scripts", async () => {
    await using simulation = await twoShards();
    const faults = [dropMessages(100, { from: 1 }), dropMessages(100, { to: 1 })];
    const { script } = await chaos(simulation, {
      seed: 1,
      durationMs: 60_000,
      targets: [named("far", "near")],
      faults,
    });
    const struck = new Set(script.map(({ fault, target }) => `${fault}: ${target}`));
    expect(struck).toEqual(new Set(["drop for 100 ms (1 > any): 1 > 0", "drop for 100 ms (any > 1): 0 > 1"]));
  });

  test("may overlap another one", async () => {
    await using simulation = await twoShards();
    const { runtime } = simulation;
    const [long, short] = [dropMessages(200), dropMessages(100)];
    await inflict(simulation, long, "0 > 1");
    await inflict(simulation, short, "0 > 1");
    await simulation.advance(150);
    runtime.cast("far" as never, "add" as never);
    await simulation.advance(100);
    runtime.cast("far" as never, "add" as never);
    expect(await valueOf(simulation, "far")).toBe(1);
  });
});

test("on threads, lines are delayed and messages lost by the shard that sends", async () => {
  const runtime = await Runtime.start({ logger: silentLogger, shards: 2 });
  try {
    await startOn(runtime, "far", 1);
    await startOn(runtime, "near", 0);
    const system = await assertionsOf(runtime);
    await inflict(runtime, delayMessages(200), "0 > 1");
    await inflict(runtime, delayMessages(200), "1 > 0");
    runtime.cast("far" as never, "add" as never);
    const value = () => runtime.call("far" as never, "value" as never);
    expect(await eventually(runtime, value)).toBe(1);
    await inflict(runtime, dropMessages(1_000), "0 > 1");
    let sent = 1;
    const counted = await eventually(runtime, async () => {
      runtime.cast("far" as never, "add" as never);
      sent += 1;
      const count = (await runtime.call("far" as never, "value" as never, 100)) as number;
      return count > 1 && count;
    });
    expect(counted).toBeLessThan(sent);
    await system.assertNoLeaks();
  } finally {
    await runtime.shutdown();
  }
});
