import { type Logger, RookeryError, silentLogger } from "../../runtime/index.ts";
import { expectFunction, expectOptions } from "../../runtime/internal.ts";
import { simulate, type Simulation, type SimulationOptions } from "../../runtime/testing.ts";
import { supervisorError } from "../errors.ts";
import { talliedChaos } from "./chaos.ts";
import { chaosFailure, type ChaosFailure } from "./chaos-failure.ts";
import { type ChaosOptions, expectChaosOptions } from "./chaos-options.ts";
import { type FaultScript, shrunk } from "./fault-script.ts";
import { FaultTally } from "./fault-tally.ts";

/** So many runs at most look for a shorter script. */
const SHRINK_RUNS_MAX = 200;

const START: string = "start to succeed";
const CHAOS: string = "chaos to go on";
const VERIFY: string = "verify to pass";

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
  /** Inflicts these faults instead of any by chance: with the seed of a run that has failed, and `runs: 1`, that run again. */
  readonly script?: FaultScript;
}

interface Outcome {
  readonly failed: ChaosFailure | undefined;
  readonly logger: Logger;
}

/**
 * Runs a scenario in one simulation after the other. If one fails, its faults are left out one after the other as long as it still
 * fails, and it rejects with `ROOKERY_CHAOS`, which names the seed and the script that is left; `cause` is what was thrown with it.
 *
 * If no fault was inflicted in any run, because none was due or nobody was there whom one could strike, it rejects with
 * `ROOKERY_SUPERVISOR_OPTION`: it has tested nothing. If that is so of some of the faults, it logs a warning of each.
 */
export async function chaosEach<World>(
  { runs, seed: first = 1, script, ...options }: ChaosEachOptions,
  scenario: ChaosScenario<World>,
): Promise<void> {
  expectScenario(runs, scenario);
  const tally = new FaultTally();
  let logger: Logger | undefined;
  if (options.shards !== undefined && options.shards > 1) await load({ ...options, seed: first }, scenario);
  for (let seed = first; seed < first + runs; seed += 1) {
    const drawn = await outcomeOf({ ...options, seed }, scenario, script, tally);
    logger = drawn.logger;
    if (drawn.failed !== undefined) throw await shortest({ ...options, seed }, scenario, drawn.failed);
  }
  if (tally.isIdle && script?.length !== 0)
    throw supervisorError(
      "ROOKERY_SUPERVISOR_OPTION",
      "faults that strike somebody",
      "chaosEach",
      tally.lines.length === 0 ? "none that was due" : tally.lines.join("; "),
    );
  for (const line of tally.lines) logger?.warn({ seed: first, runs }, line);
}

function expectScenario<World>(runs: number, scenario: ChaosScenario<World>): void {
  if (!(Number.isSafeInteger(runs) && runs > 0))
    throw supervisorError("ROOKERY_SUPERVISOR_OPTION", "an integer above 0 as runs", "chaosEach", runs);
  expectOptions("a scenario of chaosEach", ["start", "chaos", "verify", "end"], scenario);
  const { start, chaos, verify, end } = scenario;
  for (const [name, one] of Object.entries({ start, chaos, ...(verify && { verify }), ...(end && { end }) }))
    expectFunction(`as ${name} of a scenario`, one);
}

/**
 * Starts a world, and ends it: shards load the modules of servers in real time, which no seed decides, and only once. Otherwise the first
 * run would be another one than its repetition.
 */
async function load<World>(options: SimulationOptions, { start, end }: ChaosScenario<World>): Promise<void> {
  const calm = { start, chaos: () => ({ durationMs: 0 }), ...(end && { end }) };
  // What is wrong with it is wrong with the first run, too.
  await outcomeOf({ ...options, logger: silentLogger }, calm, [], new FaultTally());
}

/** The failure of the shortest script that is found, each script in a run of its own. */
async function shortest<World>(
  options: SimulationOptions,
  scenario: ChaosScenario<World>,
  drawn: ChaosFailure,
): Promise<ChaosFailure> {
  let last = drawn;
  const fails = async (script: FaultScript): Promise<boolean> => {
    const { failed } = await outcomeOf(options, scenario, script, new FaultTally());
    last = failed ?? last;
    return failed !== undefined;
  };
  // What fails without the script as well fails by itself.
  if (!(await fails([]))) await shrunk(drawn.script, fails, SHRINK_RUNS_MAX);
  return last;
}

/** How the run goes, by chance or by a script. */
async function outcomeOf<World>(
  options: SimulationOptions,
  { start, chaos: over, verify, end }: ChaosScenario<World>,
  script: FaultScript | undefined,
  tally: FaultTally,
): Promise<Outcome> {
  await using simulation = await simulate(options);
  const { seed } = simulation;
  const { logger } = simulation.runtime;
  let started: { readonly world: World } | undefined;
  let failed: ChaosFailure | undefined;
  let inflicted: FaultScript = [];
  let refused: { readonly error: unknown } | undefined;
  let expected = START;
  try {
    started = { world: await simulation.run(async () => start(simulation)) };
    expected = CHAOS;
    const scripted = script === undefined ? {} : { script };
    const plan = { ...over(started.world, simulation), seed, ...scripted };
    refused = refusalOf(plan);
    if (refused === undefined) inflicted = (await talliedChaos(simulation, plan, tally)).script;
    expected = VERIFY;
    if (refused === undefined && (await verify?.(started.world, simulation)) === false)
      failed = chaosFailure(expected, undefined, seed, inflicted);
  } catch (error) {
    // One of chaos says what was not so; another may come from elsewhere, with a script of its own.
    failed = expected === CHAOS && isOfChaos(error) ? error : chaosFailure(expected, error, seed, inflicted);
  }
  inflicted = failed?.script ?? inflicted;
  try {
    if (started !== undefined) await end?.(started.world, simulation);
  } catch (error) {
    failed ??= chaosFailure("end to succeed", error, seed, inflicted);
  }
  // Nothing was tested, and no other script would change that.
  if (refused !== undefined) throw refused.error;
  return { failed, logger };
}

function refusalOf(plan: ChaosOptions): { readonly error: unknown } | undefined {
  try {
    expectChaosOptions(plan);
  } catch (error) {
    return { error };
  }
  return undefined;
}

function isOfChaos(error: unknown): error is ChaosFailure {
  return error instanceof RookeryError && error.code === "ROOKERY_CHAOS";
}
