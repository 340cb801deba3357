import { describe, expect, test } from "vitest";
import { Runtime, type RuntimeOptions, silentLogger } from "../../../runtime/index.ts";
import { CapturedLog, simulate, type Simulation } from "../../../runtime/testing.ts";
import { Counter, miscount } from "./counter.ts";
import { Clerk, type Till } from "./clerk.ts";
import { Door } from "./door.ts";
import { shop } from "./shop.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import {
  assertionsOf,
  chaos,
  chaosEach,
  type ChaosScenario,
  crash,
  eventually,
  exit,
  type FaultScript,
  flood,
  kill,
  named,
  onPlace,
  processFault,
  shardCrash,
  shardOutOfMemory,
  stall,
  type SystemAssertions,
  under,
} from "../../../supervisors/testing.ts";

interface ChaosFailure extends Error {
  readonly script: FaultScript;
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

  test.each(["door", "gate"])("crashes a machine with functions of its states: %s", async (name) => {
    const log = new CapturedLog();
    await using simulation = await simulate({ seed: 1, logger: log });
    const { runtime } = simulation;
    const door = { id: name, name, start: [Door, name === "gate"] as const };
    const flags = { strategy: "one_for_one", intensity: 1_000 } as const;
    await simulation.run(() => runtime.start(Supervisor, { ...flags, children: [door] }, { name: "house" }));
    const before = runtime.whereis(name);
    // Its own functions may be called meanwhile, by another callback: it is the next one that throws.
    simulation.clock.setTimer(50, () => expect(runtime.whereis(name)).toBe(before));
    simulation.clock.setTimer(60, () => runtime.cast(name as never, "push" as never));
    const script = [{ atMs: 10, fault: "crash", target: name }];
    expect(await struck(simulation, { durationMs: 100, faults: [crash()], script })).toEqual(script);
    expect(runtime.whereis(name)).not.toBe(before);
    expect(log.lines.map((line) => JSON.stringify(line)).join("\n")).toContain("made this callback throw");
  });

  const onShards = async (simulation: Simulation): Promise<void> => {
    const children = [1, 2].map((shard) => ({
      id: shard,
      name: `on ${shard}`,
      start: [Counter, undefined] as const,
      on: { shard },
    }));
    const flags = { strategy: "one_for_one", intensity: 1_000 } as const;
    await simulation.run((runtime) => runtime.start(Supervisor, { ...flags, children }, { name: "shop" }));
  };

  test.each([shardCrash(), shardOutOfMemory()])(
    "inflicts $name, after which all comes back",
    async (fault) => {
      await using simulation = await simulate({ seed: 5, shards: 3, logger: silentLogger });
      await onShards(simulation);
      const system = await assertionsOf(simulation);
      const script = await struck(simulation, { faults: [fault] });
      expect(new Set(script.map(({ target }) => target))).toEqual(new Set(["1", "2"]));
      await simulation.advance(1_000);
      expect(simulation.runtime.shards()).toEqual([0, 1, 2]);
      await system.assertTreeShape("shop");
    },
  );

  test("never loses the shard of somebody who is excluded, nor one where no target lives", async () => {
    await using simulation = await simulate({ seed: 5, shards: 3, logger: silentLogger });
    await onShards(simulation);
    const struckPlaces = async (options: object) =>
      new Set((await struck(simulation, { faults: [shardCrash()], ...options })).map(({ target }) => target));
    expect(await struckPlaces({ except: [named("on 1")] })).toEqual(new Set(["2"]));
    expect(await struckPlaces({ targets: [onPlace(1)] })).toEqual(new Set(["1"]));
  });

  test("says which faults could strike nobody, and what they need", async () => {
    const log = new CapturedLog();
    await using simulation = await simulate({ seed: 5, shards: 3, logger: log });
    await onShards(simulation);
    const report = await chaos(simulation, {
      seed: 5,
      durationMs: 20_000,
      targets: [named("shop")],
      except: [onPlace(1, 2)],
      faults: [flood(1), shardCrash()],
    });
    expect(report.missed).toEqual(["shard crash"]);
    const warnings = log.lines.filter(({ level }) => level === "warn").map(({ message }) => message);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^Chaos: shard crash was due \d+ times and never inflicted: it needs a shard other than the first, /,
    );
  });

  test("disarms a crash that has met no callback until its end", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const { runtime } = simulation;
    await simulation.run(() => shop(runtime));
    const before = runtime.whereis("stock");
    const script = [0, 1].map((atMs) => ({ atMs, fault: "crash", target: "stock" }));
    expect(await struck(simulation, { durationMs: 10, faults: [crash()], script })).toEqual(script);
    await simulation.run(() => runtime.call("stock" as never, "value" as never));
    expect(runtime.whereis("stock")).toBe(before);
  });

  test("looks at invariants after each step, and names seed and script when one breaks", async () => {
    await using simulation = await simulate({ seed: 9, logger: silentLogger });
    const { runtime } = simulation;
    await simulation.run(() => shop(runtime, 0));
    const lives = { "the shop is open": () => runtime.whereis("shop") !== undefined };
    const failure = await struck(simulation, { targets: [under("shop")], invariants: lives }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "ROOKERY_CHAOS" });
    expect((failure as ChaosFailure).script[0]).toMatchObject({ fault: "kill" });
    expect(String(failure)).toContain("seed: 9");
  });

  describe("strikes in the midst of work, too", () => {
    const scenario: ChaosScenario<Till> = {
      start: async ({ runtime }) => {
        const till = { taken: 0, given: 0 };
        const clerk = { id: "clerk", name: "clerk", start: [Clerk, till] as const };
        const flags = { strategy: "one_for_one", intensity: 1_000 } as const;
        await runtime.start(Supervisor, { ...flags, children: [clerk] }, { name: "bank" });
        return till;
      },
      chaos: () => ({ durationMs: 20_000, rateHz: 2, targets: [under("bank")] }),
      verify: async ({ taken, given }, simulation) => {
        await simulation.advance(10);
        return taken === given;
      },
    };
    const broken = async (): Promise<ChaosFailure> =>
      (await chaosEach({ runs: 20, logger: silentLogger }, scenario).catch(
        (error: unknown) => error,
      )) as ChaosFailure;

    test("and finds what is lost between two messages, with the one fault that it takes", async () => {
      const failure = await broken();
      expect(failure).toMatchObject({ code: "ROOKERY_CHAOS", script: [{ fault: "kill", target: "clerk" }] });
      expect(failure.script[0]!.turns).toBeGreaterThan(0);
    });

    test("and again there when the script is repeated", async () => {
      const { script, message } = await broken();
      const seed = Number(/seed: (\d+)/.exec(message)![1]);
      const lost = async (repeated: FaultScript): Promise<number> => {
        await using simulation = await simulate({ seed, logger: silentLogger });
        const till = await simulation.run(async () => scenario.start(simulation));
        await struck(simulation, { ...scenario.chaos(till, simulation), script: repeated });
        await simulation.advance(10);
        return till.taken - till.given;
      };
      expect(await lost(script)).toBe(1);
      expect(await lost(script.map(({ turns: _turns, ...atRest }) => atRest))).toBe(0);
    });

    test("and at rest if there is nothing to do", async () => {
      await using simulation = await simulate({ seed: 3, logger: silentLogger });
      await simulation.run((runtime) => shop(runtime));
      const script = [{ atMs: 500, turns: 40, fault: "kill", target: "stock" }];
      const before = simulation.runtime.whereis("stock");
      expect(await struck(simulation, { script })).toEqual(script);
      expect(simulation.runtime.whereis("stock")).not.toBe(before);
    });

    test("and never a shard that is gone already, though not everybody has heard of it", async () => {
      await using simulation = await simulate({ seed: 5, shards: 3, logger: silentLogger });
      await onShards(simulation);
      const at = (turns: number) => ({ atMs: 500, turns, fault: "shard crash", target: "1" });
      const script = [at(1), at(2), at(3)];
      const faults = [shardCrash(), flood(20)];
      const flooding = { atMs: 500, fault: "flood of 20", target: "on 2 on 2" };
      expect(await struck(simulation, { faults, script: [...script, flooding] })).toEqual([at(1), flooding]);
    });
  });

  test("says what failed, and how to repeat it, in one line", async () => {
    await using simulation = await simulate({ seed: 9, logger: silentLogger });
    await simulation.run((runtime) => shop(runtime));
    const fails = (): never => {
      throw new Error("one line\n  and another");
    };
    const failure = (await struck(simulation, { invariants: { "all is well": fails } }).catch(
      (error: unknown) => error,
    )) as Error;
    expect(failure.message).toBe(
      "Expected all is well (one line and another) under chaos, but after 0 faults it was not so; " +
        "the same run again: { seed: 9, script: [] }",
    );
  });
});

test("chaos over a runtime on virtual time is refused: it takes the simulation", async () => {
  await using simulation = await simulate({ seed: 1, logger: silentLogger });
  await expect(chaos(simulation.runtime, { seed: 1, durationMs: 1 })).rejects.toMatchObject({
    code: "ROOKERY_SUPERVISOR_OPTION",
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

describe("chaosEach, when a run is over", () => {
  const ended = async (scenario: Partial<ChaosScenario<string>>): Promise<[string[], unknown]> => {
    const worlds: string[] = [];
    const error = await chaosEach(
      { runs: 2, logger: silentLogger },
      {
        start: async ({ seed, runtime }) => {
          await shop(runtime);
          return `world ${seed}`;
        },
        chaos: () => ({ durationMs: 2_000, targets: [under("shop")] }),
        end: (world, simulation) => {
          worlds.push(`${world} ${simulation.runtime.whereis("shop") === undefined ? "after" : "before"}`);
        },
        ...scenario,
      },
    ).catch((thrown: unknown) => thrown);
    return [worlds, error];
  };

  test("ends its world, before the simulation is shut down", async () => {
    expect(await ended({})).toEqual([["world 1 before", "world 2 before"], undefined]);
  });

  test("ends its world also when it has failed, and that of each run that looks for a shorter script", async () => {
    const fails = (): never => {
      throw new Error("it is not well");
    };
    const [worlds, error] = await ended({ verify: fails });
    expect(worlds).toEqual(["world 1 before", "world 1 before"]);
    expect(error).toMatchObject({
      code: "ROOKERY_CHAOS",
      message: expect.stringContaining("it is not well"),
    });
  });

  test("fails if its world can't be ended", async () => {
    const end = (): never => {
      throw new Error("it is still open");
    };
    expect((await ended({ end }))[1]).toMatchObject({
      code: "ROOKERY_CHAOS",
      message: expect.stringContaining("it is still open"),
    });
  });

  test("refuses to have tested nothing", async () => {
    const chaos = () => ({ durationMs: 20_000, faults: [shardCrash()] });
    expect((await ended({ chaos }))[1]).toMatchObject({
      code: "ROOKERY_SUPERVISOR_OPTION",
      message: expect.stringContaining("shard crash"),
    });
  });
});

describe("chaos on a runtime that runs", () => {
  const far = { id: "far", name: "far", start: [Counter, undefined] as const, on: { shard: 1 } };

  const running = async (
    options: RuntimeOptions,
    body: (runtime: Runtime, system: SystemAssertions) => Promise<void>,
  ): Promise<void> => {
    const runtime = await Runtime.start({ logger: silentLogger, shards: 2, ...options });
    try {
      await runtime.start(
        Supervisor,
        { strategy: "one_for_one", intensity: 1_000, children: [far] },
        { name: "shop" },
      );
      await body(runtime, await assertionsOf(runtime));
    } finally {
      await runtime.shutdown();
    }
  };

  test("strikes processes of other shards, too", () =>
    running({}, async (runtime, system) => {
      const { script } = await chaos(runtime, {
        seed: 1,
        durationMs: 400,
        rateHz: 20,
        targets: [under("shop")],
      });
      expect(script.length).toBeGreaterThan(0);
      expect(script[0]).toMatchObject({ fault: "kill", target: "far on 1" });
      await system.assertRestarted("far");
      await system.assertTreeShape("shop", ["far"]);
      await system.assertNoOrphans();
      await system.assertNoLeaks();
    }));

  test.each([
    [shardCrash(), {}],
    [shardOutOfMemory(), { maxHeapMb: 40 }],
  ])("inflicts $name, after which all comes back", (fault, options) =>
    running(options, async (runtime, system) => {
      const entry = { atMs: 1, fault: fault.name, target: "1" };
      const { script } = await chaos(runtime, { seed: 1, durationMs: 1, faults: [fault], script: [entry] });
      expect(script).toMatchObject([{ fault: fault.name, target: "1" }]);
      await system.assertRestarted("far", { within: 30_000 });
      await system.assertTreeShape("shop", ["far"], { within: 30_000 });
      expect(runtime.shards()).toEqual([0, 1]);
    }),
  );

  test("inflicts faults of one's own, wherever the process lives", () =>
    running({}, async (runtime) => {
      const fault = processFault("miscount", new URL("counter.ts", import.meta.url).href, miscount, 3);
      const script = [{ atMs: 0, fault: "miscount", target: "far on 1" }];
      await chaos(runtime, { seed: 1, durationMs: 1, faults: [fault], script });
      const value = () => runtime.call("far" as never, "value" as never);
      expect(await eventually(runtime, value)).toBe(3);
    }));

  test("disarms what has met no callback until its end, on other shards too", () =>
    running({}, async (runtime) => {
      const faults = [crash(), stall(60_000)];
      const script = faults.map(({ name }) => ({ atMs: 0, fault: name, target: "far on 1" }));
      const before = runtime.whereis("far");
      expect((await chaos(runtime, { seed: 1, durationMs: 1, faults, script })).script).toHaveLength(2);
      expect(await runtime.call("far" as never, "value" as never)).toBe(0);
      expect(runtime.whereis("far")).toBe(before);
    }));

  test("fills no heap that has no limit", () =>
    running({}, async (runtime) => {
      const { script } = await chaos(runtime, {
        seed: 1,
        durationMs: 100,
        rateHz: 50,
        faults: [shardOutOfMemory()],
      });
      expect(script).toEqual([]);
    }));
});
