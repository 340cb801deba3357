import { type Pid, RookeryError, type Self } from "../../runtime/index.ts";
import { isCopyable, isOrderly, onProcessExit } from "../../runtime/internal.ts";
import type { PubSubAdapter } from "../pubsub/adapter.ts";
import { plainDispatcher } from "../pubsub/dispatcher.ts";
import { PLACES_TOPIC, PlaceLost } from "../pubsub/place-lost.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { TrackerDelta } from "./delta.ts";
import type { Meta, ReplicaId, TrackerDiff } from "./entry.ts";
import type { TrackerState } from "./state.ts";

/** A replica says so often that it is there, and how far its clock is. */
const HEARTBEAT_MS = 1_500;
/** After so much silence the presences of a replica are hidden, and after so much more forgotten. */
const DOWN_MS = 30_000;
const PERMDOWN_MS = 1_200_000;
/** A meta that is nested deeper is not told to others. */
const META_LEVELS_MAX = 500;

/** A replica elsewhere, as far as this one has heard of it. */
export interface Peer {
  readonly nodeName: string;
  heardMs: number;
  down: boolean;
}

/**
 * What replicas say to each other. `hello`: it begins, here is what it has, who else is there? `state`: the answer, with what that one
 * has. `delta`: what it has done. `clock`: it is there still, and has done so much. `want`: something of yours has not come. `bye`: it
 * stops in order.
 */
type Gossip = { readonly gossip: string; readonly replica: ReplicaId; readonly nodeName: string } & (
  | { readonly says: "hello" | "state" | "delta"; readonly delta: TrackerDelta<Pid> }
  | { readonly says: "clock"; readonly clock: number }
  | { readonly says: "want" | "bye" }
);

type Saying = Gossip extends infer Each
  ? Each extends unknown
    ? Omit<Each, "gossip" | "replica" | "nodeName">
    : never
  : never;

const FLUSH = Object.freeze({ type: "flush" });
const HEARTBEAT = Object.freeze({ type: "heartbeat" });

/** What a tracker keeps of the others beside its own state; it outlives the process. */
export interface Replica {
  readonly state: TrackerState<Pid>;
  readonly peers: Map<ReplicaId, Peer>;
}

/**
 * Keeps a replica and those of other places up to date with each other, over PubSub: states when two of them meet, deltas from
 * then on. Where nobody else is, it says hello once and nothing more. Nothing that gets lost stays lost: who misses a delta
 * sees so by the clocks, and asks. A place that its adapter knows to be gone is forgotten at once, with all that was there;
 * otherwise silence decides.
 */
export class Replication {
  readonly #self: Self;
  readonly #pubsub: string;
  readonly #topic: string;
  readonly #replica: Replica;
  readonly #changed: (diff: TrackerDiff<Pid>) => void;
  readonly #nodeName: string;
  #flushing = false;
  #beating = false;
  #beatMs = 0;

  /** `changed` hears what others have changed here. */
  constructor(
    self: Self,
    pubsub: string,
    tracker: string,
    replica: Replica,
    changed: (diff: TrackerDiff<Pid>) => void,
  ) {
    this.#self = self;
    this.#pubsub = pubsub;
    this.#topic = `\0tracker ${tracker}`;
    this.#replica = replica;
    this.#changed = changed;
    this.#nodeName = PubSub.nodeName(self, pubsub);
  }

  begin(): void {
    const { state, peers } = this.#replica;
    PubSub.subscribe(this.#self, this.#pubsub, this.#topic);
    PubSub.subscribe(this.#self, this.#pubsub, PLACES_TOPIC);
    onProcessExit(this.#self.pid, (reason) => {
      if (isOrderly(reason)) this.#sayToAll({ says: "bye" });
    });
    // What a predecessor that was killed has left unsaid is part of it, and what others have said meanwhile of their answers.
    this.#sayToAll({ says: "hello", delta: state.extract() });
    if (peers.size > 0) state.takeDelta();
    // A message, to be carried out after `init`: some of them may be gone.
    this.#beating = peers.size > 0;
    if (this.#beating) this.#self.send(this.#self.pid, HEARTBEAT);
  }

  /** This replica has done something: others hear of it when what is waiting to be done is done, too. */
  acted(): void {
    if (this.#flushing || this.#replica.peers.size === 0) return;
    this.#flushing = true;
    this.#self.send(this.#self.pid, FLUSH);
  }

  /** Whether `message` was for replication. */
  handles(message: unknown): boolean {
    if (message === FLUSH) this.#flush();
    else if (message === HEARTBEAT) this.#beat();
    else if (message instanceof PlaceLost) this.#lost(message.nodeName);
    else if (this.#isGossip(message)) this.#hear(message);
    else return false;
    return true;
  }

  #isGossip(message: unknown): message is Gossip {
    return (message as Partial<Gossip> | null)?.gossip === this.#topic;
  }

  #isGone(nodeName: string): boolean {
    return PubSub.adapter(this.#self, this.#pubsub)?.isGone?.(nodeName) ?? false;
  }

  #hear(gossip: Gossip): void {
    const { replica, nodeName } = gossip;
    const { state } = this.#replica;
    // What has come from a place that is gone by now is about to be forgotten, or is already.
    if (replica === state.replica || this.#isGone(nodeName)) return;
    if (gossip.says === "bye") {
      if (this.#replica.peers.get(replica)?.down === false) this.#hide(replica);
      return;
    }
    const known = this.#see(replica, nodeName);
    switch (gossip.says) {
      case "hello":
        this.#changed(state.merge(gossip.delta));
        this.#sayTo(nodeName, { says: "state", delta: state.extract() });
        return;
      case "state":
        this.#changed(state.merge(gossip.delta));
        return;
      case "delta": {
        const missed = (gossip.delta.ranges.get(replica)?.after ?? 0) > (state.clocks().get(replica) ?? 0);
        this.#changed(state.merge(gossip.delta));
        if (missed || !known) this.#sayTo(nodeName, { says: "want" });
        return;
      }
      case "clock":
        if (gossip.clock > (state.clocks().get(replica) ?? 0) || !known)
          this.#sayTo(nodeName, { says: "want" });
        return;
      case "want":
        this.#sayTo(nodeName, { says: "state", delta: state.extract() });
    }
  }

  /** Answers whether the replica was up already. */
  #see(replica: ReplicaId, nodeName: string): boolean {
    const { state, peers } = this.#replica;
    const heardMs = this.#self.runtime.clock.nowMs();
    const peer = peers.get(replica);
    if (peer !== undefined && !peer.down) {
      peer.heardMs = heardMs;
      return true;
    }
    // Another one at the same place has come after it, and lost what that had.
    for (const [other, { nodeName: place }] of peers)
      if (other !== replica && place === nodeName) this.#forget(other);
    // From the first peer on what this replica does is collected.
    if (peers.size === 0) state.takeDelta();
    peers.set(replica, { nodeName, heardMs, down: false });
    this.#changed(state.replicaUp(replica));
    if (!this.#beating) this.#startTimer();
    return false;
  }

  #lost(nodeName: string): void {
    for (const [replica, peer] of this.#replica.peers) if (peer.nodeName === nodeName) this.#forget(replica);
  }

  #hide(replica: ReplicaId): void {
    const { state, peers } = this.#replica;
    peers.get(replica)!.down = true;
    this.#changed(state.replicaDown(replica));
  }

  #forget(replica: ReplicaId): void {
    const { state, peers } = this.#replica;
    peers.delete(replica);
    this.#changed(state.replicaPermdown(replica));
  }

  #flush(): void {
    this.#flushing = false;
    this.#sayToAll({ says: "delta", delta: this.#replica.state.takeDelta() });
  }

  #beat(): void {
    const { state, peers } = this.#replica;
    const nowMs = this.#self.runtime.clock.nowMs();
    // Who could not listen itself can't tell who was silent: what they have said is still in the mailbox.
    const listened = nowMs - this.#beatMs < 2 * HEARTBEAT_MS;
    this.#beatMs = nowMs;
    for (const [replica, { nodeName, heardMs, down }] of peers) {
      const silentMs = listened ? nowMs - heardMs : 0;
      if (silentMs > PERMDOWN_MS || this.#isGone(nodeName)) this.#forget(replica);
      else if (silentMs > DOWN_MS && !down) this.#hide(replica);
    }
    // Before its clock: nobody shall miss what has only not been said yet.
    if (this.#flushing) this.#flush();
    this.#sayToAll({ says: "clock", clock: state.clocks().get(state.replica)! });
    this.#startTimer();
  }

  #startTimer(): void {
    this.#beating = true;
    this.#self.sendAfter(HEARTBEAT_MS, this.#self.pid, HEARTBEAT);
  }

  #sayToAll(saying: Saying): void {
    this.#say(saying, (adapter, gossip) =>
      adapter.broadcast(this.#topic, undefined, gossip, plainDispatcher),
    );
  }

  #sayTo(nodeName: string, saying: Saying): void {
    this.#say(saying, (adapter, gossip) =>
      adapter.directBroadcast(nodeName, this.#topic, gossip, plainDispatcher),
    );
  }

  /** While the PubSub is stopped nobody hears anything; the clocks show it afterwards. */
  #say(saying: Saying, send: (adapter: PubSubAdapter, gossip: Gossip) => void): void {
    const adapter = PubSub.adapter(this.#self, this.#pubsub);
    if (adapter === undefined) return;
    const from = { gossip: this.#topic, replica: this.#replica.state.replica, nodeName: this.#nodeName };
    try {
      send(adapter, { ...from, ...saying } as Gossip);
    } catch (error) {
      if (!(error instanceof RookeryError) || !("delta" in saying)) throw error;
      send(adapter, { ...from, ...saying, delta: asCopied(saying.delta) } as Gossip);
    }
  }
}

/** With metas that can be copied. */
function asCopied(delta: TrackerDelta<Pid>): TrackerDelta<Pid> {
  return { ...delta, entries: delta.entries.map((entry) => ({ ...entry, meta: copyable(entry.meta) })) };
}

/** A meta that can't be copied goes as clients are shown it. If that can't be, either, nobody else shall miss anything for it. */
function copyable(meta: Meta): Meta {
  if (isCopyable(meta, META_LEVELS_MAX)) return meta;
  const shown = JSON.parse(JSON.stringify(meta)) as Meta;
  if (isCopyable(shown, META_LEVELS_MAX)) return shown;
  const { phx_ref, phx_ref_prev } = meta;
  return phx_ref_prev === undefined ? { phx_ref } : { phx_ref, phx_ref_prev };
}
