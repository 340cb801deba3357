import type { ReplicaId, TrackerEntry } from "./entry.ts";

/** The dots after `after` up to and with `upTo`. */
export interface ClockRange {
  readonly after: number;
  readonly upTo: number;
}

/**
 * A piece of a tracker's state that can be merged into another's; the whole state has the same shape, with ranges that
 * begin at 0. It has seen the dots of `ranges` and `dots`. A seen dot without an entry here was removed: that is how
 * leaves travel. Plain data that crosses shards and nodes.
 */
export interface TrackerDelta<P> {
  readonly ranges: ReadonlyMap<ReplicaId, ClockRange>;
  /** Seen outside of the ranges: dots removed long after they were added, and dots beyond a gap. */
  readonly dots: ReadonlyMap<ReplicaId, ReadonlySet<number>>;
  readonly entries: readonly TrackerEntry<P>[];
}

/**
 * One delta that does what both do, in any order; `undefined` when their ranges leave a gap between them, because a
 * range promises to tell everything inside. Answers to `merge_deltas/2` of Phoenix.Tracker.State.
 */
export function mergeDeltas<P>(one: TrackerDelta<P>, other: TrackerDelta<P>): TrackerDelta<P> | undefined {
  const ranges = new Map(one.ranges);
  for (const [replica, range] of other.ranges) {
    const mine = ranges.get(replica);
    if (mine === undefined) ranges.set(replica, range);
    else if (mine.after > range.upTo || range.after > mine.upTo) return undefined;
    else {
      ranges.set(replica, {
        after: Math.min(mine.after, range.after),
        upTo: Math.max(mine.upTo, range.upTo),
      });
    }
  }
  const dots = new Map<ReplicaId, Set<number>>();
  for (const delta of [one, other]) {
    for (const [replica, clocks] of delta.dots) {
      const { after, upTo } = ranges.get(replica) ?? NO_RANGE;
      for (const clock of clocks) if (clock <= after || clock > upTo) addDot(dots, replica, clock);
    }
  }
  const inOther = dotsOf(other);
  const inOne = dotsOf(one);
  return {
    ranges,
    dots,
    entries: [
      ...one.entries.filter((entry) => hasDot(inOther, entry) || !sees(other, entry)),
      ...other.entries.filter((entry) => !hasDot(inOne, entry) && !sees(one, entry)),
    ],
  };
}

const NO_RANGE: ClockRange = { after: 0, upTo: 0 };

/** The dots of a delta's entries. */
export function dotsOf(delta: TrackerDelta<unknown>): Map<ReplicaId, Set<number>> {
  const dots = new Map<ReplicaId, Set<number>>();
  for (const { replica, clock } of delta.entries) addDot(dots, replica, clock);
  return dots;
}

export function addDot(dots: Map<ReplicaId, Set<number>>, replica: ReplicaId, clock: number): void {
  const clocks = dots.get(replica);
  if (clocks === undefined) dots.set(replica, new Set([clock]));
  else clocks.add(clock);
}

function hasDot(dots: ReadonlyMap<ReplicaId, ReadonlySet<number>>, entry: TrackerEntry<unknown>): boolean {
  return dots.get(entry.replica)?.has(entry.clock) ?? false;
}

function sees(delta: TrackerDelta<unknown>, entry: TrackerEntry<unknown>): boolean {
  const { after, upTo } = delta.ranges.get(entry.replica) ?? NO_RANGE;
  return (entry.clock > after && entry.clock <= upTo) || hasDot(delta.dots, entry);
}
