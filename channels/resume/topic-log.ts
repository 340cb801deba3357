import { randomBytes } from "node:crypto";
import {
  type CallResult,
  type CastResult,
  DownMessage,
  GenServer,
  noReply,
  type Ok,
  ok,
  type Pid,
  reply,
  type Runtime,
  stop,
} from "../../runtime/index.ts";
import { isOrderly } from "../../runtime/internal.ts";
import { channelsError } from "../errors.ts";
import { PLACES_TOPIC } from "../pubsub/place-lost.ts";
import { PlacesMet } from "../pubsub/places-met.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { entryBytes, type LogEntry } from "./log-entry.ts";
import type { LogStore } from "./log-store.ts";
import { LogTap, Tapped } from "./log-tap.ts";
import { LogWindow } from "./log-window.ts";
import { laneTopic, type Logged, type LogJoined, resumeDispatcher } from "./resume-lane.ts";
import type { Since } from "./resume-options.ts";
import { completeTopicLog, type CompleteTopicLog, type TopicLogOptions } from "./topic-log-options.ts";

/** The call of a channel whose client resumes. Plain, since it may come from another shard. */
export interface LogJoin {
  readonly topic: string;
  readonly events: readonly string[];
  readonly channel: Pid;
  readonly id: string | undefined;
  readonly since: Since | undefined;
}

/** The answer if the topic is logged for others, and with other events. */
export interface OtherEvents {
  readonly loggedEvents: readonly string[];
}

/** A topic that is logged. */
interface LoggedTopic {
  readonly name: string;
  readonly epoch: string;
  readonly events: ReadonlySet<string>;
  readonly window: LogWindow;
  /** The first offset that the store has. */
  storedFirst: number;
  /** How many channels are in it whose clients resume. */
  channels: number;
  /** Since when there are none. */
  idleSinceMs: number;
}

interface Member {
  readonly topic: LoggedTopic;
  /** The id of its client. */
  readonly id: string;
}

/** What is to be logged with the next ones. */
interface Waiting {
  readonly topic: LoggedTopic;
  readonly event: string;
  readonly payload: string | Uint8Array;
  readonly origin: string | null;
}

export interface TopicLogState {
  readonly topics: ReadonlyMap<string, LoggedTopic>;
}

class Flush {
  declare readonly flush?: true;
}
const FLUSH = new Flush();

class Sweep {
  declare readonly sweep?: true;
}
const SWEEP = new Sweep();

/** What is too old is dropped this many times within the age that entries reach. */
const SWEEPS = 4;
const ID_BYTES = 12;

/** No JSON of this length is nested too deep for the stack. */
const SHALLOW_LENGTH = 2_000;
const SPARE_LEVELS = 500;

/** Logs that have run under a name: one that comes after another has missed what was broadcast between them. */
const started = new WeakMap<Runtime, Set<string>>();

/**
 * Remembers what was broadcast in topics, so that clients which come back get what they missed. It serves the channels whose class
 * names it in `static readonly resume`. There is one for all shards, as a child of a supervisor, under a name, behind
 * the PubSub and before everything that broadcasts, on whatever shard: it starts earlier and ends later, so it misses nothing.
 *
 * ```ts
 * const children = [
 *   onEveryShard(PubSub, {}, { name: "demo.pubsub" }),
 *   { id: "log", name: "demo.log", start: [TopicLog, { pubsub: "demo.pubsub" }] },
 *   listenOnEveryShard(DemoEndpoint, { port: 4000 }),
 * ];
 * ```
 *
 * A topic is logged from the first client on that resumes it, until nobody has for `ageMs`. Of each topic there is one
 * order, and a client gets an event once the log has it: so it is never told of something that is not there later. An epoch
 * stands for an unbroken log of a topic. It ends with the process, unless the store keeps it: when the log was stopped in order,
 * with the whole program, it goes on with the same epochs. After a crash there are new ones, for something may have been missed.
 *
 * What comes by way of the log, its events, reaches a client in no order with what does not: replies, pushes, other events.
 *
 * With several nodes each has a log of its own, which does not go on after a restart: who comes back to another node is told
 * that nothing was resumed, and so is everybody on a node that was cut off from the others, since it has missed what they broadcast.
 *
 * When it dies, the channels that resume end too, and their clients join again: they are told that nothing was resumed.
 */
export class TopicLog extends GenServer<TopicLogState, LogJoin, never> {
  static override readonly module: string = import.meta.url;

  declare readonly answers: [LogJoin, LogJoined | OtherEvents];
  #options!: CompleteTopicLog;
  #store!: LogStore;
  readonly #topics = new Map<string, LoggedTopic>();
  /** Those that nobody resumes, the longest idle first. */
  readonly #idle = new Set<LoggedTopic>();
  readonly #members = new Map<Pid, Member>();
  #waiting: Waiting[] = [];
  /** Bytes of all topics. */
  #bytes = 0;

  async init(options: TopicLogOptions): Promise<Ok<TopicLogState>> {
    const { self } = this;
    this.#options = completeTopicLog(options);
    const name = self.info(self.pid)?.registeredName;
    if (name === undefined) throw channelsError("ROOKERY_UNNAMED", "TopicLog");
    self.trapExit(true);
    let names = started.get(self.runtime);
    if (names === undefined) started.set(self.runtime, (names = new Set()));
    const { pubsub } = this.#options;
    PubSub.subscribe(self, pubsub, PLACES_TOPIC);
    // Other nodes, of which an adapter with a state knows, have broadcast while this one was away.
    const goOn = !names.has(name) && PubSub.adapter(self, pubsub)?.state === undefined;
    names.add(name);
    this.#store = this.#options.store();
    for (const { topic, epoch, events, offset, entries } of await this.#store.open(goOn)) {
      const kept = entries.map(({ payloadBytes, atMs }) => ({ bytes: entryBytes(payloadBytes), atMs }));
      this.#add(topic, epoch, events, new LogWindow(offset, kept));
    }
    self.sendInterval(Math.ceil(this.#options.ageMs / SWEEPS), self.pid, SWEEP);
    return ok({ topics: this.#topics });
  }

  override async handleCall(request: LogJoin): Promise<CallResult> {
    // What waits belongs to the topic as it is now.
    await this.#flush();
    const { since, channel, id = randomBytes(ID_BYTES).toString("base64url") } = request;
    const topic = this.#known(request) ?? (await this.#begin(request));
    if (!hasEvents(topic, request.events)) return reply({ loggedEvents: [...topic.events] });
    this.self.monitor(channel);
    this.#members.set(channel, { topic, id });
    topic.channels += 1;
    this.#idle.delete(topic);
    const { epoch, window } = topic;
    this.#trim(topic);
    const resumed = since !== undefined && since.epoch === epoch && window.reaches(since.offset);
    const missed = resumed ? await this.#store.after(topic.name, since.offset) : [];
    return reply({ resumed, epoch, offset: window.last, id, missed } satisfies LogJoined);
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message instanceof Tapped) this.#take(message);
    else if (message instanceof Flush) return this.#flush().then(() => noReply());
    else if (message instanceof Sweep) return this.#sweep().then(() => noReply());
    else if (message instanceof DownMessage) return this.#left(message);
    // What other nodes have broadcast while this one was cut off is in no log of it: everybody begins anew.
    else if (message instanceof PlacesMet && this.#topics.size > 0) return stop(["shutdown", "cut_off"]);
    return noReply();
  }

  override async terminate(reason: unknown): Promise<void> {
    if (!isOrderly(reason)) return;
    await this.#flush();
    await this.#store.close();
  }

  #nowMs(): number {
    return Math.trunc(this.self.runtime.clock.systemTimeMs());
  }

  #add(name: string, epoch: string, events: readonly string[], window: LogWindow): LoggedTopic {
    const logged = new Set(events);
    const idleSinceMs = this.#nowMs();
    const topic = {
      name,
      epoch,
      events: logged,
      window,
      storedFirst: window.first,
      channels: 0,
      idleSinceMs,
    };
    this.#topics.set(name, topic);
    this.#idle.add(topic);
    this.#bytes += window.bytes;
    PubSub.subscribe(this.self, this.#options.pubsub, name, new LogTap(logged));
    return topic;
  }

  /** The topic, if it is logged; not if other events were than are now, for what came between them nobody has. */
  #known({ topic: name, events }: LogJoin): LoggedTopic | undefined {
    const topic = this.#topics.get(name);
    return topic === undefined || topic.channels > 0 || hasEvents(topic, events) ? topic : undefined;
  }

  async #begin({ topic: name, events }: LogJoin): Promise<LoggedTopic> {
    const former = this.#topics.get(name);
    if (former !== undefined) this.#drop(former);
    const epoch = randomBytes(ID_BYTES).toString("base64url");
    await this.#store.begin(name, epoch, events);
    return this.#add(name, epoch, events, new LogWindow());
  }

  #drop(topic: LoggedTopic): void {
    this.#topics.delete(topic.name);
    this.#idle.delete(topic);
    this.#bytes -= topic.window.bytes;
    PubSub.unsubscribe(this.self, this.#options.pubsub, topic.name);
  }

  #take({ broadcast: { topic: name, event, payload }, from }: Tapped): void {
    const topic = this.#topics.get(name);
    // Dropped meanwhile, or begun anew with other events.
    if (topic === undefined || !topic.events.has(event)) return;
    // Copied: bytes that a client pushed are a part of its frame, all of which they would keep.
    const kept = payload instanceof Uint8Array ? new Uint8Array(payload) : jsonOf(payload);
    if (kept === undefined) {
      this.self.runtime.logger.error(
        { topic: name, event },
        "Expected the payload of an event that is logged to be a JSON object: it is not, and clients that resume miss it",
      );
      return;
    }
    // Now: the channel that it came from may be gone when it is stored.
    const origin = (from && this.#members.get(from)?.id) ?? null;
    this.#waiting.push({ topic, event, payload: kept, origin });
    // Behind all that is in the mailbox already, so that what came together is stored together.
    if (this.#waiting.length === 1) this.self.send(this.self.pid, FLUSH);
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const atMs = this.#nowMs();
    const touched = new Set<LoggedTopic>();
    const entries: LogEntry[] = [];
    for (const { topic, event, payload, origin } of waiting) {
      const bytes = entryBytes(typeof payload === "string" ? Buffer.byteLength(payload) : payload.length);
      const offset = topic.window.add(bytes, atMs);
      this.#bytes += bytes;
      this.#trim(topic);
      touched.add(topic);
      entries.push({ topic: topic.name, offset, event, payload, origin, atMs });
    }
    await this.#store.append(entries, dropped(touched));
    for (const [index, entry] of entries.entries())
      this.#publish({ ...entry, epoch: waiting[index]!.topic.epoch });
  }

  /** To the shards of this node: other nodes have logs of their own, and would be sent everything once more for each of them. */
  #publish(logged: Logged): void {
    const { self } = this;
    const { pubsub } = this.#options;
    const topic = laneTopic(logged.topic);
    if (PubSub.adapter(self, pubsub)?.nodeNameOf === undefined) {
      PubSub.broadcast(self, pubsub, topic, logged, resumeDispatcher);
      return;
    }
    for (const shard of self.runtime.shards())
      PubSub.directBroadcast(self, shard, pubsub, topic, logged, resumeDispatcher);
  }

  #trim({ window }: LoggedTopic): void {
    const before = window.bytes;
    window.trim(this.#options, this.#nowMs(), Math.max(0, this.#bytes - this.#options.totalBytesMax));
    this.#bytes -= before - window.bytes;
  }

  #left({ process }: DownMessage): CastResult | Promise<CastResult> {
    const topic = this.#members.get(process as Pid)?.topic;
    this.#members.delete(process as Pid);
    if (topic === undefined || (topic.channels -= 1) > 0) return noReply();
    topic.idleSinceMs = this.#nowMs();
    this.#idle.add(topic);
    // Whoever joins and leaves one topic after the other must not fill the memory until the next sweep; and when everybody is cut off
    // at the same moment, the store must not be asked for each of them.
    if (this.#idle.size <= 2 * this.#options.idleTopicsMax) return noReply();
    return this.#forgetIdle().then(() => noReply());
  }

  /** Drops the topics that nobody has wanted for too long, or that are too many. */
  async #forgetIdle(): Promise<void> {
    // What waits may belong to one of them, and finds its topic in the store.
    await this.#flush();
    const { ageMs, idleTopicsMax } = this.#options;
    const nowMs = this.#nowMs();
    const gone: string[] = [];
    for (const topic of this.#idle) {
      if (this.#idle.size <= idleTopicsMax && nowMs - topic.idleSinceMs <= ageMs) break;
      this.#drop(topic);
      gone.push(topic.name);
    }
    if (gone.length > 0) await this.#store.forget(gone);
  }

  /** Drops what is too old. */
  async #sweep(): Promise<void> {
    await this.#forgetIdle();
    for (const topic of this.#topics.values()) this.#trim(topic);
    const firsts = dropped(this.#topics.values());
    if (firsts.size > 0) await this.#store.append([], firsts);
  }
}

function hasEvents({ events }: LoggedTopic, wanted: readonly string[]): boolean {
  return events.size === wanted.length && wanted.every((event) => events.has(event));
}

/** Of the topics that have lost something: from where on the store is to keep them. */
function dropped(topics: Iterable<LoggedTopic>): Map<string, number> {
  const firsts = new Map<string, number>();
  for (const topic of topics) {
    if (topic.window.first === topic.storedFirst) continue;
    topic.storedFirst = topic.window.first;
    firsts.set(topic.name, topic.storedFirst);
  }
  return firsts;
}

function nested(payload: object): object {
  let outer = payload;
  for (let level = 0; level < SPARE_LEVELS; level += 1) outer = [outer];
  return outer;
}

/** Undefined for what has no form in JSON, or another than an object. */
function jsonOf(payload: object): string | undefined {
  try {
    const json = JSON.stringify(payload) as string | undefined;
    if (json?.startsWith("{") !== true) return undefined;
    // Its frame is a level deeper, and made further down the stack: what only just fits here would end the log there.
    if (json.length > SHALLOW_LENGTH) JSON.stringify(nested(payload));
    return json;
  } catch {
    return undefined;
  }
}
