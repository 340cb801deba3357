import { expect, test } from "vitest";
import { silentLogger } from "../../runtime/index.ts";
import { type Simulation, simulate, simulateEach } from "../../runtime/testing.ts";

/** In which order two processes had their turns. */
async function order(simulation: Simulation): Promise<string> {
  const turns: string[] = [];
  for (const name of ["a", "b"]) simulation.runtime.spawn(() => turns.push(name));
  await simulation.settle();
  return turns.join();
}

test("a property that fails names the seed, and with that seed it fails again", async () => {
  const property = async (simulation: Simulation): Promise<void> => {
    expect(await order(simulation)).toBe("a,b");
  };
  const failure: Error & { readonly cause?: unknown } = await simulateEach(
    { runs: 50, logger: silentLogger },
    property,
  ).then(
    () => expect.fail("no order of turns made it fail"),
    (error: Error) => error,
  );
  expect(failure).toMatchObject({ code: "ROOKERY_SIMULATION", cause: { name: "AssertionError" } });
  const seed = Number(/simulate\(\{ seed: (\d+) \}\)/.exec(failure.message)?.[1]);
  await using simulation = await simulate({ seed });
  expect(await order(simulation)).toBe("b,a");
  await expect(simulateEach({ runs: 1, seed }, property)).rejects.toMatchObject({
    message: expect.stringContaining(`seed: ${seed} `),
  });
});

test("a property that holds is checked with as many seeds as there are runs, from the first on", async () => {
  const seeds: number[] = [];
  await simulateEach({ runs: 3, seed: 7 }, ({ seed }) => seeds.push(seed));
  expect(seeds).toEqual([7, 8, 9]);
});

test("work may let time pass itself, and waits for nobody else to do so", async () => {
  await using simulation = await simulate({ seed: 1 });
  const rang: number[] = [];
  for (const ms of [1_000, 2_000, 60_000]) simulation.clock.setTimer(ms, () => rang.push(ms));
  await simulation.run(async () => {
    for (let n = 0; n < 3; n += 1) await simulation.advance(1_000);
  });
  expect(rang).toEqual([1_000, 2_000]);
  const waits = simulation.run(() => new Promise<void>((resolve) => simulation.clock.setTimer(1, resolve)));
  await expect(waits).rejects.toThrow("it waits for time to pass");
});

test("what fails outside of processes while time passes names the seed, too", async () => {
  await using simulation = await simulate({ seed: 4711 });
  simulation.clock.setTimer(5, () => {
    throw new RangeError("out of it");
  });
  await expect(simulation.advance(10)).rejects.toMatchObject({
    code: "ROOKERY_SIMULATION",
    message: expect.stringContaining("4711"),
    cause: { message: "out of it" },
  });
});
