import type { Pid } from "../runtime/index.ts";
import { residentOf } from "../runtime/internal.ts";
import { ConnectionServer } from "./transport/connection.ts";
import type { FrameTap } from "./transport/tapped-peer.ts";

/**
 * Tells `tell` of each frame of a connection of this shard, until the function is called that it returns; undefined if `pid` is
 * no living transport process that has started. What `tell` does is done in that process.
 */
export function tapFrames(pid: Pid, tell: FrameTap): (() => void) | undefined {
  const instance = residentOf(pid)?.instance;
  return instance instanceof ConnectionServer ? instance.tap(tell) : undefined;
}
