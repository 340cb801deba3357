import { RookeryError } from "../../runtime/index.ts";
import { expectDuration } from "../../runtime/internal.ts";
import { simulate, type Simulation, type SimulationOptions } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import { chaos, type ChaosOptions } from "./chaos.ts";
import { type FaultScript, shrunk } from "./fault-script.ts";
import { oneLine } from "./one-line.ts";

/** So many runs at most look for a shorter script. */
const SHRINK_RUNS_MAX = 200;

/** What is to survive: how it starts, what comes over it, and what must be so in the end. */
export interface ChaosScenario<World> {
  /** Starts what is tested, and whoever uses it. */
  readonly start: (simulation: Simulation) => World | Promise<World>;
  /** What comes over it: the seed is that of the simulation. */
  readonly chaos: (world: World, simulation: Simulation) => Omit<ChaosOptions, "seed" | "script">;
  /** Once the chaos is over: throws, or answers false, if something is not as it must be. Time may be let pass first. */
  readonly verify?: (world: World, simulation: Simulation) => unknown;
}

/** In which simulations there is chaos. */
export interface ChaosEachOptions extends Omit<SimulationOptions, "seed"> {
  /** In so many simulations, each with the seed that comes next. */
  readonly runs: number;
  /** The first of the seeds. Default: 1. */
  readonly seed?: number;
}

/** How a run has failed, and what was inflicted until then. */
interface Failed {
  readonly error: unknown;
  readonly script: FaultScript;
}

/**
 * Runs a scenario in one simulation after the other. If one fails, its faults are left out one after the other as long as it still
 * fails, and it rejects with `ROOKERY_CHAOS`, which names the seed and that shortest script; `cause` is what failed with it.
 */
export async function chaosEach<World>(
  { runs, seed: first = 1, ...options }: ChaosEachOptions,
  scenario: ChaosScenario<World>,
): Promise<void> {
  expectDuration(runs);
  for (let seed = first; seed < first + runs; seed += 1) {
    let failed = await outcomeOf({ ...options, seed }, scenario, undefined);
    if (failed === undefined) continue;
    const fails = async (script: FaultScript): Promise<boolean> => {
      const shorter = await outcomeOf({ ...options, seed }, scenario, script);
      if (shorter !== undefined) failed = { ...shorter, script };
      return shorter !== undefined;
    };
    // What fails without the script as well fails by itself.
    const script = (await fails([])) ? [] : await shrunk(failed.script, fails, SHRINK_RUNS_MAX);
    throw failure(seed, script, failed.error);
  }
}

/** How the run fails, by chance or by a script; undefined if it does not. */
async function outcomeOf<World>(
  options: SimulationOptions,
  { start, chaos: over, verify }: ChaosScenario<World>,
  script: FaultScript | undefined,
): Promise<Failed | undefined> {
  await using simulation = await simulate(options);
  let inflicted: FaultScript = [];
  try {
    const world = await simulation.run(async () => start(simulation));
    const scripted = script === undefined ? {} : { script };
    const report = await chaos(simulation, {
      ...over(world, simulation),
      seed: options.seed,
      ...scripted,
    });
    inflicted = report.script;
    return (await verify?.(world, simulation)) === false
      ? { error: new Error("verify answered false"), script: inflicted }
      : undefined;
  } catch (error) {
    const known = (error as { readonly script?: FaultScript }).script;
    return { error, script: known ?? inflicted };
  }
}

function failure(seed: number, script: FaultScript, cause: unknown): Error {
  const what = cause instanceof RookeryError && cause.code === "ROOKERY_CHAOS" ? cause.cause : cause;
  const text = what instanceof Error ? what.message : cause instanceof Error ? cause.message : String(cause);
  const error = supervisorError("ROOKERY_CHAOS", oneLine(text), script.length, seed, JSON.stringify(script));
  error.cause = cause;
  return Object.assign(error, { script });
}
