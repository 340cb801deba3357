import { CausalContext } from "./causal-context.ts";
import { addDot, dotsOf, type ClockRange, type TrackerDelta } from "./delta.ts";
import { EntryIndex } from "./entry-index.ts";
import type { Meta, ReplicaId, TrackerDiff, TrackerEntry } from "./entry.ts";

/** What this replica did since the last `takeDelta`: what it added and still has, and older dots that it removed. */
interface Unsent<P> {
  after: number;
  readonly added: Map<number, TrackerEntry<P>>;
  readonly removed: Map<ReplicaId, Set<number>>;
}

const NOTHING: TrackerDiff<never> = Object.freeze({ joins: Object.freeze([]), leaves: Object.freeze([]) });

/**
 * Who is tracked, as one replica knows it: an add-wins observed-remove set whose merge is commutative, associative and
 * idempotent, so replicas that have heard the same, in whatever order and however often, show the same.
 *
 * Each thing that a replica does takes the next dot of its clock. A join's dot stays with its entry; a removal remembers the
 * dots that it has observed, so an entry added meanwhile elsewhere has a dot that no removal knows, and stays: add wins.
 * An entry is gone wherever its dot has been seen and its entry is not there, so no tombstones are kept.
 *
 * Entries of a replica that is down are kept, and merged, but hidden; every diff speaks of visible entries only. Touches
 * no process, no clock and no network. Answers to Phoenix.Tracker.State.
 */
export class TrackerState<P> {
  readonly replica: ReplicaId;
  readonly #context = new CausalContext();
  readonly #entries = new Map<ReplicaId, Map<number, TrackerEntry<P>>>();
  readonly #visible = new EntryIndex<P>();
  readonly #down = new Set<ReplicaId>();
  /** Undefined until somebody takes deltas: a replica without peers collects nothing. */
  #unsent: Unsent<P> | undefined;

  constructor(replica: ReplicaId) {
    this.replica = replica;
    this.#context.know(replica);
  }

  /** The visible entries. */
  get entries(): Omit<EntryIndex<P>, "add" | "remove"> {
    return this.#visible;
  }

  /** The processes that this replica itself tracks. */
  ownPids(): Set<P> {
    const pids = new Set<P>();
    for (const entry of this.#entries.get(this.replica)?.values() ?? []) pids.add(entry.pid);
    return pids;
  }

  /** Whether a replica is up or down, and not gone or never heard of. */
  knows(replica: ReplicaId): boolean {
    return this.#context.knows(replica);
  }

  /** How far this has heard of a replica, without gap. */
  clock(replica: ReplicaId): number {
    return this.#context.clock(replica);
  }

  /** How many entries of a replica are here, hidden ones, too. */
  countOf(replica: ReplicaId): number {
    return this.#entries.get(replica)?.size ?? 0;
  }

  /** How far this has heard of each replica that is up, without gap: what peers compare to find out who lags behind. */
  clocks(): Map<ReplicaId, number> {
    const clocks = new Map<ReplicaId, number>();
    for (const replica of this.#context.replicas()) {
      if (!this.#down.has(replica)) clocks.set(replica, this.#context.clock(replica));
    }
    return clocks;
  }

  /** Tracks a process, in place of what it has under that key of the topic: so it is an update, too. */
  join(pid: P, topic: string, key: string, meta: Meta): TrackerDiff<P> {
    const leaves = this.#visible.find(pid, topic, key);
    if (leaves.length > 0) this.#withdrawAll(leaves);
    const clock = this.#tick();
    const entry: TrackerEntry<P> = { replica: this.replica, clock, pid, topic, key, meta };
    this.#add(entry);
    this.#unsent?.added.set(clock, entry);
    return { joins: [entry], leaves };
  }

  leave(pid: P, topic: string, key: string): TrackerDiff<P> {
    return this.#leave(this.#visible.find(pid, topic, key));
  }

  leavePid(pid: P): TrackerDiff<P> {
    return this.#leave([...this.#visible.ofPid(pid)]);
  }

  #leave(leaves: TrackerEntry<P>[]): TrackerDiff<P> {
    if (leaves.length === 0) return NOTHING;
    this.#withdrawAll(leaves);
    return { joins: [], leaves };
  }

  #withdrawAll(leaves: readonly TrackerEntry<P>[]): void {
    for (const entry of leaves) this.#withdraw(entry);
    // Removing takes a dot of its own, though no entry bears it: peers see by their clocks that they have missed something. An
    // update has two: who only hears that the new entry is gone again knows its dot, and must not believe to know that the old one is.
    this.#tick();
  }

  /** Takes over what a delta tells of the replicas that are known here; of others it takes nothing. */
  merge(delta: TrackerDelta<P>): TrackerDiff<P> {
    const present = dotsOf(delta);
    const leaves: TrackerEntry<P>[] = [];
    let ownGone = false;
    const gone = (entry: TrackerEntry<P> | undefined): void => {
      if (entry === undefined || present.get(entry.replica)?.has(entry.clock)) return;
      if (entry.replica === this.replica) {
        ownGone = true;
        this.#withdraw(entry);
      } else this.#remove(entry);
      if (!this.#down.has(entry.replica)) leaves.push(entry);
    };
    for (const [replica, range] of delta.ranges)
      for (const entry of this.#within(replica, range)) gone(entry);
    for (const [replica, clocks] of delta.dots) {
      for (const clock of clocks) gone(this.#entries.get(replica)?.get(clock));
    }

    const joins: TrackerEntry<P>[] = [];
    for (const entry of delta.entries) {
      if (!this.#context.knows(entry.replica) || this.#context.has(entry.replica, entry.clock)) continue;
      this.#add(entry);
      if (!this.#down.has(entry.replica)) joins.push(entry);
    }

    for (const [replica, { after, upTo }] of delta.ranges) this.#context.addRange(replica, after, upTo);
    for (const [replica, clocks] of delta.dots) for (const clock of clocks) this.#context.add(replica, clock);
    // Whoever is as far as this replica's clock knows what became of all it added, also those who did not know of it when they were
    // told by the one who removed it.
    if (ownGone) this.#tick();
    return { joins, leaves };
  }

  *#within(replica: ReplicaId, { after, upTo }: ClockRange): Iterable<TrackerEntry<P>> {
    const entries = this.#entries.get(replica);
    if (entries === undefined) return;
    if (upTo - after > entries.size) {
      for (const entry of entries.values()) if (entry.clock > after && entry.clock <= upTo) yield entry;
      return;
    }
    for (let clock = after + 1; clock <= upTo; clock += 1) {
      const entry = entries.get(clock);
      if (entry !== undefined) yield entry;
    }
  }

  /** What this replica did since the last call; the first call only begins to collect. */
  takeDelta(): TrackerDelta<P> {
    const upTo = this.#context.clock(this.replica);
    const { after, added, removed } = this.#unsent ?? { after: upTo, added: NO_ENTRIES, removed: NO_DOTS };
    this.#unsent = { after: upTo, added: new Map(), removed: new Map() };
    return {
      ranges: new Map([[this.replica, { after, upTo }]]),
      dots: removed,
      entries: [...added.values()],
    };
  }

  /** Everything that this replica knows, for a peer whom no delta helps. */
  extract(): TrackerDelta<P> {
    const ranges = new Map<ReplicaId, ClockRange>();
    const dots = new Map<ReplicaId, ReadonlySet<number>>();
    const entries: TrackerEntry<P>[] = [];
    for (const replica of this.#context.replicas()) {
      ranges.set(replica, { after: 0, upTo: this.#context.clock(replica) });
      const cloud = this.#context.cloud(replica);
      if (cloud.size > 0) dots.set(replica, new Set(cloud));
      for (const entry of this.#entries.get(replica)?.values() ?? []) entries.push(entry);
    }
    return { ranges, dots, entries };
  }

  /** A replica is there, or there again: from now on its entries are taken over; those already here show again. */
  replicaUp(replica: ReplicaId): TrackerDiff<P> {
    this.#context.know(replica);
    if (!this.#down.delete(replica)) return NOTHING;
    const joins = [...(this.#entries.get(replica)?.values() ?? [])];
    for (const entry of joins) this.#visible.add(entry);
    return { joins, leaves: [] };
  }

  /** A replica is silent: its entries are hidden until it is up again. The own replica and unknown ones can't be down. */
  replicaDown(replica: ReplicaId): TrackerDiff<P> {
    if (replica === this.replica || !this.#context.knows(replica) || this.#down.has(replica)) return NOTHING;
    this.#down.add(replica);
    const leaves = [...(this.#entries.get(replica)?.values() ?? [])];
    for (const entry of leaves) this.#visible.remove(entry);
    return { joins: [], leaves };
  }

  /** A replica is gone for good: it is forgotten with all its entries, and what others still tell of it is refused. */
  replicaPermdown(replica: ReplicaId): TrackerDiff<P> {
    if (replica === this.replica) return NOTHING;
    const diff = this.replicaDown(replica);
    this.#down.delete(replica);
    this.#entries.delete(replica);
    this.#context.forget(replica);
    return diff;
  }

  #tick(): number {
    const clock = this.#context.clock(this.replica) + 1;
    this.#context.add(this.replica, clock);
    return clock;
  }

  #add(entry: TrackerEntry<P>): void {
    const entries = this.#entries.get(entry.replica);
    if (entries === undefined) this.#entries.set(entry.replica, new Map([[entry.clock, entry]]));
    else entries.set(entry.clock, entry);
    if (!this.#down.has(entry.replica)) this.#visible.add(entry);
  }

  /** Removes an entry and tells so in the next delta. */
  #withdraw(entry: TrackerEntry<P>): void {
    this.#remove(entry);
    // The absence of an entry within the delta's range tells of its removal; a dot outside must be named.
    const unsent = this.#unsent;
    if (unsent === undefined || (entry.replica === this.replica && entry.clock > unsent.after)) return;
    addDot(unsent.removed, entry.replica, entry.clock);
  }

  #remove(entry: TrackerEntry<P>): void {
    this.#entries.get(entry.replica)?.delete(entry.clock);
    this.#visible.remove(entry);
    if (entry.replica === this.replica) this.#unsent?.added.delete(entry.clock);
  }
}

const NO_ENTRIES: ReadonlyMap<number, TrackerEntry<never>> = new Map();
const NO_DOTS: ReadonlyMap<ReplicaId, ReadonlySet<number>> = new Map();
