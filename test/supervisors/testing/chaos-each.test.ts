import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import type { Simulation } from "../../../runtime/testing.ts";
import {
  chaosEach,
  type ChaosEachOptions,
  type ChaosScenario,
  type Fault,
  kill,
  named,
  under,
} from "../../../supervisors/testing.ts";
import { LateCounter } from "./late-counter.ts";
import { shop } from "./shop.ts";

const scenario = {
  start: ({ runtime }: Simulation) => shop(runtime),
  chaos: () => ({ durationMs: 30_000, targets: [under("shop")] }),
};

const failureOf = (
  changes: Partial<ChaosScenario<void>>,
  options: Partial<ChaosEachOptions> = {},
): Promise<unknown> =>
  chaosEach({ runs: 1, logger: silentLogger, ...options }, { ...scenario, ...changes }).catch(
    (error: unknown) => error,
  );

const fails = (text: string) => (): never => {
  throw new Error(text);
};

describe("chaosEach says", () => {
  test.each<[string, Partial<ChaosScenario<void>>]>([
    ["start to succeed (no database)", { start: fails("no database") }],
    ["chaos to go on (no plan)", { chaos: fails("no plan") }],
    ["verify to pass (two are missing)", { verify: fails("two are missing") }],
    ["verify to pass", { verify: () => false }],
    ["end to succeed (it is still open)", { end: fails("it is still open") }],
    ["all is well", { chaos: () => ({ ...scenario.chaos(), invariants: { "all is well": () => false } }) }],
  ])("what was not so, once: %s", async (expected, changes) => {
    expect(await failureOf(changes)).toMatchObject({
      code: "ROOKERY_CHAOS",
      message: `Expected ${expected} under chaos, but after 0 faults it was not so; the same run again: { seed: 1, script: [] }`,
    });
  });

  test("with which faults a world can't be ended", async () => {
    const before = new Map<Simulation, unknown>();
    const failure = await failureOf({
      async start(simulation) {
        await shop(simulation.runtime);
        before.set(simulation, simulation.runtime.whereis("stock"));
      },
      end(_world, simulation) {
        if (simulation.runtime.whereis("stock") !== before.get(simulation))
          throw new Error("it is not closed");
      },
    });
    expect(failure).toMatchObject({ script: [{ fault: "kill", target: "stock" }] });
  });
});

describe("chaosEach refuses", () => {
  test.each<[string, Partial<ChaosScenario<void>>, Partial<ChaosEachOptions>]>([
    ["a list of functions as targets", { chaos: () => ({ durationMs: 1, targets: ["shop" as never] }) }, {}],
    ["a time of at least 0 ms", { chaos: (() => Promise.resolve({ durationMs: 1 })) as never }, {}],
    ["faults with atMs, fault and target as script", {}, { script: "[]" as never }],
  ])("%s, which is no failure under chaos, and ends its world", async (expected, changes, options) => {
    let ended = 0;
    const failure = await failureOf({ ...changes, end: () => void (ended += 1) }, options);
    expect(String(failure)).toContain(`Expected ${expected}`);
    expect(failure).not.toMatchObject({ code: "ROOKERY_CHAOS" });
    expect(ended).toBe(1);
  });
});

describe("chaosEach repeats", () => {
  test("a run by its seed and script", async () => {
    const told: unknown[] = [];
    const script = [{ atMs: 500, turns: 2, fault: "kill", target: "stock" }];
    const chaos = () => ({ ...scenario.chaos(), onFault: (fault: unknown) => told.push(fault) });
    expect(await failureOf({ chaos }, { seed: 9, script })).toBeUndefined();
    expect(told).toEqual(script);
  });

  test("a run without faults", async () => {
    expect(await failureOf({}, { script: [] })).toBeUndefined();
  });

  test("a run whose shards have loaded modules for the first time", async () => {
    const drawn: number[] = [];
    for (let n = 0; n < 2; n += 1) {
      await failureOf(
        {
          start: async ({ runtime }) => {
            for (const shard of [1, 1, 1]) await runtime.start(LateCounter, undefined, { on: { shard } });
          },
          chaos: () => ({ durationMs: 10_000 }),
          // As many draws as there were choices of whose turn it is.
          verify: (_world, { runtime }) => void drawn.push(runtime.random.next()),
        },
        { shards: 2 },
      );
    }
    expect(drawn[1]).toBe(drawn[0]);
  });

  test("with fewer faults until none can be left out", async () => {
    const struck = new Set<string>();
    const fault = (name: string): Fault => ({
      name,
      targets: () => ["all"],
      inflict: () => void struck.add(name),
    });
    const names = ["first", "kept", "last", "kept too"];
    const failure = await failureOf(
      {
        start: () => struck.clear(),
        chaos: () => ({ durationMs: 10, faults: names.map(fault) }),
        // The first one is needed only as long as the last one is there.
        verify: () =>
          !(struck.has("kept") && struck.has("kept too") && (struck.has("first") || !struck.has("last"))),
      },
      { script: names.map((name, atMs) => ({ atMs, fault: name, target: "all" })) },
    );
    expect(failure).toMatchObject({ script: [{ fault: "kept" }, { fault: "kept too" }] });
  });
});

describe("chaosEach refuses", () => {
  test.each([0, 1.5, undefined])("%o runs", async (runs) => {
    expect(await failureOf({}, { runs: runs as number })).toMatchObject({
      code: "ROOKERY_SUPERVISOR_OPTION",
    });
  });

  test("a misspelled part of a scenario", async () => {
    expect(await failureOf({ verfy: () => false } as object)).toMatchObject({ code: "ROOKERY_BADARG" });
  });

  test.each([
    ["without faults", "none that was due", { faults: [] }],
    ["that is over before the first fault", "none that was due", { rateHz: 0.000_001 }],
    ["over nobody", "it needs a process that is a target", { targets: [named("nobody")] }],
  ])("chaos %s", async (_what, got, options) => {
    const chaos = () => ({ ...scenario.chaos(), faults: [kill()], ...options });
    expect(await failureOf({ chaos })).toMatchObject({
      code: "ROOKERY_SUPERVISOR_OPTION",
      message: expect.stringContaining(got) as string,
    });
  });
});
