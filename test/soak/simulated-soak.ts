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
import { SoakShard, WRITER } from "./soak-shard.ts";
import { SoakWorld } from "./soak-world.ts";

const SHARDS = 2;
const DURATION_MS = 6_000;
const RATE_HZ = 2.5;
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
      world.losing(Number(target));
      return fault.inflict(system, target, selected);
    },
  };
}

function faultsOver(world: SoakWorld): Omit<ChaosOptions, "seed" | "script"> {
  return {
    durationMs: DURATION_MS,
    rateHz: RATE_HZ,
    faults: [
      kill(),
      kill(),
      kill(),
      killOfWriter(),
      exit("shutdown"),
      crash(),
      stall(1_000),
      flood(3),
      lossOf(world),
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
  await chaosEach(
    { runs: seeds, seed, shards: SHARDS, logger },
    {
      start(simulation: Simulation) {
        logger.reports.length = 0;
        return SoakWorld.start(simulation, shard);
      },
      chaos: faultsOver,
      async verify(world) {
        await world.verify(gaveUpUnduly(logger));
        onStood?.(world);
      },
      end: (world) => world[Symbol.asyncDispose](),
    },
  );
}
