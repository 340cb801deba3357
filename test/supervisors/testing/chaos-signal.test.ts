import { expect, test } from "vitest";
import { CapturedLog, simulate } from "../../../runtime/testing.ts";
import { chaos, type ScriptedFault } from "../../../supervisors/testing.ts";
import { shop } from "./shop.ts";

test("chaos ends before its time when it is told to, and tells of each fault instead of the log", async () => {
  const log = new CapturedLog();
  await using simulation = await simulate({ seed: 7, logger: log });
  await simulation.run((runtime) => shop(runtime));
  const ending = new AbortController();
  const told: ScriptedFault[] = [];
  const { script } = await chaos(simulation, {
    seed: 7,
    durationMs: 3_600_000,
    signal: ending.signal,
    onFault(fault) {
      told.push(fault);
      if (told.length === 3) ending.abort();
    },
  });
  expect(told).toHaveLength(3);
  expect(script).toEqual(told);
  expect(simulation.clock.nowMs()).toBeLessThan(3_600_000);
  expect(log.lines.filter(({ message }) => message.startsWith("Chaos: "))).toEqual([]);
});
