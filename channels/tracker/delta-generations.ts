import { mergeDeltas, type TrackerDelta } from "./delta.ts";
import type { ReplicaId } from "./entry.ts";

/** How much each generation holds, the youngest first: entries and removals, and one for each delta. */
export const DELTA_SIZES_MAX: readonly number[] = [100, 1_000, 10_000];

interface Generation<P> {
  /** Oldest first. */
  readonly deltas: TrackerDelta<P>[];
  size: number;
}

/**
 * What one replica has told of itself of late, for those who have missed some of it.
 *
 * ```text
 *   clock    1 ......... 4000 | 4001 ... 4900 | 4901 . 4930 . 4951 | 4952 4953 4954
 *            gone             |  [          ]   [     ] [     ]    |   []   []   []
 *                                oldest: few, long           youngest: many, short
 * ```
 *
 * A generation that is full is merged into one delta of the next, where what has come and gone meanwhile takes no room; the last one
 * drops its oldest. So each operation is merged as often as there are generations, however much is kept.
 * Answers to Phoenix.Tracker.DeltaGeneration.
 */
export class DeltaGenerations<P> {
  readonly #replica: ReplicaId;
  readonly #sizesMax: readonly number[];
  readonly #generations: Generation<P>[];

  constructor(replica: ReplicaId, sizesMax: readonly number[] = DELTA_SIZES_MAX) {
    this.#replica = replica;
    this.#sizesMax = sizesMax;
    this.#generations = sizesMax.map(() => ({ deltas: [], size: 0 }));
  }

  /** Keeps the next delta of the replica. */
  push(delta: TrackerDelta<P>): void {
    this.#pushTo(0, delta);
  }

  #pushTo(index: number, delta: TrackerDelta<P>): void {
    const generation = this.#generations[index] as Generation<P>;
    const sizeMax = this.#sizesMax[index] as number;
    generation.deltas.push(delta);
    generation.size += sizeOf(delta);
    if (generation.size <= sizeMax) return;
    const merged = index + 1 < this.#generations.length ? mergeAll(generation.deltas) : undefined;
    if (merged !== undefined) {
      this.#generations[index] = { deltas: [], size: 0 };
      this.#pushTo(index + 1, merged);
      return;
    }
    while (generation.size > sizeMax) generation.size -= sizeOf(generation.deltas.shift() as TrackerDelta<P>);
  }

  /** All that the replica did after its clock was `clock`, as one delta; undefined if that is no longer kept. */
  since(clock: number): TrackerDelta<P> | undefined {
    const newestFirst: TrackerDelta<P>[] = [];
    for (const { deltas } of this.#generations) {
      for (let index = deltas.length - 1; index >= 0; index -= 1) {
        const delta = deltas[index] as TrackerDelta<P>;
        newestFirst.push(delta);
        if (delta.ranges.get(this.#replica)!.after <= clock) return mergeAll(newestFirst);
      }
    }
    return undefined;
  }
}

function sizeOf({ entries, dots }: TrackerDelta<unknown>): number {
  let size = 1 + entries.length;
  for (const clocks of dots.values()) size += clocks.size;
  return size;
}

/** Neighbours first, so that each is merged only so often as their number can be halved. Undefined if there is a gap. */
function mergeAll<P>(deltas: readonly TrackerDelta<P>[]): TrackerDelta<P> | undefined {
  let merged = deltas;
  while (merged.length > 1) {
    const halved: TrackerDelta<P>[] = [];
    for (let index = 0; index < merged.length; index += 2) {
      const [one, other] = [merged[index] as TrackerDelta<P>, merged[index + 1]];
      const both = other === undefined ? one : mergeDeltas(one, other);
      if (both === undefined) return undefined;
      halved.push(both);
    }
    merged = halved;
  }
  return merged[0];
}
