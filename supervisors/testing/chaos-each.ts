import { type Logger, RookeryError } from "../../runtime/index.ts";
import { expectDuration } from "../../runtime/internal.ts";
import { simulate, type Simulation, type SimulationOptions } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import { type ChaosOptions, talliedChaos } from "./chaos.ts";
import { type FaultScript, shrunk } from "./fault-script.ts";
import { FaultTally } from "./fault-tally.ts";
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
  /**
   * Called once for each world that has started, whether its run has failed or not: closes databases, stops servers. The simulation
   * is shut down after it.
   */
  readonly end?: (world: World, simulation: Simulation) => void | Promise<void>;
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

interface Outcome {
  readonly failed: Failed | undefined;
  readonly logger: Logger;
}

/**
 * Runs a scenario in one simulation after the other. If one fails, its faults are left out one after the other as long as it still
 * fails, and it rejects with `ROOKERY_CHAOS`, which names the seed and that shortest script; `cause` is what failed with it.
 *
 * If faults were due and nobody was there whom any of them could strike, in no run, it rejects with `ROOKERY_SUPERVISOR_OPTION`: it has
 * tested nothing. If that is so of some of the faults, it logs a warning of each.
 */
export async function chaosEach<World>(
  { runs, seed: first = 1, ...options }: ChaosEachOptions,
  scenario: ChaosScenario<World>,
): Promise<void> {
  expectDuration(runs);
  const tally = new FaultTally();
  let logger: Logger | undefined;
  for (let seed = first; seed < first + runs; seed += 1) {
    const drawn = await outcomeOf({ ...options, seed }, scenario, undefined, tally);
    logger = drawn.logger;
    let { failed } = drawn;
    if (failed === undefined) continue;
    const fails = async (script: FaultScript): Promise<boolean> => {
      const shorter = await outcomeOf({ ...options, seed }, scenario, script, new FaultTally());
      if (shorter.failed !== undefined) failed = { ...shorter.failed, script };
      return shorter.failed !== undefined;
    };
    // What fails without the script as well fails by itself.
    const script = (await fails([])) ? [] : await shrunk(failed.script, fails, SHRINK_RUNS_MAX);
    throw failure(seed, script, failed.error);
  }
  if (tally.isIdle)
    throw supervisorError(
      "ROOKERY_SUPERVISOR_OPTION",
      "faults that strike somebody",
      "chaosEach",
      tally.missed,
    );
  for (const line of tally.lines) logger?.warn({ seed: first, runs }, line);
}

/** How the run goes, by chance or by a script. */
async function outcomeOf<World>(
  options: SimulationOptions,
  scenario: ChaosScenario<World>,
  script: FaultScript | undefined,
  tally: FaultTally,
): Promise<Outcome> {
  await using simulation = await simulate(options);
  const { logger } = simulation.runtime;
  let started: { readonly world: World } | undefined;
  let failed: Failed | undefined;
  try {
    started = { world: await simulation.run(async () => scenario.start(simulation)) };
    failed = await failureOf(started.world, simulation, scenario, script, tally);
  } catch (error) {
    failed = { error, script: [] };
  }
  try {
    if (started !== undefined) await scenario.end?.(started.world, simulation);
  } catch (error) {
    failed ??= { error, script: [] };
  }
  return { failed, logger };
}

/** How the run of a world fails; undefined if it does not. */
async function failureOf<World>(
  world: World,
  simulation: Simulation,
  { chaos: over, verify }: ChaosScenario<World>,
  script: FaultScript | undefined,
  tally: FaultTally,
): Promise<Failed | undefined> {
  let inflicted: FaultScript = [];
  try {
    const scripted = script === undefined ? {} : { script };
    const options = { ...over(world, simulation), seed: simulation.seed, ...scripted };
    inflicted = (await talliedChaos(simulation, options, tally)).script;
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
