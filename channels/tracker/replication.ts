import { type Pid, RookeryError, type Self } from "../../runtime/index.ts";
import { isCopyable, isOrderly, onProcessExit } from "../../runtime/internal.ts";
import type { PubSubAdapter } from "../pubsub/adapter.ts";
import { plainDispatcher } from "../pubsub/dispatcher.ts";
import { PLACES_TOPIC, PlaceLost } from "../pubsub/place-lost.ts";
import { PlacesMet } from "../pubsub/places-met.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { TrackerDelta } from "./delta.ts";
import type { Meta, TrackerDiff } from "./entry.ts";
import type { Gossip } from "./gossip.ts";
import { Replica, type ReplicaEvent, type ReplicaTable } from "./replica.ts";
import type { CompleteTrackerOptions } from "./tracker-options.ts";

/** A meta that is nested deeper is not told to others. */
const META_LEVELS_MAX = 500;
/** The first heartbeat comes at any time in this part of a period, so that places that start together don't all speak together. */
const FIRST_BEAT_PART = 0.25;

const FLUSH = Object.freeze({ type: "flush" });
const HEARTBEAT = Object.freeze({ type: "heartbeat" });

/** Gossip on its way: subscribers tell by the tracker's topic whose it is. */
interface Envelope {
  readonly tracker: string;
  readonly gossip: Gossip<Pid>;
}

/**
 * Carries out over PubSub what a `Replica` decides. Where nobody else is, it says hello once and nothing more. A place that its
 * adapter knows to be gone is forgotten at once, with all that was there; otherwise silence decides.
 */
export class Replication {
  readonly #self: Self;
  readonly #pubsub: string;
  readonly #topic: string;
  readonly #options: CompleteTrackerOptions;
  readonly #replica: Replica<Pid>;
  /** Through which others were spoken to last: another one after a PubSub was stopped, and what was said meanwhile was not heard. */
  #adapter: PubSubAdapter | undefined;
  #flushing = false;
  #beating = false;
  #beatMs = 0;

  /** `changed` hears what others have changed here. */
  constructor(
    self: Self,
    pubsub: string,
    tracker: string,
    table: ReplicaTable<Pid>,
    options: CompleteTrackerOptions,
    changed: (diff: TrackerDiff<Pid>) => void,
  ) {
    this.#self = self;
    this.#pubsub = pubsub;
    this.#topic = `\0tracker ${tracker}`;
    this.#options = options;
    this.#replica = new Replica(table, options, {
      nodeName: PubSub.nodeName(self, pubsub),
      nowMs: () => self.runtime.clock.nowMs(),
      say: (gossip, to) => this.#say(gossip, to),
      changed,
      happened: (event, nodeName) => this.#happened(event, nodeName),
      isGone: (nodeName) => PubSub.adapter(self, pubsub)?.isGone?.(nodeName) ?? false,
    });
  }

  begin(): void {
    PubSub.subscribe(this.#self, this.#pubsub, this.#topic);
    PubSub.subscribe(this.#self, this.#pubsub, PLACES_TOPIC);
    if (this.#options.permdownOnShutdown) {
      onProcessExit(this.#self.pid, (reason) => {
        if (isOrderly(reason)) this.#replica.bye();
      });
    }
    this.#adapter = PubSub.adapter(this.#self, this.#pubsub);
    this.#replica.begin();
    // A message, to be carried out after `init`: some of them may be gone.
    if (!this.#replica.isAlone) {
      this.#beating = true;
      this.#self.send(this.#self.pid, HEARTBEAT);
    }
  }

  /** This replica has done something: others hear of it when what is waiting to be done is done, too. */
  acted(): void {
    if (this.#flushing || this.#replica.isAlone) return;
    this.#flushing = true;
    this.#self.send(this.#self.pid, FLUSH);
  }

  /** The others need not wait: what is tracked here is gone. */
  bye(): void {
    this.#replica.bye();
  }

  /** Whether `message` was for replication. */
  handles(message: unknown): boolean {
    if (message === FLUSH) {
      this.#flushing = false;
      this.#replica.flush();
    } else if (message === HEARTBEAT) this.#beat();
    else if (message instanceof PlaceLost) this.#replica.lost(message.nodeName);
    // What was said meanwhile has reached nobody, the first hello among it.
    else if (message instanceof PlacesMet) this.#replica.begin();
    else if (this.#isEnvelope(message)) {
      this.#replica.hear(message.gossip);
      if (!this.#beating && !this.#replica.isAlone) this.#startBeating();
    } else return false;
    return true;
  }

  #isEnvelope(message: unknown): message is Envelope {
    return (message as Partial<Envelope> | null)?.tracker === this.#topic;
  }

  #beat(): void {
    const nowMs = this.#self.runtime.clock.nowMs();
    const { broadcastPeriodMs } = this.#options;
    const listened = nowMs - this.#beatMs < 2 * broadcastPeriodMs;
    this.#beatMs = nowMs;
    const adapter = PubSub.adapter(this.#self, this.#pubsub);
    if (adapter !== this.#adapter && adapter !== undefined) this.#replica.begin();
    this.#adapter = adapter;
    this.#replica.beat(listened);
    this.#beatIn(broadcastPeriodMs);
  }

  #startBeating(): void {
    this.#beating = true;
    this.#beatIn(this.#options.broadcastPeriodMs * FIRST_BEAT_PART * this.#self.runtime.random.next());
  }

  #beatIn(ms: number): void {
    this.#self.sendAfter(ms, this.#self.pid, HEARTBEAT);
  }

  #happened(event: ReplicaEvent, nodeName: string): void {
    const { logLevel, reportEventsTo } = this.#options;
    if (reportEventsTo !== undefined) this.#self.send(reportEventsTo, [event, nodeName]);
    if (logLevel !== false)
      this.#self.runtime.logger[logLevel]({ event, nodeName }, `${event} of ${this.#topic.slice(1)}`);
  }

  /** While the PubSub is stopped nobody hears anything; the clocks show it afterwards. */
  #say(gossip: Gossip<Pid>, to: string | undefined): void {
    const adapter = PubSub.adapter(this.#self, this.#pubsub);
    if (adapter === undefined) return;
    try {
      this.#send(adapter, gossip, to);
    } catch (error) {
      if (!(error instanceof RookeryError) || !("delta" in gossip)) throw error;
      this.#send(adapter, { ...gossip, delta: asCopied(gossip.delta) }, to);
    }
  }

  #send(adapter: PubSubAdapter, gossip: Gossip<Pid>, to: string | undefined): void {
    const envelope: Envelope = { tracker: this.#topic, gossip };
    if (to === undefined) adapter.broadcast(this.#topic, undefined, envelope, plainDispatcher);
    else adapter.directBroadcast(to, this.#topic, envelope, plainDispatcher);
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
