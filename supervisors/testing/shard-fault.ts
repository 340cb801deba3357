import type { Candidate } from "./candidate.ts";
import type { ChaosSystem } from "./chaos-system.ts";
import type { Fault } from "./fault.ts";

/** How long a shard of a simulation that has died is gone. */
const SHARD_DOWN_MS = 100;
const SHARD = "a shard other than the first, where a target lives and nobody who is excluded";

/**
 * A shard, never the first, is gone with all its processes from one moment to the next, and comes back: one on which a target lives, and nobody who
 * is excluded.
 */
export function shardCrash(): Fault {
  return {
    name: "shard crash",
    needs: SHARD,
    targets: shardsOf,
    inflict(system, target) {
      if (system.simulation === undefined) system.runtime.crashShard(Number(target));
      else lose(system, Number(target));
    },
  };
}

/**
 * The same for a shard that needs more heap than it may have. On real time only where `maxHeapMb` limits the heaps: elsewhere it has no targets.
 */
export function shardOutOfMemory(): Fault {
  return {
    name: "shard out of memory",
    needs: `${SHARD}, and maxHeapMb`,
    targets: (system, selected, spared) =>
      system.simulation === undefined && system.runtime.maxHeapMb === undefined
        ? []
        : shardsOf(system, selected, spared),
    inflict(system, target) {
      if (system.simulation === undefined) system.exhaust(Number(target));
      else lose(system, Number(target));
    },
  };
}

/** Those that may die. */
function shardsOf(
  system: ChaosSystem,
  selected: readonly Candidate[],
  spared: readonly Candidate[],
): string[] {
  const livesOn = (candidates: readonly Candidate[], place: number): boolean =>
    candidates.some((candidate) => candidate.place === place);
  return system
    .places()
    .filter((place) => place !== system.runtime.place && livesOn(selected, place) && !livesOn(spared, place))
    .map(String);
}

function lose({ simulation, runtime }: ChaosSystem, place: number): void {
  simulation!.loseShard(place);
  runtime.clock.setTimer(SHARD_DOWN_MS, () => void simulation!.startShard(place));
}
