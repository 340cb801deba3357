import {
  type CallResult,
  type CastResult,
  DownMessage,
  GenServer,
  noReply,
  Pid,
  type Ref,
  reply,
  type Runtime,
  stop,
} from "../../runtime/index.ts";
import type { Origin } from "../../runtime/internal.ts";
import type { ChannelClass } from "../channel.ts";
import { checkMeta, type MetaFor } from "../contract/outgoing.ts";
import { channelsError } from "../errors.ts";
import { NamedTables } from "../named-tables.ts";
import type { Meta, TrackerDiff, TrackerEntry } from "./entry.ts";
import { PhxRefs } from "./phx-refs.ts";
import { type ReplicaTable, replicaTable } from "./replica.ts";
import { Replication } from "./replication.ts";
import { splitByTopic, type TopicDiff } from "./topic-diff.ts";
import { type CompleteTrackerOptions, completeTrackerOptions } from "./tracker-options.ts";

/** What a socket has that a channel is tracked by. */
export interface Trackable {
  /** Undefined of a socket without a channel, which can't be tracked. */
  readonly channelPid: Pid | undefined;
  readonly topic: string;
  readonly runtime: Runtime;
  /** Metas are held to its contract. */
  readonly channel?: ChannelClass | undefined;
}

/** Keys are strings; a number stands for its digits. */
export type PresenceKey = string | number;

/** What is shown of a presence: plain data. */
export type MetaFields = Readonly<Record<string, unknown>>;

/** The new meta of a presence, or a function that makes it of the old one. What it throws, the caller gets. */
export type MetaUpdate = MetaFields | ((meta: Meta) => MetaFields);

/** `ref` is the `phx_ref` of the new meta. */
export type TrackResult =
  | { readonly ok: true; readonly ref: string }
  | { readonly ok: false; readonly reason: "already_tracked" };

/** What an update answers: the new `phx_ref` of the presence, or that the process is not tracked there. `Phoenix.Tracker.update/5`. */
export type UpdateResult =
  | { readonly ok: true; readonly ref: string }
  | { readonly ok: false; readonly reason: "nopresence" };

/** A presence as it was tracked. */
export type TrackedMeta = readonly [key: string, meta: Meta];

export function trackedMeta({ key, meta }: TrackerEntry<Pid>): TrackedMeta {
  return [key, meta];
}

interface TrackRequest {
  readonly type: "track";
  readonly pid: Pid;
  readonly topic: string;
  readonly key: string;
  readonly meta: MetaFields;
}

interface UpdateRequest {
  readonly type: "update";
  readonly pid: Pid;
  readonly topic: string;
  readonly key: string;
  readonly update: MetaUpdate;
}

interface UntrackRequest {
  readonly type: "untrack";
  readonly pid: Pid;
  /** Undefined: all that the process has. */
  readonly from: { readonly topic: string; readonly key: string } | undefined;
}

type TrackerRequest = TrackRequest | UpdateRequest | UntrackRequest | { readonly type: "graceful permdown" };

/** What an update function threw: thrown to the caller, for it is the caller's bug. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What outlives a killed tracker. */
export interface TrackerTable extends ReplicaTable<Pid> {
  readonly refs: PhxRefs;
  /** Diffs that have not been announced yet, oldest first. */
  readonly diffs: TopicDiff<Pid>[];
  /** The newest incarnation that had started. */
  tracker: TrackerServer;
}

const tables = new NamedTables<TrackerTable>("Presence");

/**
 * What a Tracker and a Presence have in common: one replica of who is tracked, which others merge with theirs.
 *
 * Tracking goes through the process, one operation after the other. Reading doesn't: who is tracked stands in a table
 * of this shard. It outlives the process: when that is killed, its successor finds who was tracked, watches them anew, and so
 * hears of those who have died meanwhile; it learns what others have done meanwhile; and it announces the diffs that were still waiting. So nobody is lost, nobody
 * stays for ever, and nobody need join again. (In Phoenix the tracked processes are linked to the tracker and die with
 * it, because its table does.)
 */
export abstract class TrackerServer<State = unknown> extends GenServer<
  State,
  TrackerRequest,
  never,
  unknown
> {
  #table: TrackerTable | undefined;
  readonly #watches = new Map<Pid, Ref>();
  #replication: Replication | undefined;

  /** The table of the tracker called `name`, for reading. Throws ROOKERY_NOT_STARTED. */
  protected static table(origin: Origin, name: string): TrackerTable {
    return tables.get(origin, name);
  }

  /**
   * Tracks a channel under `key` of its topic, or any process under a key of any topic. The same process may have several keys
   * in a topic, and several processes the same key, but not the same process the same key twice: `"already_tracked"`.
   * Rejects with ROOKERY_PRESENCE_META for a meta that is no object or that JSON has no form for, and as `call` does when the
   * tracker dies: whether it has tracked is then unknown, so the caller had better crash, too.
   */
  static track<S extends Trackable>(
    socket: S,
    name: string,
    key: PresenceKey,
    meta: MetaFor<S>,
  ): Promise<TrackResult>;
  static track(
    from: Origin,
    name: string,
    pid: Pid,
    topic: string,
    key: PresenceKey,
    meta: MetaFields,
  ): Promise<TrackResult>;
  static async track(from: Origin | Trackable, name: string, ...rest: unknown[]): Promise<TrackResult> {
    const { origin, pid, topic, key, value } = locate(from, rest);
    const meta = fieldsOf(value, key);
    checkMeta(from, key, meta);
    return (await origin.call(name, { type: "track", pid, topic, key, meta })) as TrackResult;
  }

  /** Tracks no longer: under one key, or, with nothing but a pid, everywhere. No error if it was not tracked. */
  static untrack(socket: Trackable, name: string, key: PresenceKey): Promise<void>;
  static untrack(from: Origin, name: string, pid: Pid): Promise<void>;
  static untrack(from: Origin, name: string, pid: Pid, topic: string, key: PresenceKey): Promise<void>;
  static async untrack(from: Origin | Trackable, name: string, ...rest: unknown[]): Promise<void> {
    const { origin, pid, topic, key } = locate(from, rest);
    const everywhere = rest.length === 1 && rest[0] instanceof Pid;
    await origin.call(name, { type: "untrack", pid, from: everywhere ? undefined : { topic, key } });
  }

  /**
   * Replaces a meta, by fields or by a function of the old meta; what that throws is thrown here. One diff tells of both: the
   * new meta joins, with the old one's reference as `phx_ref_prev`, and the old one leaves.
   */
  static update<S extends Trackable>(
    socket: S,
    name: string,
    key: PresenceKey,
    update: MetaFor<S> | ((meta: Meta) => MetaFor<S>),
  ): Promise<UpdateResult>;
  static update(
    from: Origin,
    name: string,
    pid: Pid,
    topic: string,
    key: PresenceKey,
    update: MetaUpdate,
  ): Promise<UpdateResult>;
  static async update(from: Origin | Trackable, name: string, ...rest: unknown[]): Promise<UpdateResult> {
    const { origin, pid, topic, key, value } = locate(from, rest);
    const update = typeof value === "function" ? value : fieldsOf(value, key);
    if (typeof update !== "function") checkMeta(from, key, update);
    const result = await origin.call(name, { type: "update", pid, topic, key, update });
    if (result instanceof Thrown) throw result.error;
    return result as UpdateResult;
  }

  /** How many presences a topic has: of one key with two processes, two. */
  static count(from: Origin, name: string, topic: string): number {
    return tables.get(from, name).state.entries.count(topic);
  }

  /**
   * Tells all other places that this one is going, and stops the process: what it tracks is gone there at once, without any wait for
   * its silence. For a place that is about to be shut down. Who starts it again shows again who is still there.
   */
  static async gracefulPermdown(from: Origin, name: string): Promise<void> {
    await from.call(name, { type: "graceful permdown" });
  }

  /** The presences of a topic, each by itself, as this shard knows them now: without a message, and as they were tracked. */
  static dirtyList(from: Origin, name: string, topic: string): TrackedMeta[] {
    return Array.from(tables.get(from, name).state.entries.inTopic(topic), trackedMeta);
  }

  /** @internal Each topic that somebody is tracked in, read as they are asked for. */
  static topics(from: Origin, name: string): Iterable<string> {
    return tables.find(from, name)?.state.entries.topics() ?? [];
  }

  /** @internal Whether there is one of that name. */
  static isOpen(from: Origin, name: string): boolean {
    return tables.find(from, name) !== undefined;
  }

  /** How many keys a topic has. */
  static countKeys(from: Origin, name: string, topic: string): number {
    return tables.get(from, name).state.entries.keys(topic).size;
  }

  /**
   * Called whenever `table.diffs` has grown. Who announces a diff removes it from there, in the same turn, so that what is left
   * when this process is killed is what its successor has to announce.
   */
  protected abstract announce(): void;

  protected get table(): TrackerTable {
    return this.#table as TrackerTable;
  }

  /** For `init`: takes over what a predecessor left, or begins anew as a replica at `nodeName`. */
  protected open(
    nodeName: string,
    options: CompleteTrackerOptions = completeTrackerOptions({}),
  ): TrackerTable {
    const { clock, random } = this.self.runtime;
    const table = tables.adopt(this.self, () => {
      const refs = new PhxRefs(clock, random);
      // A replica that begins anew must not be taken for the one before it: its clock begins anew, too.
      const replica = `${nodeName}#${refs.next()}`;
      return {
        ...replicaTable<Pid>(replica, clock.systemTimeMs(), options.maxDeltaSizes),
        refs,
        diffs: [],
        tracker: this,
      };
    });
    table.tracker = this;
    this.#table = table;
    for (const pid of table.state.ownPids()) this.#watch(pid);
    return table;
  }

  /** For `init`, after `open`: from now on this replica and those of the same name at other places of the PubSub are one. */
  protected replicate(pubsub: string, options: CompleteTrackerOptions): void {
    const name = tables.nameOf(this.self);
    const changed = (diff: TrackerDiff<Pid>): void => this.#changed(diff);
    this.#replication = new Replication(this.self, pubsub, name, this.table, options, changed);
    this.#replication.begin();
  }

  override handleCall(request: TrackerRequest): CallResult {
    const { state, refs } = this.table;
    switch (request.type) {
      case "track": {
        const { pid, topic, key, meta } = request;
        if (state.entries.find(pid, topic, key).length > 0)
          return reply({ ok: false, reason: "already_tracked" });
        const ref = refs.next();
        this.#watch(pid);
        this.#did(state.join(pid, topic, key, Object.freeze({ ...meta, phx_ref: ref })));
        return reply({ ok: true, ref });
      }
      case "update": {
        const [entry] = state.entries.find(request.pid, request.topic, request.key);
        if (entry === undefined) return reply({ ok: false, reason: "nopresence" });
        return reply(this.#update(entry, request.update));
      }
      case "untrack": {
        const { pid, from } = request;
        this.#did(from === undefined ? state.leavePid(pid) : state.leave(pid, from.topic, from.key));
        if (state.entries.ofPid(pid).size === 0) this.#unwatch(pid);
        return reply(undefined);
      }
      case "graceful permdown":
        this.#replication?.bye();
        return stop("normal", undefined);
    }
  }

  #update({ pid, topic, key, meta }: TrackerEntry<Pid>, update: MetaUpdate): UpdateResult | Thrown {
    const { state, refs } = this.table;
    let fields: MetaFields;
    try {
      fields = typeof update === "function" ? fieldsOf(update(meta), key) : update;
    } catch (error) {
      return new Thrown(error);
    }
    const ref = refs.next();
    // It may have been another replica's until now, which needn't be there, nor have heard of this, when the process exits.
    this.#watch(pid);
    this.#did(
      state.join(pid, topic, key, Object.freeze({ ...fields, phx_ref: ref, phx_ref_prev: meta.phx_ref })),
    );
    return { ok: true, ref };
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (this.#replication?.handles(message) === true) return noReply();
    if (!(message instanceof DownMessage) || !(message.process instanceof Pid)) return noReply();
    if (this.#watches.get(message.process) !== message.ref) return noReply();
    this.#watches.delete(message.process);
    this.#did(this.table.state.leavePid(message.process));
    return noReply();
  }

  /** What this replica itself has done. */
  #did(diff: TrackerDiff<Pid>): void {
    this.#replication?.acted();
    this.#changed(diff);
  }

  #changed(diff: TrackerDiff<Pid>): void {
    const diffs = splitByTopic(diff);
    if (diffs.length === 0) return;
    this.table.diffs.push(...diffs);
    this.announce();
  }

  #watch(pid: Pid): void {
    if (!this.#watches.has(pid)) this.#watches.set(pid, this.self.monitor(pid));
  }

  #unwatch(pid: Pid): void {
    const ref = this.#watches.get(pid);
    if (ref === undefined) return;
    this.self.demonitor(ref, { flush: true });
    this.#watches.delete(pid);
  }
}

interface Location {
  readonly origin: Origin;
  readonly pid: Pid;
  readonly topic: string;
  readonly key: string;
  readonly value: unknown;
}

/** The arguments after the name: a key and a value of the socket's channel, or a pid, a topic, a key and a value. */
function locate(from: Origin | Trackable, rest: readonly unknown[]): Location {
  if ("channelPid" in from) {
    if (from.channelPid === undefined) throw channelsError("ROOKERY_CHANNEL_NOT_JOINED");
    return {
      origin: from.runtime,
      pid: from.channelPid,
      topic: from.topic,
      key: String(rest[0]),
      value: rest[1],
    };
  }
  const [pid, topic, key, value] = rest;
  return { origin: from, pid: pid as Pid, topic: topic as string, key: String(key), value };
}

/** Refuses what could not be shown here, where it came from, and not when it is sent to everybody. */
function fieldsOf(value: unknown, key: string): MetaFields {
  try {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && JSON.stringify(value)) {
      return value as MetaFields;
    }
  } catch {
    // A cycle or a bigint.
  }
  throw channelsError("ROOKERY_PRESENCE_META", key, value);
}
