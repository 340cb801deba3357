import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { simulate } from "../../../runtime/testing.ts";
import {
  chaos,
  clockJump,
  exit,
  flood,
  kill,
  named,
  processFault,
  stall,
} from "../../../supervisors/testing.ts";
import { shop } from "./shop.ts";

const over = async (options: object) => {
  await using simulation = await simulate({ seed: 1, logger: silentLogger });
  await simulation.run((runtime) => shop(runtime));
  return await chaos(simulation, { seed: 1, durationMs: 1_000, ...options });
};

describe("chaos refuses what would test nothing", () => {
  test.each([
    ["an integer as seed", { seed: undefined }],
    ["an integer as seed", { seed: "7" }],
    ["more than 0 faults a second as rateHz", { rateHz: 0 }],
    ["more than 0 faults a second as rateHz", { rateHz: Number.NaN }],
    ["more than 0 faults a second as rateHz", { rateHz: Number.POSITIVE_INFINITY }],
    ["a list of functions as targets", { targets: named("stock") }],
    ["a list of functions as targets", { targets: ["stock"] }],
    ["a list of functions as except", { except: ["stock"] }],
    ["a list of faults, such as [kill()], as faults", { faults: [kill] }],
    ["a list of faults, such as [kill()], as faults", { faults: kill() }],
    ["functions by what they say as invariants", { invariants: () => false }],
    ["functions by what they say as invariants", { invariants: null }],
    ["functions by what they say as invariants", { invariants: { "all is well": false } }],
    ["faults with atMs, fault and target as script", { script: "[]" }],
    ["faults with atMs, fault and target as script", { script: [{ fault: "kill", target: "stock" }] }],
    ["an AbortSignal as signal", { signal: true }],
    ["a function as onFault", { onFault: "log" }],
  ])("%s, in %o", async (expected, options) => {
    await expect(over(options)).rejects.toMatchObject({
      code: "ROOKERY_SUPERVISOR_OPTION",
      message: expect.stringContaining(`Expected ${expected} in the options of chaos`) as string,
    });
  });

  test.each([() => Promise.resolve(false), () => Promise.reject(new Error("it is not well"))])(
    "an invariant that answers a promise",
    async (invariant) => {
      await expect(over({ invariants: { "all is well": invariant } })).rejects.toMatchObject({
        code: "ROOKERY_SUPERVISOR_OPTION",
        message: expect.stringContaining('an answer at once from the invariant "all is well"') as string,
      });
    },
  );

  test.each([
    ["stall", () => stall(-1)],
    ["stall", () => stall("1" as never)],
    ["flood", () => flood(0)],
    ["flood", () => flood(1.5)],
    ["clockJump", () => clockJump("1" as never)],
    ["processFault", () => processFault("amnesia", import.meta.url, undefined as never)],
  ])("wrong arguments of %s", (_name, fault) => {
    expect(fault).toThrow(/^Expected /);
  });
});

test("exits with different reasons have different names", () => {
  expect(exit({ code: 1 }).name).not.toBe(exit({ code: 2 }).name);
  expect(exit("shutdown").name).toBe("exit shutdown");
});

test("a script inflicts its faults at their times, in whichever order it names them", async () => {
  const at = (atMs: number, target: string) => ({ atMs, fault: "kill", target });
  const { script } = await over({ script: [at(500, "stock"), at(100, "orders")] });
  expect(script).toEqual([at(100, "orders"), at(500, "stock")]);
});
