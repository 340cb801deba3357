/** Slots that are gone are looked through when there are so many, or twice as many as the last look left. */
export const GONE_SLOTS_MIN = 64;

/**
 * Finds out, on the first shard, which of the slots that are gone nobody can name any more: each connection leaves one behind. Every
 * shard is asked, and what none of them has may be forgotten.
 */
export class SlotSweep {
  readonly #gone = new Set<number>();
  /** The shards that have not answered yet; undefined while nobody is asked. */
  #asked: Set<number> | undefined = undefined;
  /** Of those that were gone when the shards were asked: what none has named so far. */
  readonly #unnamed = new Set<number>();
  #next = GONE_SLOTS_MIN;

  add(slot: number): void {
    this.#gone.add(slot);
  }

  get isDue(): boolean {
    return this.#asked === undefined && this.#gone.size >= this.#next;
  }

  /** Those shards are asked now. */
  begin(shards: Iterable<number>): void {
    this.#asked = new Set(shards);
    for (const slot of this.#gone) this.#unnamed.add(slot);
  }

  /** A shard has answered, or is gone: what may be forgotten, if it was the last one, unless `isNeeded` says no. */
  answered(
    shard: number,
    named: readonly number[],
    isNeeded: (slot: number) => boolean,
  ): readonly number[] | undefined {
    const asked = this.#asked;
    if (asked?.delete(shard) !== true) return undefined;
    for (const slot of named) this.#unnamed.delete(slot);
    if (asked.size > 0) return undefined;
    this.#asked = undefined;
    const forgotten = [...this.#unnamed].filter((slot) => !isNeeded(slot));
    this.#unnamed.clear();
    for (const slot of forgotten) this.#gone.delete(slot);
    this.#next = Math.max(GONE_SLOTS_MIN, 2 * this.#gone.size);
    return forgotten;
  }
}
