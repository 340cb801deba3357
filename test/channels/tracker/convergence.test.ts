import { describe, test } from "vitest";
import { SimulatedNetwork } from "./simulated-network.ts";

const RUNS = 3_000;
const STEPS = 200;

/** One by its seed, or many. */
const seeds =
  process.env["SEED"] === undefined
    ? Array.from({ length: RUNS }, (_, run) => run)
    : [Number(process.env["SEED"])];

describe("replicas over a network that loses, delays, reorders and repeats, while places crash, stop and come back", () => {
  test("show the same in the end: no ghost, and nobody lost; on the way each presence joins and leaves once", () => {
    for (const seed of seeds) {
      try {
        const network = new SimulatedNetwork(seed);
        for (let step = 0; step < STEPS; step += 1) network.step();
        network.heal();
        network.expectConverged();
      } catch (error) {
        throw new Error(`rerun with SEED=${seed}`, { cause: error });
      }
    }
  });
});
