import type { Pid, Runtime } from "../../runtime/index.ts";
import { meetCounterparts, newNodeTerms, type NodeTerms, sharedRole } from "../../runtime/internal.ts";
import type { PubSubAdapter, PubSubAdapterFactory, PubSubPlace, PubSubState } from "../pubsub/adapter.ts";
import { bodyOf, type Head, headOf, messageOf } from "../pubsub/crossing.ts";
import type { Dispatcher } from "../pubsub/dispatcher.ts";
import { shardsAdapter } from "../pubsub/shards-adapter.ts";
import { FrameKind } from "./frame-kind.ts";
import { NameClaim } from "./name-claim.ts";
import { RedisConnection } from "./redis-connection.ts";
import { decodeFrame, encodeFrame } from "./redis-frame.ts";
import {
  completeRedisOptions,
  redisNodeName,
  type RedisOptions,
  type RedisSettings,
} from "./redis-options.ts";
import type { RedisSession } from "./redis-session.ts";

/** What the shards of this node tell each other: a place is gone, or those whose names begin so may be there again. */
type Word = readonly ["gone" | "begun", name: string];

/** So many places that are gone are remembered as such. */
const GONE_MAX = 1_000;

/**
 * Connects the PubSubs of one name on several nodes through Redis: `Phoenix.PubSub.Redis`. Each node has a name of its own. Start it
 * under the same name on each node, and give it the same dispatchers.
 *
 * A broadcast reaches the subscribers here at once, those on other shards as ever, and goes to Redis once; from there each other node
 * gets it once, and hands it out on all its shards. What one process broadcasts arrives in order. Messages are copied, so what can't be
 * copied is refused: ROOKERY_NOT_COPYABLE. A pid of another node can be compared, printed and sent on; it can be sent to where
 * the option `nodes` of the runtimes connects the two, and is dead elsewhere.
 *
 * At most once: while Redis is away, broadcasts reach the own node only; nothing is kept for the others, and delivery goes on by itself
 * when Redis is back. `PubSub.state` says how it is, and each change is logged and told as `redisConnectionChanged`. A Redis
 * that is slow is sent no more than `unsentBytesMax`; what goes beyond that is dropped for the other nodes. The PubSub starts
 * without Redis, too. Fails with ROOKERY_NODE_NAME_TAKEN if another node has the name. Presence heals what it has missed.
 *
 * Loads the package `@redis/client` when the PubSub starts.
 *
 * @example
 * ```ts
 * const adapter = redisAdapter({ url: "redis://127.0.0.1:6379", node: "web-1" });
 * await runtime.start(PubSub, { adapter }, { name: "shop.pubsub" });
 * ```
 */
export function redisAdapter(options: RedisOptions): PubSubAdapterFactory {
  const settings = completeRedisOptions("redisAdapter", options);
  return async (place) => {
    const { runtime } = place.self;
    const node = redisNodeName(`the PubSub ${place.name}`, options.node, runtime);
    const adapter = new RedisAdapter(place, node, await newNodeTerms(runtime, node), settings);
    await adapter.open();
    return adapter;
  };
}

class RedisAdapter implements PubSubAdapter {
  readonly nodeName: string;
  readonly #place: PubSubPlace;
  readonly #runtime: Runtime;
  readonly #node: string;
  readonly #nodeBytes: Buffer;
  readonly #channel: string;
  readonly #terms: NodeTerms;
  readonly #connection: RedisConnection;
  /** The way to the other shards of this node. */
  readonly #shards: PubSubAdapter | undefined;
  /** They hear from the first of them of places elsewhere. */
  readonly #others: ReturnType<typeof meetCounterparts> | undefined;
  /** Whether what comes from Redis comes to this shard. */
  readonly #isGateway: boolean;
  readonly #incarnation: Buffer;
  readonly #claim: NameClaim;
  readonly #gone = new Set<string>();

  constructor(place: PubSubPlace, node: string, terms: NodeTerms, settings: RedisSettings) {
    const { self, name } = place;
    const { runtime } = self;
    const isShared = sharedRole(self) !== undefined;
    this.#place = place;
    this.#runtime = runtime;
    this.#node = node;
    this.#nodeBytes = Buffer.from(node);
    this.#channel = `${settings.prefix}:pubsub:${name}`;
    this.#terms = terms;
    this.#isGateway = !isShared || runtime.place === 0;
    const ownLost = (nodeName: string): void => {
      place.lost(nodeName);
      if (this.#isGateway) this.#publish(this.#channel, FrameKind.lost, nodeName);
    };
    this.#shards = isShared ? shardsAdapter({ ...place, lost: ownLost }, node) : undefined;
    this.#others = isShared
      ? meetCounterparts(runtime, `PubSub ${name} on Redis`, { hear: (word) => this.#hearOf(word as Word) })
      : undefined;
    this.nodeName = this.#shards?.nodeName ?? node;
    this.#connection = new RedisConnection(runtime, settings, {
      name: `PubSub ${name}`,
      begin: (session) => (this.#isGateway ? this.#subscribe(session) : Promise.resolve()),
      up: () => this.#up(),
    });
    const incarnation = `${runtime.clock.systemTimeMs()}-${runtime.random.next()}`;
    this.#incarnation = Buffer.from(incarnation);
    this.#claim = new NameClaim({
      node,
      incarnation,
      address: this.#connection.address,
      channel: this.#channelOf(node),
      waitMs: settings.timeoutMs / 2,
      clock: runtime.clock,
      lost: (error) => runtime.exit(self.pid, error),
    });
  }

  /** Throws ROOKERY_NODE_NAME_TAKEN. A Redis that isn't there is tried again later. */
  async open(): Promise<void> {
    const { self } = this.#place;
    self.signal.addEventListener("abort", () => this.#connection.abandon());
    await this.#connection.open();
    const { taken } = this.#claim;
    if (taken === undefined) return;
    this.#connection.abandon();
    throw taken;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  state(): PubSubState {
    return this.#connection.state;
  }

  broadcast(topic: string, from: Pid | undefined, message: unknown, dispatcher: Dispatcher): void {
    const head = headOf(this.#place.dispatchers, topic, from, dispatcher, message);
    const bytes = this.#encode(FrameKind.broadcast, [head, bodyOf(message)], bodyOf(message));
    // Shards before others: both take the same messages, so that by now nobody can refuse it.
    this.#shards?.broadcast(topic, from, message, dispatcher);
    this.#connection.publish(this.#channel, bytes);
  }

  directBroadcast(nodeName: string, topic: string, message: unknown, dispatcher: Dispatcher): void {
    const [node] = nodeName.split("/", 1) as [string];
    if (node === this.#node) {
      this.#shards?.directBroadcast(nodeName, topic, message, dispatcher);
      return;
    }
    const head = headOf(this.#place.dispatchers, topic, undefined, dispatcher, message);
    const body = bodyOf(message);
    this.#connection.publish(
      this.#channelOf(node),
      this.#encode(FrameKind.direct, [nodeName, head, body], body),
    );
  }

  isGone(nodeName: string): boolean {
    return nodeName.startsWith(`${this.#node}/`)
      ? (this.#shards?.isGone?.(nodeName) ?? false)
      : this.#gone.has(nodeName);
  }

  nodeNameOf(shard: number): string | undefined {
    return this.#shards?.nodeNameOf?.(shard);
  }

  #channelOf(node: string): string {
    return `${this.#channel}@${node}`;
  }

  #encode(kind: number, term: unknown, message: unknown = term): Buffer {
    return encodeFrame(kind, this.#nodeBytes, this.#terms.encode(term, message));
  }

  #publish(channel: string, kind: number, term: unknown): void {
    this.#connection.publish(channel, this.#encode(kind, term));
  }

  async #subscribe(session: RedisSession): Promise<void> {
    const hear = (bytes: Buffer): void => this.#hear(session, bytes);
    await session.subscribe(this.#channelOf(this.#node), hear);
    await this.#claim.claim(session);
    await session.subscribe(this.#channel, hear);
  }

  #hear(session: RedisSession, bytes: Buffer): void {
    const frame = decodeFrame(bytes);
    if (frame === undefined) return;
    const { kind, node, body } = frame;
    if (kind === FrameKind.who || kind === FrameKind.taken) return this.#claim.hear(session, kind, body);
    // What this node has broadcast has reached all its shards already.
    if (node === this.#node) return;
    if (kind === FrameKind.alive) return this.#spread(["begun", `${node}/`]);
    try {
      this.#carryOut(kind, this.#terms.decode(node, body));
    } catch (error) {
      // Whoever has sent it is elsewhere.
      const { name } = this.#place;
      this.#runtime.logger.error({ name, node, error }, `What ${node} has sent to the PubSub ${name} failed`);
    }
  }

  #carryOut(kind: number, term: unknown): void {
    switch (kind) {
      case FrameKind.broadcast: {
        const [head, body] = term as readonly [Head, unknown];
        const [topic, from, called] = head;
        const [message, dispatcher] = [messageOf(head, body), this.#place.dispatchers.named(called)];
        this.#shards?.broadcast(topic, from, message, dispatcher);
        this.#place.deliver(topic, from, message, dispatcher);
        return;
      }
      case FrameKind.direct: {
        const [to, head, body] = term as readonly [string, Head, unknown];
        const [topic, from, called] = head;
        const [message, dispatcher] = [messageOf(head, body), this.#place.dispatchers.named(called)];
        if (to === this.nodeName) this.#place.deliver(topic, from, message, dispatcher);
        else this.#shards?.directBroadcast(to, topic, message, dispatcher);
        return;
      }
      case FrameKind.lost:
        this.#spread(["gone", term as string]);
    }
  }

  #up(): void {
    if (this.#isGateway) {
      this.#connection.publish(
        this.#channel,
        encodeFrame(FrameKind.alive, this.#nodeBytes, this.#incarnation),
      );
      // Who has begun meanwhile has said so to others only.
      this.#spread(["begun", ""]);
    }
    this.#place.met();
  }

  #spread(word: Word): void {
    this.#hearOf(word);
    this.#others?.tellAll(word, undefined);
  }

  #hearOf([what, name]: Word): void {
    if (what === "begun") {
      for (const gone of this.#gone) if (gone.startsWith(name)) this.#gone.delete(gone);
      return;
    }
    this.#gone.add(name);
    if (this.#gone.size > GONE_MAX) {
      const [oldest] = this.#gone as Iterable<string> as [string];
      this.#gone.delete(oldest);
    }
    this.#place.lost(name);
  }
}
