import { describe, expect, test } from "vitest";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { CapturedLog, simulate, type Simulation } from "../../../runtime/testing.ts";
import { Counter } from "./counter.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import {
  chaos,
  chaosEach,
  crash,
  exit,
  flood,
  kill,
  named,
  shardCrash,
  stall,
  supervised,
  under,
} from "../../../supervisors/testing.ts";

async function shop(runtime: Runtime, intensity = 1_000): Promise<void> {
  const child = (name: string) => ({ id: name, name, start: [Counter, undefined] as const });
  await runtime.start(
    Supervisor,
    { strategy: "one_for_one", intensity, children: [child("orders"), child("stock"), child("audit")] },
    { name: "shop" },
  );
}

const struck = async (simulation: Simulation, options: object) =>
  (await chaos(simulation, { seed: simulation.seed, durationMs: 20_000, rateHz: 2, ...options })).script;

describe("chaos in a simulation", () => {
  test("kills what is under a supervisor, which starts it again, and nobody else", async () => {
    await using simulation = await simulate({ seed: 7, logger: silentLogger });
    await simulation.run((runtime) => shop(runtime));
    const before = simulation.runtime.whereis("audit");
    const script = await struck(simulation, { targets: [under("shop")], except: [named("audit")] });
    expect(new Set(script.map(({ target }) => target))).toEqual(new Set(["orders", "stock"]));
    expect(simulation.runtime.whereis("orders")).toBeDefined();
    expect(simulation.runtime.whereis("audit")).toBe(before);
  });

  test("is the same run with the same seed, and another with another one", async () => {
    const scriptOf = async (seed: number) => {
      await using simulation = await simulate({ seed, logger: silentLogger });
      await simulation.run((runtime) => shop(runtime));
      return await struck(simulation, { faults: [kill(), exit("shutdown"), crash(), stall(100), flood(10)] });
    };
    expect(await scriptOf(3)).toEqual(await scriptOf(3));
    expect(await scriptOf(3)).not.toEqual(await scriptOf(4));
  });

  test("repeats a script instead of drawing faults", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    await simulation.run((runtime) => shop(runtime));
    const script = [{ atMs: 500, fault: "kill", target: "stock" }];
    expect(await struck(simulation, { script })).toEqual(script);
  });

  test.each([
    [crash(), "chaos has made this callback throw"],
    [stall(100), "stalled"],
    [kill(), "killed"],
  ])("inflicts $name", async (fault, reason) => {
    const log = new CapturedLog();
    await using simulation = await simulate({ seed: 1, logger: log });
    await simulation.run((runtime) => shop(runtime));
    await struck(simulation, { faults: [fault, flood(1)], targets: [named("orders")] });
    expect(log.lines.map((line) => JSON.stringify(line)).join("\n")).toContain(reason);
  });

  test("loses shards, which come back", async () => {
    await using simulation = await simulate({ seed: 5, shards: 3, logger: silentLogger });
    const script = await struck(simulation, { faults: [shardCrash()], targets: [supervised] });
    await simulation.advance(1_000);
    expect(script.length).toBeGreaterThan(10);
    expect(simulation.runtime.shards()).toEqual([0, 1, 2]);
  });

  test("looks at invariants after each step, and names seed and script when one breaks", async () => {
    await using simulation = await simulate({ seed: 9, logger: silentLogger });
    const { runtime } = simulation;
    await simulation.run(() => shop(runtime, 0));
    const lives = { "the shop is open": () => runtime.whereis("shop") !== undefined };
    const failure = await struck(simulation, { targets: [under("shop")], invariants: lives }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "ROOKERY_CHAOS", script: [{ fault: "kill" }] });
    expect(String(failure)).toContain("seed: 9");
  });
});

describe("chaosEach", () => {
  test("finds the shortest script with which it still fails", async () => {
    const failure = await chaosEach(
      { runs: 5, logger: silentLogger },
      {
        start: ({ runtime }) => shop(runtime),
        chaos: () => ({
          durationMs: 30_000,
          rateHz: 1,
          targets: [under("shop")],
          faults: [kill(), flood(3)],
        }),
        verify: async (_world, simulation) =>
          (await simulation.run((runtime) => runtime.call("stock" as never, "value" as never))) === 0,
      },
    ).catch((error: unknown) => error);
    expect(failure).toBeUndefined();
    const first = new Map<Simulation, unknown>();
    const loser = await chaosEach(
      { runs: 5, logger: silentLogger },
      {
        start: async (simulation) => {
          await shop(simulation.runtime);
          first.set(simulation, simulation.runtime.whereis("stock"));
        },
        chaos: () => ({
          durationMs: 30_000,
          rateHz: 1,
          targets: [under("shop")],
          faults: [kill(), flood(3)],
        }),
        verify: (_world, simulation) => simulation.runtime.whereis("stock") === first.get(simulation),
      },
    ).catch((error: unknown) => error);
    expect(loser).toMatchObject({ code: "ROOKERY_CHAOS", script: [{ fault: "kill", target: "stock" }] });
  });
});

describe("chaos on a runtime that runs", () => {
  test("strikes processes of other shards, too", async () => {
    const runtime = await Runtime.start({ logger: silentLogger, shards: 2 });
    try {
      const children = [{ id: "far", name: "far", start: [Counter, undefined] as const, on: { shard: 1 } }];
      await runtime.start(
        Supervisor,
        { strategy: "one_for_one", intensity: 1_000, children },
        { name: "shop" },
      );
      const { script } = await chaos(runtime, {
        seed: 1,
        durationMs: 400,
        rateHz: 20,
        targets: [named("far")],
      });
      expect(script.length).toBeGreaterThan(0);
      expect(script[0]).toMatchObject({ fault: "kill", target: "far on 1" });
    } finally {
      await runtime.shutdown();
    }
  });
});
