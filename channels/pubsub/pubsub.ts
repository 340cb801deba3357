import {
  type CastResult,
  ExitMessage,
  GenServer,
  noReply,
  type Ok,
  ok,
  type Pid,
  Runtime,
  type Self,
  stop,
} from "../../runtime/index.ts";
import { isDead, type Origin, sharedRole, uninterrupted } from "../../runtime/internal.ts";
import { NamedTables } from "../named-tables.ts";
import type { PubSubAdapter, PubSubAdapterFactory, PubSubState } from "./adapter.ts";
import { type Dispatcher, plainDispatcher, type Subscription } from "./dispatcher.ts";
import { localAdapter } from "./local-adapter.ts";
import { NamedDispatchers } from "./named-dispatchers.ts";
import { PLACES_TOPIC, PlaceLost } from "./place-lost.ts";
import { PlacesMet } from "./places-met.ts";
import { shardsAdapter } from "./shards-adapter.ts";
import { SubscriptionTable } from "./subscription-table.ts";

/** What a PubSub is started with, and how its broadcasts reach other shards and nodes: the options of `Phoenix.PubSub.child_spec/1`. */
export interface PubSubOptions {
  /** Carries broadcasts to other places. Default: to the other shards, for a name that is each shard's own. */
  readonly adapter?: PubSubAdapterFactory;
  /** Dispatchers of one's own by name, the same on every place: a broadcast to other places can only be given one of these. */
  readonly dispatchers?: Readonly<Record<string, Dispatcher>>;
}

interface PubSubServer {
  readonly nodeName: string;
}

interface PubSubTable {
  readonly subscriptions: SubscriptionTable;
  adapter: PubSubAdapter;
}

const tables = new NamedTables<PubSubTable>("PubSub");

/**
 * Publishes messages to the processes that have subscribed to a topic: `Phoenix.PubSub`. A child of a supervisor, under a
 * name: `{ id: "pubsub", start: [PubSub], name: "demo.pubsub" }`.
 *
 * Subscribing adds a row to a table, broadcasting is a loop over rows in the turn of the broadcaster; no process stands in
 * between. So what one process broadcasts arrives at each subscriber in order; nothing is ordered between different
 * broadcasters. The rows of a process vanish when it exits.
 *
 * In a runtime with several shards it runs on each of them, under a name that is each shard's own: a child of what `EveryShard`
 * starts, with `nameScope: "shard"`. A process subscribes on its own shard; a broadcast reaches the subscribers of all. To each
 * other shard it crosses once, in order with all else that its broadcaster sends there, and is handed out there. It is
 * copied on the way, so what can't be is refused: ROOKERY_NOT_COPYABLE.
 *
 * The process keeps the adapter and says whether the PubSub is running. Subscriptions outlive it: when it crashes or is
 * killed, broadcasts go on, and its successor finds every row in place. (In Phoenix the subscribers are linked to a
 * Registry and die with it, because their rows do. Here that would only make clients join again for nothing.) While a
 * PubSub is stopped in order, its functions throw ROOKERY_NOT_STARTED; the rows of processes that live on still get what other
 * shards broadcast.
 *
 * @example
 * ```ts doctest
 * await runtime.start(PubSub, {}, { name: "doc.pubsub" });
 * PubSub.subscribe(self, "doc.pubsub", "orders");
 * PubSub.broadcast(self, "doc.pubsub", "orders", { created: 7 });
 * await self.receive(); // => { created: 7 }
 * ```
 */
export class PubSub extends GenServer<PubSubServer, never, never> {
  static override readonly module: string = import.meta.url;

  /** Subscribes the calling process. Subscribed twice, it gets everything twice. Dispatchers read `metadata`. */
  static subscribe(self: Self, name: string, topic: string, metadata?: unknown): void {
    const { subscriptions } = tables.get(self, name);
    // The rows of others are moved, too: they must be whole when the process stalls there.
    uninterrupted(self.runtime, () => subscriptions.add(self.pid, topic, metadata));
  }

  /** Removes all subscriptions of the calling process to the topic. */
  static unsubscribe(self: Self, name: string, topic: string): void {
    const { subscriptions } = tables.get(self, name);
    uninterrupted(self.runtime, () => subscriptions.remove(self.pid, topic));
  }

  /**
   * Sends `message` to every subscriber of the topic, in all places. Throws what the adapter or the dispatcher throws. A process that has
   * ended reaches nobody, if its code goes on.
   */
  static broadcast(
    from: Origin,
    name: string,
    topic: string,
    message: unknown,
    dispatcher?: Dispatcher,
  ): void {
    publish(from, name, undefined, topic, message, dispatcher);
  }

  /** The same, except for the subscriptions of `pid`. */
  static broadcastFrom(
    from: Origin,
    name: string,
    pid: Pid,
    topic: string,
    message: unknown,
    dispatcher?: Dispatcher,
  ): void {
    publish(from, name, pid, topic, message, dispatcher);
  }

  /** As `broadcast`, to the subscribers of this place only. */
  static localBroadcast(
    from: Origin,
    name: string,
    topic: string,
    message: unknown,
    dispatcher?: Dispatcher,
  ): void {
    deliver(tables.get(from, name), from, undefined, topic, message, dispatcher);
  }

  /** As `broadcastFrom`, to the subscribers of this place only. */
  static localBroadcastFrom(
    from: Origin,
    name: string,
    pid: Pid,
    topic: string,
    message: unknown,
    dispatcher?: Dispatcher,
  ): void {
    deliver(tables.get(from, name), from, pid, topic, message, dispatcher);
  }

  /** To the subscribers of the place called `nodeName` only, or of the shard with that place. Nothing happens if there is none. */
  static directBroadcast(
    from: Origin,
    to: string | number,
    name: string,
    topic: string,
    message: unknown,
    dispatcher: Dispatcher = plainDispatcher,
  ): void {
    const table = tables.get(from, name);
    if (isDead(from)) return;
    const runtime = from instanceof Runtime ? from : from.runtime;
    if (to === table.adapter.nodeName || to === runtime.place) {
      deliver(table, from, undefined, topic, message, dispatcher);
      return;
    }
    const nodeName = typeof to === "number" ? table.adapter.nodeNameOf?.(to) : to;
    if (nodeName !== undefined) table.adapter.directBroadcast(nodeName, topic, message, dispatcher);
  }

  /** What this place is called among those that the adapter connects. */
  static nodeName(from: Origin, name: string): string {
    return tables.get(from, name).adapter.nodeName;
  }

  /** Whether what is broadcast on this shard reaches the other places: `"up"`, unless the adapter is cut off from them. */
  static state(from: Origin, name: string): PubSubState {
    return tables.get(from, name).adapter.state?.() ?? "up";
  }

  /** @internal The way to other places, while the PubSub runs. */
  static adapter(from: Origin, name: string): PubSubAdapter | undefined {
    return tables.find(from, name)?.adapter;
  }

  /** The subscriptions to a topic in this place, one for each `subscribe`. */
  static subscribers(from: Origin, name: string, topic: string): readonly Subscription[] {
    return tables.get(from, name).subscriptions.rows(topic);
  }

  /**
   * @internal What has been said elsewhere goes to the subscribers of this place, also while the PubSub is stopped: those that
   * live on can't know that they have missed something.
   */
  static handOut(
    { runtime }: Self,
    name: string,
    topic: string,
    message: unknown,
    dispatcher: Dispatcher,
    from?: Pid,
  ): void {
    const table = tables.kept(runtime, name);
    if (table !== undefined) deliver(table, runtime, from, topic, message, dispatcher);
  }

  /** @internal Each topic of this place and how many subscriptions it has, read as they are asked for. */
  static topics(from: Origin, name: string): Iterable<readonly [topic: string, subscriptions: number]> {
    return tables.find(from, name)?.subscriptions.topics() ?? [];
  }

  #adapter: PubSubAdapter | undefined;

  async init(options: PubSubOptions = {}): Promise<Ok<PubSubServer>> {
    const { self } = this;
    const name = tables.nameOf(self);
    const { adapter: start = sharedRole(self) === undefined ? localAdapter : shardsAdapter } = options;
    const toPlaces = (message: PlaceLost | PlacesMet): void => {
      const table = tables.find(self, name);
      if (table !== undefined)
        deliver(table, self.runtime, undefined, PLACES_TOPIC, message, plainDispatcher);
    };
    const adapter = await start({
      name,
      self,
      dispatchers: new NamedDispatchers(name, options.dispatchers),
      deliver: (topic, from, message, dispatcher) =>
        PubSub.handOut(self, name, topic, message, dispatcher, from),
      lost: (nodeName) => toPlaces(new PlaceLost(nodeName)),
      met: () => toPlaces(new PlacesMet()),
    });
    const table = tables.adopt(self, () => ({ subscriptions: new SubscriptionTable(), adapter }));
    table.adapter = adapter;
    this.#adapter = adapter;
    // Else nobody would wait until it is closed.
    if (adapter.close !== undefined) self.trapExit(true);
    return ok({ nodeName: adapter.nodeName });
  }

  override handleInfo(message: unknown): CastResult {
    if (message instanceof ExitMessage) return stop(message.reason);
    this.self.runtime.logger.error({ message }, "A message to a PubSub was dropped: it takes none");
    return noReply();
  }

  override async terminate(): Promise<void> {
    await this.#adapter?.close?.();
  }
}

/** Others first: what can't be sent to them is refused before anybody here has it. */
function publish(
  origin: Origin,
  name: string,
  from: Pid | undefined,
  topic: string,
  message: unknown,
  dispatcher: Dispatcher = plainDispatcher,
): void {
  const table = tables.get(origin, name);
  if (isDead(origin)) return;
  table.adapter.broadcast(topic, from, message, dispatcher);
  deliver(table, origin, from, topic, message, dispatcher);
}

function deliver(
  table: PubSubTable,
  origin: Origin,
  from: Pid | undefined,
  topic: string,
  message: unknown,
  dispatcher: Dispatcher = plainDispatcher,
): void {
  if (isDead(origin)) return;
  table.subscriptions.dispatch(topic, from, message, dispatcher, origin);
}
