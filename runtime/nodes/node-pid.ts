import type { Addressee } from "../addressee.ts";
import { Pid } from "../pid.ts";
import { type NodeSlot, shardIn } from "./node-slot.ts";

/** Names a process of another node, and is printed with it: `<shop@eu.0.7>`. */
export class NodePid extends Pid {
  readonly #slot: NodeSlot;

  constructor(slot: NodeSlot, shard: number, id: number, process: Addressee | undefined) {
    super(shard, id, process);
    this.#slot = slot;
  }

  /** Where it lives; undefined only until this shard has heard of the node. */
  get node(): string | undefined {
    return this.#slot.of?.node;
  }

  override toString(): string {
    return `<${this.node ?? "?"}.${shardIn(this.shard)}.${this.id}>`;
  }
}
