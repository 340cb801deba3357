import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";

/**
 * Has V8 collect the young objects of each thread on that thread alone, if `shards` leave no core free. By default others help it: they wait for a core
 * that a shard is using, and all that its collection gains is to wait for them. Where a core is free, their help shortens the longest pauses.
 */
export function sequentialScavenges(shards: number): void {
  if (shards >= availableParallelism()) setFlagsFromString("--no-parallel-scavenge");
}
