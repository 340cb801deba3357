import type { Dest } from "../dest.ts";
import type { Shard } from "../shard.ts";
import { isNodeName } from "./node-name.ts";
import { NodePid } from "./node-pid.ts";

/** The node that `dest` is about; undefined if it is about a process here. */
function nodeOf(dest: Dest): string | undefined {
  if (dest instanceof NodePid) return dest.node;
  return isNodeName(dest) ? dest.node : undefined;
}

/** Why nobody is there at `dest`: there is no such process, or its node can't be reached. */
export function absenceOf(shard: Shard, dest: Dest): "noproc" | "noconnection" {
  const node = nodeOf(dest);
  if (node === undefined || node === shard.runtime.node) return "noproc";
  return shard.outside?.nodes?.isUp(node) === true ? "noproc" : "noconnection";
}

/** The reason with which whoever waits for `dest` fails, when that has ended with `reason`: of a node that is gone it is said by name. */
export function failureAt(shard: Shard, dest: Dest, reason: unknown): unknown {
  const isNodeGone = reason === "noconnection" && absenceOf(shard, dest) === "noconnection";
  return isNodeGone ? ["nodedown", nodeOf(dest)] : reason;
}
