import type { TrackerDelta } from "./delta.ts";
import { DeltaGenerations } from "./delta-generations.ts";
import type { ReplicaId, TrackerDiff } from "./entry.ts";
import type { Clocks, Gossip, Saying } from "./gossip.ts";
import { Heard, Peers } from "./peers.ts";
import { TrackerState } from "./state.ts";

/** What becomes of another replica. */
export type ReplicaEvent = "replica_up" | "replica_down" | "replica_permdown";

export interface ReplicaTimes {
  readonly downPeriodMs: number;
  readonly permdownPeriodMs: number;
  readonly maxSilentPeriods: number;
  readonly clockSamplePeriods: number;
}

/** What a replica has around it. */
export interface Surroundings<P> {
  readonly nodeName: string;
  nowMs(): number;
  /** To the place of that name, or to all others. It may get lost. */
  say(gossip: Gossip<P>, to: string | undefined): void;
  /** What others have changed here. */
  changed(diff: TrackerDiff<P>): void;
  happened(event: ReplicaEvent, nodeName: string): void;
  /** Whether a place that was there is known to be gone for good. */
  isGone(nodeName: string): boolean;
}

/** What is kept of a replica and its peers when the process that cares for it is killed. */
export interface ReplicaTable<P> {
  readonly state: TrackerState<P>;
  readonly generations: DeltaGenerations<P>;
  readonly peers: Peers;
  readonly bornMs: number;
  sequence: number;
}

export function replicaTable<P>(
  replica: ReplicaId,
  bornMs: number,
  sizesMax?: readonly number[],
): ReplicaTable<P> {
  return {
    state: new TrackerState<P>(replica),
    generations: new DeltaGenerations<P>(replica, sizesMax),
    peers: new Peers(),
    bornMs,
    sequence: 0,
  };
}

/** What somebody was asked for and has not answered yet. */
interface Promised {
  readonly clocks: Clocks;
  beats: number;
}

/**
 * Decides what a replica says to the others, and what it makes of what they say. Deltas go out as they are made. Nothing
 * that gets lost stays lost: who missed something sees so by the clocks, and asks: him who did it for what he did, or, of several who
 * know more of others, as few as know it all. Answers to Phoenix.Tracker.Shard and Phoenix.Tracker.Clock, without the process.
 */
export class Replica<P> {
  readonly #table: ReplicaTable<P>;
  readonly #times: ReplicaTimes;
  readonly #around: Surroundings<P>;
  readonly #promised = new Map<ReplicaId, Promised>();
  /** Clocks that are ahead of what has come of others than who told them, since the last look at them. */
  readonly #samples = new Map<ReplicaId, Clocks>();
  #sampledPeriods = 0;
  #silentPeriods = 0;
  #hasSpoken = false;

  constructor(table: ReplicaTable<P>, times: ReplicaTimes, around: Surroundings<P>) {
    this.#table = table;
    this.#times = times;
    this.#around = around;
  }

  get isAlone(): boolean {
    return this.#table.peers.size === 0;
  }

  /** The first thing to do, also of one that takes over what another has left, who may have missed what was said meanwhile. */
  begin(): void {
    if (!this.isAlone) this.flush();
    this.#say({ says: "hello", clocks: this.#table.state.clocks() });
  }

  /** Tells the others what this replica has done since the last time. */
  flush(): void {
    const { state, generations } = this.#table;
    const delta = state.takeDelta();
    const range = delta.ranges.get(state.replica)!;
    if (range.after === range.upTo) return;
    generations.push(delta);
    this.#hasSpoken = true;
    this.#say({ says: "delta", delta });
  }

  /** The last thing to do, if the others shall not wait for it. */
  bye(): void {
    this.#say({ says: "bye" });
  }

  /** The place of that name is gone, with all that was there. */
  lost(nodeName: string): void {
    for (const replica of this.#table.peers.at(nodeName)) this.#forget(replica, nodeName);
  }

  hear(gossip: Gossip<P>): void {
    const { replica, nodeName } = gossip;
    const { state, peers } = this.#table;
    // What has come from a place that is gone by now is about to be forgotten, or is already.
    if (replica === state.replica || this.#around.isGone(nodeName)) return;
    const nowMs = this.#around.nowMs();
    if (gossip.says === "bye") {
      if (peers.bye(gossip, nowMs)) this.#permdown(replica, nodeName);
      return;
    }
    // From the first peer on what this replica does is collected.
    if (this.isAlone) this.flush();
    const { heard, replaced } = peers.hear(gossip, nowMs, this.#times.downPeriodMs);
    if (heard === Heard.Refused) return;
    for (const other of replaced) this.#permdown(other, nodeName);
    if (heard === Heard.Appeared) {
      this.#around.changed(state.replicaUp(replica));
      this.#around.happened("replica_up", nodeName);
      if (!this.#hasHeardAll(gossip)) this.#sayClock(nodeName);
    }
    this.#take(gossip);
  }

  /** Whether the sender has heard of this one, and all it did. A hello is answered anyway. */
  #hasHeardAll(gossip: Gossip<P>): boolean {
    const { state } = this.#table;
    if (gossip.says === "clock") return gossip.clocks.get(state.replica) === state.clock(state.replica);
    return gossip.says !== "delta";
  }

  #take(gossip: Exclude<Gossip<P>, { says: "bye" }>): void {
    const { replica, nodeName } = gossip;
    const { state } = this.#table;
    switch (gossip.says) {
      case "hello":
        this.#sayClock(nodeName);
        this.#compare(replica, gossip.clocks);
        return;
      case "clock":
        this.#compare(replica, gossip.clocks);
        // What is gone was removed by somebody who told this one, and not the other.
        if (gossip.clocks.get(replica) === state.clock(replica) && gossip.entries > state.countOf(replica))
          this.#say({ says: "state", delta: state.extract() }, nodeName);
        return;
      case "delta":
        this.#merge(gossip.delta);
        if (gossip.delta.ranges.get(replica)!.upTo > this.#heardOf(replica)) this.#askFor(replica);
        return;
      case "state":
        this.#promised.delete(replica);
        this.#merge(gossip.delta);
        return;
      case "want":
        this.#say({ says: "state", delta: this.#since(gossip.after) }, nodeName);
    }
  }

  #merge(delta: TrackerDelta<P>): void {
    const { state } = this.#table;
    const clock = state.clock(state.replica);
    this.#around.changed(state.merge(delta));
    // Somebody has removed what is this one's.
    if (state.clock(state.replica) !== clock) this.flush();
  }

  #since(clock: number | undefined): TrackerDelta<P> {
    const { state, generations } = this.#table;
    // So that what is answered reaches as far as the clocks that were told.
    this.flush();
    return (clock === undefined ? undefined : generations.since(clock)) ?? state.extract();
  }

  /** Once a period. `listened` tells whether all that came during the last one has been heard. */
  beat(listened: boolean): void {
    const { peers } = this.#table;
    for (const replica of peers.replicas()) {
      const nodeName = peers.nodeNameOf(replica)!;
      if (this.#around.isGone(nodeName)) this.#forget(replica, nodeName);
    }
    // Who could not listen itself can't tell who was silent: what they have said is still in the mailbox.
    if (listened) this.#hideSilent();
    // And they may believe that it is this one that is gone.
    else this.#hasSpoken = true;
    this.#ageRequests();
    // Before the clock: nobody shall miss what has only not been said yet.
    this.flush();
    this.#silentPeriods += 1;
    if (!this.#hasSpoken && this.#silentPeriods < this.#times.maxSilentPeriods) return;
    this.#sayClock();
    this.#silentPeriods = 0;
    this.#hasSpoken = false;
  }

  #hideSilent(): void {
    const { state, peers } = this.#table;
    const { downPeriodMs, permdownPeriodMs } = this.#times;
    const { down, forgotten } = peers.silent(this.#around.nowMs(), downPeriodMs, permdownPeriodMs);
    for (const { replica, nodeName } of down) {
      this.#around.changed(state.replicaDown(replica));
      this.#around.happened("replica_down", nodeName);
    }
    for (const { replica, nodeName } of forgotten) this.#permdown(replica, nodeName);
  }

  #forget(replica: ReplicaId, nodeName: string): void {
    this.#table.peers.forget(replica);
    this.#permdown(replica, nodeName);
  }

  #permdown(replica: ReplicaId, nodeName: string): void {
    this.#promised.delete(replica);
    this.#samples.delete(replica);
    const { state } = this.#table;
    if (!state.knows(replica)) return;
    this.#around.changed(state.replicaPermdown(replica));
    this.#around.happened("replica_permdown", nodeName);
  }

  /** How far this has heard of a replica, or will have when those who were asked have answered. */
  #heardOf(replica: ReplicaId): number {
    let clock = this.#table.state.clock(replica);
    for (const { clocks } of this.#promised.values()) clock = Math.max(clock, clocks.get(replica) ?? 0);
    return clock;
  }

  #compare(replica: ReplicaId, clocks: Clocks): void {
    const { state, peers } = this.#table;
    if (!peers.isUp(replica)) return;
    let [isBehind, behindOthers, behindOthersUp] = [false, false, false];
    for (const [other, clock] of clocks) {
      if (other === state.replica || clock <= this.#heardOf(other)) continue;
      if (other === replica) isBehind = true;
      else {
        behindOthers = true;
        behindOthersUp ||= peers.isUp(other);
      }
    }
    // One that has begun asks the first who answers for everything: the others then need tell only what that one did not know.
    if (isBehind) this.#ask(replica, clocks, state.clock(replica) === 0 && behindOthers);
    else if (behindOthersUp) this.#samples.set(replica, clocks);
  }

  #askFor(replica: ReplicaId): void {
    if (this.#table.peers.isUp(replica)) this.#ask(replica, NO_CLOCKS, false);
  }

  #ask(replica: ReplicaId, clocks: Clocks, forAll: boolean): void {
    // The answer will have what it did until then, too.
    if (this.#promised.has(replica)) return;
    const { state, peers } = this.#table;
    const own = new Map([[replica, clocks.get(replica) ?? 0]]);
    this.#promised.set(replica, { clocks: forAll ? clocks : own, beats: 0 });
    this.#say({ says: "want", after: forAll ? undefined : state.clock(replica) }, peers.nodeNameOf(replica));
  }

  #ageRequests(): void {
    const { clockSamplePeriods } = this.#times;
    for (const [replica, promised] of this.#promised) {
      promised.beats += 1;
      if (promised.beats > clockSamplePeriods) this.#promised.delete(replica);
    }
    this.#sampledPeriods += 1;
    if (this.#sampledPeriods < clockSamplePeriods) return;
    this.#sampledPeriods = 0;
    this.#askAsFewAsPossible();
    this.#samples.clear();
  }

  /** Asks first who is ahead in most, and then the others only for what he is not ahead in. */
  #askAsFewAsPossible(): void {
    for (;;) {
      let [best, bestAhead] = [undefined as ReplicaId | undefined, 0];
      for (const [replica, clocks] of this.#samples) {
        const ahead = this.#ahead(clocks);
        if (ahead > bestAhead) [best, bestAhead] = [replica, ahead];
      }
      if (best === undefined) return;
      const clocks = this.#samples.get(best)!;
      this.#samples.delete(best);
      this.#ask(best, clocks, true);
    }
  }

  #ahead(clocks: Clocks): number {
    let ahead = 0;
    for (const [replica, clock] of clocks)
      if (this.#table.peers.isUp(replica) && clock > this.#heardOf(replica)) ahead += 1;
    return ahead;
  }

  #sayClock(to?: string): void {
    const { state } = this.#table;
    this.#say({ says: "clock", clocks: state.clocks(), entries: state.countOf(state.replica) }, to);
  }

  #say(saying: Saying<P>, to?: string): void {
    const { state, bornMs } = this.#table;
    this.#table.sequence += 1;
    const { nodeName } = this.#around;
    this.#around.say(
      { replica: state.replica, nodeName, bornMs, sequence: this.#table.sequence, ...saying },
      to,
    );
  }
}

const NO_CLOCKS: Clocks = new Map();
