import { expectFunction } from "./argument.ts";
import { runtimeError } from "./errors.ts";
import { type Simulation, simulate, type SimulationOptions, withSeed } from "./simulation.ts";

/** In which simulations a property must hold. */
export interface PropertyOptions extends Omit<SimulationOptions, "seed"> {
  /** In so many simulations, each with the seed that comes next. */
  readonly runs: number;
  /** The first of the seeds. 1 if left out. */
  readonly seed?: number;
}

/**
 * Runs `property` in one simulation after the other, and with that in many orders of turns. Rejects with the first failure, as an
 * error that names its seed (`ROOKERY_SIMULATION`; `cause` is what failed): with that seed and one run, the same happens again.
 * @example
 * ```ts doctest
 * const orders = new Set();
 * await simulateEach({ runs: 20 }, async (simulation) => {
 *   const order: string[] = [];
 *   for (const name of ["a", "b"]) simulation.runtime.spawn(() => order.push(name));
 *   await simulation.settle();
 *   orders.add(order.join());
 * });
 * orders.size; // => 2
 * ```
 */
export async function simulateEach(
  options: PropertyOptions,
  property: (simulation: Simulation) => unknown,
): Promise<void> {
  if (typeof options !== "object" || options === null)
    throw runtimeError("ROOKERY_BADARG", "an object as the options of simulateEach", options);
  const { runs, seed: first = 1, ...ofEach } = options;
  // A property that is never checked would hold, whatever it is.
  if (!(Number.isInteger(runs) && runs > 0))
    throw runtimeError("ROOKERY_BADARG", "a whole number of runs above 0", runs);
  expectFunction("that checks a property", property);
  for (let seed = first; seed < first + runs; seed += 1) {
    await using simulation = await simulate({ ...ofEach, seed });
    try {
      await property(simulation);
    } catch (failure) {
      throw withSeed(seed, failure);
    }
  }
}
