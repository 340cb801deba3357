import type { NodeIdentity, NodeSlot } from "./node-slot.ts";

interface Gone {
  readonly of: NodeIdentity | undefined;
  slot: WeakRef<NodeSlot>;
}

/**
 * The slots of connections that are gone, as one shard knows them. Pids have their slots, so a slot that nobody has any more is one that
 * nobody here can name. Its identity stays until no other shard can, either: they may send a pid of it.
 */
export class GoneSlots {
  readonly #bySlot = new Map<number, Gone>();
  /** Up to this one a slot that is not known has been forgotten, and is not one that this shard has yet to hear of. */
  last = 0;

  add(slot: NodeSlot): void {
    this.#bySlot.set(slot.slot, { of: slot.of, slot: new WeakRef(slot) });
  }

  get size(): number {
    return this.#bySlot.size;
  }

  get(number: number): NodeSlot | undefined {
    const gone = this.#bySlot.get(number);
    if (gone === undefined)
      return number > this.last ? undefined : { slot: number, of: undefined, state: "gone" };
    let slot = gone.slot.deref();
    if (slot === undefined) {
      slot = { slot: number, of: gone.of, state: "gone" };
      gone.slot = new WeakRef(slot);
    }
    return slot;
  }

  /** Those that somebody can name. */
  named(): number[] {
    return [...this.#bySlot].flatMap(([number, { slot }]) => (slot.deref() === undefined ? [] : [number]));
  }

  /** Whose it was. */
  forget(number: number): NodeIdentity | undefined {
    const of = this.#bySlot.get(number)?.of;
    this.#bySlot.delete(number);
    return of;
  }
}
