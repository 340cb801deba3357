import {
  chaosEach,
  type ChaosOptions,
  crash,
  exit,
  type Fault,
  flood,
  kill,
  shardCrash,
  type Simulation,
  stall,
} from "rookery/testing";
import { GaveUp, gaveUpUnduly } from "./gave-up.ts";
import { midway } from "./midway.ts";
import { SoakShard, WRITER } from "./soak-shard.ts";
import { SoakWorld } from "./soak-world.ts";

const SHARDS = 2;
const DURATION_MS = 6_000;
const RATE_HZ = 2.5;
/** How far into their work processes are struck: few turns are most likely to meet a commit. */
const TURNS = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24];

export interface SimulatedSoakOptions {
  readonly seeds: number;
  /** The first of them. Default: 1. */
  readonly seed?: number;
  /** What runs on each shard. Default: the demo. */
  readonly shard?: typeof SoakShard;
  /** Told of each world that has stood the test. */
  readonly onStood?: (world: SoakWorld) => void;
}

/** Kills only who commits: there the moment counts most, and of many processes few are writers. */
function killOfWriter(): Fault {
  return {
    ...kill(),
    name: "kill of a writer",
    targets: (_system, selected) => selected.filter(({ name }) => name === WRITER).map(({ id }) => id),
  };
}

/** A shard is gone, with what ends with a real one's thread. */
function lossOf(world: SoakWorld): Fault {
  const fault = shardCrash();
  return {
    ...fault,
    inflict(system, target, selected) {
      // It may be gone already, if there was no work until now.
      if (world.losing(Number(target))) return fault.inflict(system, target, selected);
    },
  };
}

function faultsOver(world: SoakWorld): Omit<ChaosOptions, "seed" | "script"> {
  const loss = lossOf(world);
  return {
    durationMs: DURATION_MS,
    rateHz: RATE_HZ,
    faults: [
      kill(),
      exit("shutdown"),
      crash(),
      stall(1_000),
      flood(3),
      loss,
      ...TURNS.map((turns) => midway(world, kill(), turns)),
      ...[1, 2, 3, 4].map((turns) => midway(world, killOfWriter(), turns)),
      ...TURNS.filter((turns) => turns % 4 === 0).map((turns) => midway(world, loss, turns)),
    ],
  };
}

/** The demo and its clients under faults, once for each seed. Rejects with `ROOKERY_CHAOS` at the first seed that breaks it. */
export async function soakSimulated({
  seeds,
  seed = 1,
  shard = SoakShard,
  onStood,
}: SimulatedSoakOptions): Promise<void> {
  await SoakWorld.prepare(shard);
  const logger = new GaveUp();
  let world: SoakWorld | undefined;
  try {
    await chaosEach(
      { runs: seeds, seed, shards: SHARDS, logger },
      {
        async start(simulation: Simulation) {
          await world?.[Symbol.asyncDispose]();
          logger.reports.length = 0;
          world = await SoakWorld.start(simulation, shard);
          return world;
        },
        chaos: faultsOver,
        async verify(soaked) {
          await soaked.verify(gaveUpUnduly(logger));
          onStood?.(soaked);
        },
      },
    );
  } finally {
    await world?.[Symbol.asyncDispose]();
  }
}
