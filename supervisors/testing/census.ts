import type { Runtime } from "../../runtime/index.ts";
import { type Candidate, candidatesAmong, type Sighting, sightingsOn } from "./candidate.ts";

/** What there is at a moment. */
export interface Census {
  readonly processes: readonly Candidate[];
  /** Those that wait for their time, of whatever kind. */
  readonly timers: number;
}

/** What one shard knows of it. Plain data, so that it can be told of other shards. */
export interface ShardCensus {
  readonly processes: readonly Sighting[];
  readonly timers: number;
}

export function shardCensus(runtime: Runtime): ShardCensus {
  return { processes: sightingsOn(runtime), timers: runtime.shard.timers.length };
}

export function sumOf(shards: readonly ShardCensus[]): Census {
  return {
    processes: candidatesAmong(shards.flatMap(({ processes }) => processes)),
    timers: shards.reduce((sum, { timers }) => sum + timers, 0),
  };
}

/** What must not become more while the same work is done: how much there is of each kind. */
export function countsOf({ processes, timers }: Census): ReadonlyMap<string, number> {
  return new Map([
    ["processes", processes.length],
    ["names", processes.filter(({ name }) => name !== undefined).length],
    ["monitors", processes.reduce((sum, { monitors }) => sum + monitors, 0)],
    ["timers", timers],
  ]);
}

/** Those come and go with the work itself. */
const PASSING = new Set(["Timeout", "Immediate", "TickObject", "CloseReq"]);

/** What Node holds open for this program, by kind. */
export function handles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  // Node opens them when they are asked for first, which is no leak of whoever says something.
  for (const output of [process.stdout, process.stderr]) void output;
  for (const kind of process.getActiveResourcesInfo())
    if (!PASSING.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
