import { expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { simulate } from "../../../runtime/testing.ts";
import { chaos, type Fault } from "../../../supervisors/testing.ts";
import { shop } from "./shop.ts";

const struckBy = async (inflict: Fault["inflict"], turns: number) => {
  await using simulation = await simulate({ seed: 1, logger: silentLogger });
  await simulation.run((runtime) => shop(runtime));
  const fault = { name: "question", targets: () => ["stock"], inflict };
  const script = [{ atMs: 10, turns, fault: fault.name, target: "stock" }];
  return await chaos(simulation, { seed: 1, durationMs: 20, faults: [fault], script });
};

test.each([0, 1])(
  "a fault of one's own may wait for processes of a simulation, after %i turns",
  async (turns) => {
    let value: unknown;
    await struckBy(async ({ runtime }) => {
      value = await runtime.call("stock" as never, "value" as never);
    }, turns);
    expect(value).toBe(0);
  },
);

test.each([0, 1])("chaos fails with a fault that can't be inflicted, after %i turns", async (turns) => {
  const failing = () => Promise.reject(new Error("there is no stock"));
  await expect(struckBy(failing, turns)).rejects.toMatchObject({
    code: "ROOKERY_CHAOS",
    message: expect.stringContaining("Expected question to be inflicted (there is no stock)") as string,
    script: [{ atMs: 10, fault: "question", target: "stock" }],
  });
});
