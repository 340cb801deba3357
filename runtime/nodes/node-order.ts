import type { FrameKind } from "./node-frame.ts";
import type { NodeSlot } from "./node-slot.ts";

/** The name to which the shards of a runtime say what is about nodes. */
export const NODES = "\0nodes";

type Carried = typeof FrameKind.Signals | typeof FrameKind.Binary;

/** What the first shard, which has the connections, tells every shard, and itself. Bytes come beside it. */
export type NodeOrder =
  /** What has become of a slot; slot 0 says who this node is. */
  | readonly [
      type: "heard",
      slot: number,
      node: string,
      incarnation: string,
      state: Exclude<NodeSlot["state"], "unheard">,
    ]
  /** What the node with that slot calls `theirs` is that node. */
  | readonly [type: "place", slot: number, theirs: number, node: string, incarnation: string]
  /** A shard of that node is gone. */
  | readonly [type: "shardLost", slot: number, shard: number]
  | readonly [type: "signals", slot: number, kind: Carried, from: number]
  /** For who has a name: the process of this shard with that id. */
  | readonly [type: "named", slot: number, from: number, id: number]
  /** Which slots that are gone still belong to a pid or reference that somebody of this shard has? */
  | readonly [type: "whichRemain"]
  /** Nobody has any of those. All slots up to `last` have been given away. */
  | readonly [type: "forgotten", slots: readonly number[], last: number];

/** What the other shards ask of it. */
export type NodeRequest =
  | readonly [type: "send", slot: number, kind: Carried, to: number]
  | readonly [type: "sendNamed", slot: number, name: string]
  | readonly [type: "mention", slot: number, about: number]
  | readonly [type: "broken", slot: number, why: string]
  | readonly [type: "remain", slots: readonly number[]];

/** The connections with other nodes, as a shard uses them. What is for a slot that is gone is dropped. */
export interface NodeGate {
  request(request: NodeRequest, bytes?: Uint8Array): void;
}
