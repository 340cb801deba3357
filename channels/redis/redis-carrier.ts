import {
  type HostTimer,
  type NodeCarrier,
  type NodeCarrierEvents,
  stderrLogger,
} from "../../runtime/index.ts";
import { systemClock, systemRandom } from "../../runtime/internal.ts";
import { FrameKind } from "./frame-kind.ts";
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from "./link-frame.ts";
import { NameClaim } from "./name-claim.ts";
import { NodeLinks } from "./node-links.ts";
import { RedisConnection, type RedisHome } from "./redis-connection.ts";
import { decodeFrame, encodeFrame } from "./redis-frame.ts";
import { completeRedisOptions, type RedisOptions, type RedisSettings } from "./redis-options.ts";
import type { RedisSession } from "./redis-session.ts";

/** `clock`, `random` and `logger` are those of the runtime, unless it has the usual ones. */
export type RedisCarrierOptions = Omit<RedisOptions, "node"> & Partial<RedisHome>;

/**
 * Brings nodes together through Redis, and carries between them what their runtimes say to each other. Each says every `heartbeatMs`
 * that it is there, and is down for the others when nothing was heard of it for `timeoutMs`, or at once when it leaves in order. A connection of
 * two nodes carries in order, and each message at most once: when something may be missing, because Redis went away, or took too
 * long, or because a node was stalled, both are down for each other, then up again. Start rejects with ROOKERY_NODE_NAME_TAKEN for the
 * name of a node that is there; without Redis a node is alone until it is.
 */
export function redisCarrier({ clock, random, logger, ...options }: RedisCarrierOptions): NodeCarrier {
  const home = {
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    logger: logger ?? stderrLogger,
  };
  return new RedisCarrier(home, completeRedisOptions("redisCarrier", options));
}

class RedisCarrier implements NodeCarrier {
  readonly #home: RedisHome;
  readonly #settings: RedisSettings;
  readonly #channel: string;
  #node = "";
  #nodeBytes: Buffer = Buffer.alloc(0);
  #incarnation: Buffer = Buffer.alloc(0);
  #connection: RedisConnection | undefined = undefined;
  #claim: NameClaim = undefined as never;
  #links: NodeLinks = undefined as never;
  #isUp = false;
  #timer: HostTimer | undefined = undefined;

  constructor(home: RedisHome, settings: RedisSettings) {
    this.#home = home;
    this.#settings = settings;
    this.#channel = `${settings.prefix}:nodes`;
  }

  async start(
    own: { readonly node: string; readonly incarnation: string },
    events: NodeCarrierEvents,
  ): Promise<void> {
    const { node, incarnation } = own;
    const { heartbeatMs, timeoutMs } = this.#settings;
    this.#node = node;
    this.#nodeBytes = Buffer.from(node);
    this.#incarnation = Buffer.from(incarnation);
    this.#links = new NodeLinks({
      incarnation,
      silentBeatsMax: Math.ceil(timeoutMs / heartbeatMs),
      events,
      say: (to, frame) => this.#sendLink(to, frame),
    });
    const connection = new RedisConnection(this.#home, this.#settings, {
      name: `Node ${node}`,
      begin: (session) => this.#begin(session),
      up: () => {
        this.#isUp = true;
        this.#beat();
      },
      down: () => {
        this.#isUp = false;
        this.#timer?.cancel();
        this.#links.allDown();
      },
    });
    this.#connection = connection;
    this.#claim = new NameClaim({
      node,
      incarnation,
      address: connection.address,
      channel: this.#channelOf(node),
      waitMs: timeoutMs / 2,
      clock: this.#home.clock,
      lost: (error) => this.#home.logger.error({ node, error }, `${error.message}: this node is alone`),
    });
    await connection.open();
    const { taken } = this.#claim;
    if (taken === undefined) return;
    this.#connection = undefined;
    connection.abandon();
    throw taken;
  }

  send(node: string, bytes: Uint8Array): void {
    const frame = this.#links.next(node, bytes);
    if (frame !== undefined) this.#sendLink(node, frame);
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.publish(this.#channel, this.#frame(FrameKind.bye, this.#incarnation));
    await connection?.close();
  }

  async #begin(session: RedisSession): Promise<void> {
    const hear = (bytes: Buffer): void => this.#hear(session, bytes);
    await session.subscribe(this.#channelOf(this.#node), hear);
    await this.#claim.claim(session);
    await session.subscribe(this.#channel, hear);
  }

  #channelOf(node: string): string {
    return `${this.#channel}@${node}`;
  }

  #frame(kind: number, body: Uint8Array): Buffer {
    return encodeFrame(kind, this.#nodeBytes, body);
  }

  /** What doesn't leave would be missing there. */
  #publish(channel: string, bytes: Buffer): void {
    if (this.#connection?.publish(channel, bytes) === false) this.#connection.renew();
  }

  #sendLink(node: string, frame: LinkFrame): void {
    const kind = frame.carries ? FrameKind.carried : FrameKind.link;
    this.#publish(this.#channelOf(node), this.#frame(kind, encodeLinkFrame(frame)));
  }

  #beat(): void {
    this.#publish(this.#channel, this.#frame(FrameKind.alive, this.#incarnation));
    this.#links.beat();
    this.#timer?.cancel();
    if (!this.#isUp) return;
    this.#timer = this.#home.clock.setTimer(this.#settings.heartbeatMs, () => this.#beat());
    this.#timer.unref();
  }

  #hear(session: RedisSession, bytes: Buffer): void {
    const frame = decodeFrame(bytes);
    if (frame === undefined || this.#connection === undefined) return;
    const { kind, node, body } = frame;
    if (kind === FrameKind.who || kind === FrameKind.taken) return this.#claim.hear(session, kind, body);
    // Before it is up, this node can't answer; what was said is said again.
    if (node === this.#node || !this.#isUp) return;
    if (kind === FrameKind.alive) this.#links.alive(node, body.toString());
    else if (kind === FrameKind.bye) this.#links.down(node);
    else if (kind === FrameKind.link || kind === FrameKind.carried) {
      const said = decodeLinkFrame(kind === FrameKind.carried, body);
      if (said !== undefined) this.#links.heard(node, said);
    }
  }
}
