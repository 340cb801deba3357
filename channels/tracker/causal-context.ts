import type { ReplicaId } from "./entry.ts";

interface Seen {
  /** All dots 1..clock have been seen. */
  clock: number;
  /** Dots seen beyond a gap: each is greater than `clock + 1`. */
  readonly cloud: Set<number>;
}

/**
 * Which dots a replica has seen, whether what they added is still there or not.
 *
 * ```text
 *   dots of one replica   1  2  3  4  5  6  7  8  9
 *   seen                  x  x  x  x        x     x
 *                                  ^        cloud = { 7, 9 }
 *                                  clock = 4
 * ```
 *
 * Seeing 5 and 6 moves the clock on to 7 and leaves { 9 }: the cloud holds only what waits for a delta that got lost.
 * Dots of replicas that are not known are refused, so that nothing of a replica that is gone for good comes back.
 */
export class CausalContext {
  readonly #seen = new Map<ReplicaId, Seen>();

  know(replica: ReplicaId): void {
    if (!this.#seen.has(replica)) this.#seen.set(replica, { clock: 0, cloud: new Set() });
  }

  forget(replica: ReplicaId): void {
    this.#seen.delete(replica);
  }

  knows(replica: ReplicaId): boolean {
    return this.#seen.has(replica);
  }

  replicas(): Iterable<ReplicaId> {
    return this.#seen.keys();
  }

  /** The last dot before the first gap; 0 of an unknown replica. */
  clock(replica: ReplicaId): number {
    return this.#seen.get(replica)?.clock ?? 0;
  }

  cloud(replica: ReplicaId): ReadonlySet<number> {
    return this.#seen.get(replica)?.cloud ?? EMPTY;
  }

  has(replica: ReplicaId, clock: number): boolean {
    const seen = this.#seen.get(replica);
    return seen !== undefined && (clock <= seen.clock || seen.cloud.has(clock));
  }

  /** Sees the dots after `after` up to and with `upTo`. */
  addRange(replica: ReplicaId, after: number, upTo: number): void {
    const seen = this.#seen.get(replica);
    if (seen === undefined || upTo <= seen.clock) return;
    if (after <= seen.clock) seen.clock = upTo;
    else for (let clock = after + 1; clock <= upTo; clock += 1) seen.cloud.add(clock);
    compact(seen);
  }

  add(replica: ReplicaId, clock: number): void {
    this.addRange(replica, clock - 1, clock);
  }
}

const EMPTY: ReadonlySet<number> = new Set();

function compact(seen: Seen): void {
  if (seen.cloud.size === 0) return;
  for (const clock of seen.cloud) if (clock <= seen.clock) seen.cloud.delete(clock);
  while (seen.cloud.delete(seen.clock + 1)) seen.clock += 1;
}
