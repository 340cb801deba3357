import type { Pid, Runtime, Self } from "../runtime/index.ts";
import type { ChannelClass } from "./channel.ts";
import { channelsError } from "./errors.ts";
import type { MessageRef } from "./message.ts";
import type { Serializer } from "./serializer/serializer.ts";
import type { SocketDefinition } from "./socket-definition.ts";
import type { Peer } from "./transport/peer.ts";

/** What a socket knows of its connection: the same for all channels of one client. */
export interface Connection {
  readonly handler: SocketDefinition;
  readonly transport: string;
  readonly serializer: Serializer;
  readonly runtime: Runtime;
  readonly pubsub: string;
  readonly id: string | undefined;
  readonly transportPid: Pid | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly peer?: Peer | undefined;
}

/** What becomes known of a connection after its start. */
type ConnectionChanges = Partial<Pick<Connection, "id" | "transportPid" | "expiresAtMs" | "peer">>;

/** Field by field: to spread both takes three times as long, and each client does it twice. */
function changedConnection(connection: Connection, changes: ConnectionChanges): Connection {
  const { handler, transport, serializer, runtime, pubsub } = connection;
  const { id = connection.id, transportPid = connection.transportPid } = changes;
  const { expiresAtMs = connection.expiresAtMs, peer = connection.peer } = changes;
  return { handler, transport, serializer, runtime, pubsub, id, transportPid, expiresAtMs, peer };
}

/** What a socket knows of its channel: the same as long as the channel lives. */
export interface ChannelSeat {
  readonly channel: ChannelClass;
  readonly self: Self;
  readonly topic: string;
  readonly joinRef: MessageRef;
}

/** What a socket begins with, and what a route adds that adds nothing. */
export const NO_ASSIGNS: Readonly<Record<string, unknown>> = Object.freeze({});

/** A socket, whatever its assigns are. */
export type AnySocket = Socket<object>;

/**
 * One client as the application sees it: in `connect` the connection, in a channel the connection and the topic. A value
 * that never changes: `assign` answers another socket, and the one that a callback returns is what the next one gets.
 */
export class Socket<Assigns extends object = Record<string, unknown>> {
  readonly assigns: Readonly<Assigns>;
  /** Of the push that is being handled, null outside of handleIn. */
  readonly ref: MessageRef;
  /** Whether join has returned ok. */
  readonly joined: boolean;
  /** @internal */
  readonly connection: Connection;
  /** @internal */
  readonly seat: ChannelSeat | undefined;

  /** @internal */
  constructor(
    connection: Connection,
    seat: ChannelSeat | undefined,
    assigns: Readonly<Assigns>,
    ref: MessageRef = null,
    joined: boolean = false,
  ) {
    this.assigns = assigns;
    this.ref = ref;
    this.joined = joined;
    this.connection = connection;
    this.seat = seat;
  }

  /** What `id` of the definition has answered: broadcast `"disconnect"` on that topic to close all sockets that have it. */
  get id(): string | undefined {
    return this.connection.id;
  }

  /** The name of the PubSub that carries this socket's broadcasts. */
  get pubsub(): string {
    return this.connection.pubsub;
  }

  get runtime(): Runtime {
    return this.connection.runtime;
  }

  get serializer(): Serializer {
    return this.connection.serializer;
  }

  get handler(): SocketDefinition {
    return this.connection.handler;
  }

  /** `"websocket"` or `"longpoll"`. */
  get transport(): string {
    return this.connection.transport;
  }

  /** The process of the connection; none yet in `connect`. */
  get transportPid(): Pid | undefined {
    return this.connection.transportPid;
  }

  /** When its connection ends, in milliseconds since 1970, as far as this socket knows; undefined if `expireAt` was never called. */
  get expiresAtMs(): number | undefined {
    return this.connection.expiresAtMs;
  }

  /**
   * How many bytes of what the client was sent wait for it to read, at this moment: a channel that has a newer state to push soon may
   * leave one out while this is high. 0 for a transport that can't know.
   */
  get unreadBytes(): number {
    return this.connection.peer?.unreadBytes ?? 0;
  }

  /** What was joined; empty in `connect`. */
  get topic(): string {
    return this.seat === undefined ? "" : this.seat.topic;
  }

  /** Of the join; null in `connect`. */
  get joinRef(): MessageRef {
    return this.seat === undefined ? null : this.seat.joinRef;
  }

  get channel(): ChannelClass | undefined {
    return this.seat?.channel;
  }

  get channelPid(): Pid | undefined {
    return this.seat?.self.pid;
  }

  /**
   * A socket with one more assign, or several, or those that a function makes of the present ones. Assigns are frozen.
   * @example
   * ```ts doctest
   * socket.assign("userId", 7).assigns; // => { userId: 7 }
   * socket.assign({ userId: 7 }).assign(({ userId }) => ({ userId: userId + 1 })).assigns; // => { userId: 8 }
   * socket.assigns; // => {}
   * ```
   */
  assign<Key extends keyof Assigns & string>(key: Key, value: Assigns[Key]): this;
  assign(changes: Partial<Assigns> | ((assigns: Readonly<Assigns>) => Partial<Assigns>)): this;
  assign(
    changes: string | Partial<Assigns> | ((assigns: Readonly<Assigns>) => Partial<Assigns>),
    value?: unknown,
  ): this {
    const { assigns } = this;
    if (typeof changes === "string") return this.#with({ ...assigns, [changes]: value });
    const more = typeof changes === "function" ? changes(assigns) : changes;
    // V8 clones one object quickly, and puts what two have together name by name.
    return this.#with(assigns === NO_ASSIGNS ? ({ ...more } as Assigns) : { ...assigns, ...more });
  }

  /**
   * A socket whose connection ends at `atMs`, milliseconds since 1970, when what the client has shown expires: returned from
   * `connect`, or, for a client that has shown something new, from a callback of a channel. Then `renew` of the definition is asked;
   * without it, or if it refuses, the client is closed with 3000, comes back, and `connect` sees what it shows this time. Infinity is never.
   * @example
   * ```ts
   * connect: async ({ token }, socket) => {
   *   const claims = await verifyJwt(token);
   *   return claims === undefined ? error() : ok(socket.assign("userId", claims.sub).expireAt(claims.exp * 1_000));
   * }
   * ```
   */
  expireAt(atMs: number): this {
    if (typeof atMs !== "number" || Number.isNaN(atMs)) throw channelsError("ROOKERY_EXPIRY", atMs);
    return this.withConnection({ expiresAtMs: atMs }) as this;
  }

  #with(assigns: Assigns): this {
    return new Socket(this.connection, this.seat, Object.freeze(assigns), this.ref, this.joined) as this;
  }

  /** @internal For the handling of one push. */
  withRef(ref: MessageRef): Socket<Assigns> {
    return new Socket(this.connection, this.seat, this.assigns, ref, this.joined);
  }

  /** @internal */
  withConnection(changes: ConnectionChanges): Socket<Assigns> {
    const connection = changedConnection(this.connection, changes);
    return new Socket(connection, this.seat, this.assigns, this.ref, this.joined);
  }

  /** @internal */
  seated(seat: ChannelSeat, assigns: object): Socket<Assigns> {
    const own = assigns === NO_ASSIGNS ? this.assigns : Object.freeze({ ...this.assigns, ...assigns });
    return new Socket(this.connection, seat, own);
  }

  /** @internal */
  afterJoin(): Socket<Assigns> {
    return new Socket(this.connection, this.seat, this.assigns, null, true);
  }
}
