import {
  type CastResult,
  DownMessage,
  noReply,
  ok,
  type Ok,
  type Pid,
  type Ref,
} from "../../runtime/index.ts";
import type { Origin } from "../../runtime/internal.ts";
import { channelsError } from "../errors.ts";
import { fastlaneDispatcher } from "../fastlane.ts";
import { Broadcast } from "../message.ts";
import type { Dispatcher } from "../pubsub/dispatcher.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { TopicDiff } from "../tracker/topic-diff.ts";
import { completeTrackerOptions, type TrackerOptions } from "../tracker/tracker-options.ts";
import { type PresenceKey, type Trackable, TrackerServer } from "../tracker/tracker-server.ts";
import {
  frozenPresencesOf,
  type PresenceDiff,
  type PresenceEntry,
  type Presences,
  presencesOf,
} from "./presences.ts";
import { type KeyMetas, TopicMetas } from "./topic-metas.ts";

/** How long a `fetch` for a diff may take before the diff goes out without what it adds. */
const FETCH_TIMEOUT_MS = 5_000;

/** What a Presence is started with: the options of `use Phoenix.Presence`. */
export interface PresenceOptions extends TrackerOptions {
  /** The name of the PubSub on which diffs are published. */
  readonly pubsub: string;
  /** How diffs are sent to the subscribers. Default: as channels' broadcasts are. */
  readonly dispatcher?: Dispatcher;
  /** A `fetch` for a diff may take so long; then the diff goes out without what it adds. */
  readonly fetchTimeoutMs?: number;
}

interface PresenceState<Client> {
  readonly pubsub: string;
  /** What `initClient` and `handleMetas` returned last. */
  client: Client | undefined;
}

/** What readers get: a promise if the class has an asynchronous `fetch`. */
type Fetched<P extends Presence, Value> = undefined extends P["fetch"]
  ? Value
  : ReturnType<NonNullable<P["fetch"]>> extends Promise<unknown>
    ? Promise<Value>
    : Value;

type PresenceClass<P extends Presence> = (abstract new () => P) & { readonly prototype: P };

/** The oldest diff, on its way through `fetch`. */
interface Fetching {
  readonly topic: string;
  readonly raw: PresenceDiff;
  readonly fetcher: Pid;
  /** The monitor of the fetcher; as a message, its time is over. */
  readonly ref: Ref;
  readonly timer: Ref;
  fetched: PresenceDiff | undefined;
}

/** What a fetcher sends. */
class FetchedDiff {
  readonly diff: PresenceDiff;

  constructor(diff: PresenceDiff) {
    this.diff = diff;
  }
}

/**
 * Shows who is there: channels track themselves under a key, and everybody in the topic is told who joins and who leaves, by the
 * broadcast `presence_diff` `{ joins, leaves }`. `Phoenix.Presence`, for the unmodified client's `Presence`. A child of a
 * supervisor, after its PubSub: `{ id: "presence", start: [Presence, { pubsub: "demo.pubsub" }], name: "demo.presence" }`.
 *
 * Each operation makes one diff a topic; diffs of a topic are ordered. The exit of a tracked process, for whatever reason, makes
 * its leave. A killed Presence process loses nobody: its successor goes on where it was. Beside a PubSub on each shard there is a Presence on each:
 * they are one. Track where the process lives; on every shard everybody is listed, and hears of all a moment later. A shard that is gone
 * takes its presences along. The first state is not sent by itself: the channel pushes
 * `presence_state` with `list`.
 *
 * Subclass it to add data to what is shown (`fetch`), or to follow who is there on the server (`handleMetas`).
 *
 * @example
 * ```ts doctest
 * await runtime.start(PubSub, {}, { name: "doc.pubsub" });
 * await runtime.start(Presence, { pubsub: "doc.pubsub" }, { name: "doc.presence" });
 * await Presence.track(self, "doc.presence", self.pid, "room:1", "alice", { online_at: 1 });
 * Object.keys(Presence.list(self, "doc.presence", "room:1")); // => ["alice"]
 * ```
 */
export class Presence<Client = unknown> extends TrackerServer<PresenceState<Client>> {
  static override readonly module: string = import.meta.url;

  /**
   * Adds data to presences of a topic: return others, with more beside `metas`. Called for `list` and `getByKey`, in the process of
   * the reader; and for what joins and what leaves in each diff, in a process of its own, so that it holds up nobody:
   * diffs go out in order all the same. A `fetch` that fails or takes too long for a diff is reported, and the diff
   * goes out without what it adds, for the clients must know who is there. It must not use `this.self` or `this.state`.
   */
  fetch?(topic: string, presences: Presences): Presences | Promise<Presences>;

  /** Makes the first state of `handleMetas`. */
  initClient?(): Client;

  /**
   * Follows the diffs, after they were broadcast, with what `fetch` added: answers the next client state. `presences` holds the
   * metas of the topic's keys after this diff. After a restart it is called for all who are there as if they joined now.
   */
  handleMetas?(topic: string, diff: PresenceDiff, presences: KeyMetas, client: Client): Client;

  #options: Required<Pick<PresenceOptions, "pubsub" | "dispatcher" | "fetchTimeoutMs">> = undefined as never;
  #fetching: Fetching | undefined;
  readonly #metas = new TopicMetas();
  /** All who were there when this process began, for `handleMetas`: the client state that knew of them is gone. */
  readonly #retold: TopicDiff<Pid>[] = [];
  /** How many of the first `table.diffs` are part of `#retold` already. */
  #inherited = 0;

  /**
   * Who is there, in the topic of a socket or in any: `{ [key]: { metas: [...] } }`, with what `fetch` adds. Reads the table of this
   * shard, without a message. Without `fetch`, all who ask before something changes get the same object, which is frozen. A class with an
   * asynchronous `fetch` must be asked itself, and answers a promise.
   */
  static list<P extends Presence>(
    this: PresenceClass<P>,
    socket: Trackable,
    name: string,
  ): Fetched<P, Presences>;
  static list<P extends Presence>(
    this: PresenceClass<P>,
    from: Origin,
    name: string,
    topic: string,
  ): Fetched<P, Presences>;
  static list<P extends Presence>(
    this: PresenceClass<P>,
    from: Origin | Trackable,
    name: string,
    ...rest: unknown[]
  ): Fetched<P, Presences> {
    const { origin, topic } = readFrom(from, rest);
    const { state, tracker } = Presence.table(origin, name);
    const presences = state.entries.made(topic, frozenPresencesOf);
    return fetchWith(this, tracker, topic, presences) as Fetched<P, Presences>;
  }

  /** What `list` has under one key; undefined if nobody is there. */
  static getByKey<P extends Presence>(
    this: PresenceClass<P>,
    socket: Trackable,
    name: string,
    key: PresenceKey,
  ): Fetched<P, PresenceEntry | undefined>;
  static getByKey<P extends Presence>(
    this: PresenceClass<P>,
    from: Origin,
    name: string,
    topic: string,
    key: PresenceKey,
  ): Fetched<P, PresenceEntry | undefined>;
  static getByKey<P extends Presence>(
    this: PresenceClass<P>,
    from: Origin | Trackable,
    name: string,
    ...rest: unknown[]
  ): Fetched<P, PresenceEntry | undefined> {
    type Result = Fetched<P, PresenceEntry | undefined>;
    const { origin, topic } = readFrom(from, rest);
    const key = String(rest.at(-1));
    const { state, tracker } = Presence.table(origin, name);
    const presences = presencesOf(state.entries.keys(topic).get(key) ?? []);
    const fetched = fetchWith(this, tracker, topic, presences);
    if (fetched instanceof Promise) return fetched.then((all) => all[key]) as Result;
    return fetched[key] as Result;
  }

  /** The processes in which a `fetch` for a diff runs now: for tests that wait until they no longer need their database. */
  static fetchersPids(from: Origin, name: string): Pid[] {
    const fetching = (Presence.table(from, name).tracker as Presence).#fetching;
    return fetching === undefined ? [] : [fetching.fetcher];
  }

  init({
    pubsub,
    dispatcher = fastlaneDispatcher,
    fetchTimeoutMs = FETCH_TIMEOUT_MS,
    ...trackerOptions
  }: PresenceOptions): Ok<PresenceState<Client>> {
    if (this.handleMetas !== undefined && this.initClient === undefined) {
      throw channelsError(
        "ROOKERY_PRESENCE_CALLBACK",
        this.constructor.name,
        "initClient beside handleMetas",
      );
    }
    this.#options = { pubsub, dispatcher, fetchTimeoutMs };
    const options = completeTrackerOptions(trackerOptions);
    const { state, diffs } = this.open(PubSub.nodeName(this.self, pubsub), options);
    if (this.handleMetas !== undefined) {
      for (const topic of state.entries.topics()) {
        this.#retold.push({ topic, joins: [...state.entries.inTopic(topic)], leaves: [] });
      }
      this.#inherited = diffs.length;
    }
    this.replicate(pubsub, options);
    return ok({ pubsub, client: this.initClient?.() }, { continue: "announce" });
  }

  override handleContinue(): CastResult {
    this.announce();
    return noReply();
  }

  protected override announce(): void {
    while (this.#fetching === undefined) {
      const next = this.#retold[0] ?? this.table.diffs[0];
      if (next === undefined) return;
      const diff = { joins: presencesOf(next.joins), leaves: presencesOf(next.leaves) };
      if (this.fetch === undefined) this.#publish(next.topic, diff);
      else this.#fetching = this.#startFetch(next.topic, diff);
    }
  }

  #publish(topic: string, diff: PresenceDiff): void {
    const { pubsub, dispatcher } = this.#options;
    const retold = this.#retold.shift() !== undefined;
    if (!retold) {
      // First taken from the table: a diff that can't be sent must not end the successor of this process, too.
      this.table.diffs.shift();
      PubSub.handOut(this.self, pubsub, topic, new Broadcast(topic, "presence_diff", diff), dispatcher);
    }
    if (!retold && this.#inherited > 0) this.#inherited -= 1;
    else if (this.handleMetas !== undefined) {
      const metas = this.#metas.apply(topic, diff);
      this.state.client = this.handleMetas(topic, diff, metas, this.state.client as Client);
    }
  }

  #startFetch(topic: string, raw: PresenceDiff): Fetching {
    const { self } = this;
    const fetchSome = async (presences: Presences): Promise<Presences> => {
      return Object.keys(presences).length === 0
        ? presences
        : ((await this.fetch?.(topic, presences)) ?? presences);
    };
    const { pid: fetcher, ref } = self.spawnMonitor(async (task) => {
      task.send(
        self.pid,
        new FetchedDiff({ joins: await fetchSome(raw.joins), leaves: await fetchSome(raw.leaves) }),
      );
    });
    const timer = self.sendAfter(this.#options.fetchTimeoutMs, self.pid, ref);
    return { topic, raw, fetcher, ref, timer, fetched: undefined };
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    const fetching = this.#fetching;
    if (fetching !== undefined && message instanceof FetchedDiff) {
      fetching.fetched = message.diff;
    } else if (fetching !== undefined && message === fetching.ref) {
      this.self.exit(fetching.fetcher, "kill");
    } else if (fetching !== undefined && message instanceof DownMessage && message.ref === fetching.ref) {
      this.#fetched(fetching, message.reason);
    } else {
      return super.handleInfo(message);
    }
    return noReply();
  }

  #fetched({ topic, raw, timer, fetched }: Fetching, reason: unknown): void {
    this.self.cancelTimer(timer);
    this.#fetching = undefined;
    if (fetched === undefined) {
      const what = `The fetch of ${this.constructor.name} failed: a diff goes out without what it adds`;
      this.self.runtime.logger.error({ topic, reason }, what);
    }
    this.#publish(topic, fetched ?? raw);
    this.announce();
  }
}

/** The topic of a socket, or the first argument after the name. */
function readFrom(from: Origin | Trackable, [topic]: readonly unknown[]): { origin: Origin; topic: string } {
  if ("channelPid" in from) return { origin: from.runtime, topic: from.topic };
  return { origin: from, topic: topic as string };
}

function fetchWith<P extends Presence>(
  asked: PresenceClass<P>,
  tracker: TrackerServer,
  topic: string,
  presences: Presences,
): Presences | Promise<Presences> {
  const fetched = (tracker as Presence).fetch?.(topic, presences) ?? presences;
  if (fetched instanceof Promise && asked.prototype.fetch === undefined) {
    const own = `the list of ${tracker.constructor.name}, which is asynchronous`;
    throw channelsError("ROOKERY_PRESENCE_CALLBACK", asked.name, own);
  }
  return fetched;
}
