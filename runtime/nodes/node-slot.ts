/**
 * The shards of other nodes have numbers here, too: those of a node begin at a multiple of this, its slot, which is one more for
 * each connection that ever was. So a pid is a number of a shard and an id wherever its process lives, and those of a connection
 * that is gone never come back.
 */
export const NODE_SHARDS: number = 2 ** 24;

/** The slot of the node to which a shard belongs; 0 is this node's own. */
export function slotOf(shard: number): number {
  return Math.floor(shard / NODE_SHARDS);
}

/** The number that the shard has on its own node. */
export function shardIn(shard: number): number {
  return shard % NODE_SHARDS;
}

/** The number by which a shard of another node is known here. */
export function numberIn(slot: number, shard: number): number {
  return slot * NODE_SHARDS + shard;
}

/** What is known of a node, on one shard, while it has that slot. */
export interface NodeSlot {
  readonly slot: number;
  /** Its name and incarnation; undefined as long as this shard has only met one of its pids. */
  of: NodeIdentity | undefined;
  /** Whether it can be reached: `unheard` as long as nobody has said, `away` if somebody else has only told of it, `gone` for ever. */
  state: "unheard" | "away" | "up" | "gone";
}

/** A node in one of its incarnations: what nodes tell each other instead of their slots. */
export interface NodeIdentity {
  readonly node: string;
  readonly incarnation: string;
  /** Its newest slot; 0 for this node itself. */
  slot: number;
}
