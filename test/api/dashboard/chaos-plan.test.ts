import { describe, expect, test } from "vitest";
import { faultsNamed, offeredFaults } from "../../../api/dashboard/chaos-faults.ts";
import { chaosPlanOf, lineOf } from "../../../api/dashboard/chaos-plan.ts";
import * as kit from "rookery/testing";

const chance = { seed: 7, durationMs: 60_000, rateHz: 2, under: ["shop"], faults: ["kill", "stall 200 ms"] };
const struck = { atMs: 40, fault: "kill", target: "stock" };

describe("what a page asks for", () => {
  test("is completed, and its line asks for the same", () => {
    const plan = chaosPlanOf(chance);
    expect(plan).toMatchObject({ ...chance, except: [], spareDashboard: true, everybody: false });
    if ("refused" in plan) throw new Error(plan.refused);
    expect(JSON.parse(lineOf(plan))).toEqual(chance);
    expect(chaosPlanOf(JSON.parse(lineOf(plan)))).toEqual(plan);
  });

  test("may be a script, which takes as long as it needs", () => {
    const plan = chaosPlanOf({ seed: 9, script: [struck, { ...struck, atMs: 1_240, turns: 3 }] });
    expect(plan).toMatchObject({ durationMs: 1_240, script: [struck, { ...struck, atMs: 1_240 }] });
    if ("refused" in plan) throw new Error(plan.refused);
    const bold = { ...plan, spareDashboard: false };
    expect(chaosPlanOf(JSON.parse(lineOf(bold)))).toEqual(bold);
  });

  const refused: [object, string][] = [
    [{ seed: -1 }, "Expected a seed that is a whole number from 0 to 4294967295, but got -1"],
    [{ seed: undefined }, "Expected a seed"],
    [{ durationMs: 3_600_001 }, "from 1 to 3600000 ms, but got 3600001"],
    [{ durationMs: "60 s" }, 'but got "60 s"'],
    [{ rateHz: 51 }, "Expected a rateHz from 0.01 to 50 Hz, but got 51"],
    [{ rateHz: 0 }, "but got 0"],
    [{ faults: [] }, "Expected 1 to 20 faults among kill, exit"],
    [{ faults: ["kill", "explode"] }, 'but got "explode"'],
    [{ faults: ["stall 10001 ms"] }, "stall <1 to 10000> ms, flood of <1 to 10000>"],
    [{ faults: ["flood of 1e3"] }, 'but got "flood of 1e3"'],
    [{ faults: ["exit (secret)"] }, 'but got "exit (secret)"'],
    [{ under: "shop" }, 'Expected in under up to 20 names of 1 to 200 characters, but got "shop"'],
    [{ except: [""] }, "Expected in except"],
    [{ shards: [64] }, "Expected in shards up to 64 places of shards, but got 64"],
    [{ everybody: 1 }, "Expected everybody to be true or false, but got 1"],
    [{ under: [] }, "Expected a target in under, named or behaving, or everybody, but got none"],
    [{ rate: 5 }, "but got rate"],
    [{ script: [struck] }, "Expected only except, spareDashboard, seed, durationMs, script"],
  ];
  test.each(refused)("is refused with what was expected: %j", (change, text) => {
    expect(chaosPlanOf({ ...chance, ...change })).toEqual({ refused: expect.stringContaining(text) });
  });

  test.each([
    [[{ ...struck, fault: "explode" }], "explode"],
    [[{ ...struck, atMs: -1 }], "atMs: -1"],
    [[struck, { ...struck, atMs: 39 }], "in the order of their times"],
    ["kill stock", '"kill stock"'],
    [Array.from({ length: 501 }, () => struck), "1 to 500 faults"],
  ])("is refused as a script, too", (script, text) => {
    expect(chaosPlanOf({ script })).toEqual({ refused: expect.stringContaining(text) });
  });
});

test("each fault that is offered is one of the kit, under the name that it has in scripts", () => {
  for (const { form, usual = "" } of offeredFaults(2)) {
    const name = form.replace(/[#*]/, String(usual));
    expect(faultsNamed(kit, [name]).map((fault) => fault.name)).toEqual([name]);
  }
  expect(offeredFaults(1).map(({ form }) => form)).not.toContain("shard crash");
});
