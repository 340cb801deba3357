import type { CastResult, InitResult, Ok, Runtime, Self } from "../runtime/index.ts";
import type { Refused } from "./channel-returns.ts";
import type { Params } from "./params.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";
import type { Peer } from "./transport/peer.ts";
import { EncodedFrame } from "./encoded-frame.ts";

/** What `connect` is told of a client that wants in. */
export interface ConnectRequest {
  readonly params: Params;
  /** What the mount's `connectInfo` names. */
  readonly connectInfo: ConnectInfo;
  /** `"websocket"`. */
  readonly transport: string;
  readonly runtime: Runtime;
}

/** With the state of the connection; or refused, as by the `connect` of a socket of channels. */
export type ConnectReturn<State = unknown> = Ok<State> | Refused;

type Async<T> = T | Promise<T>;

/**
 * A connection without channels: what its frames mean is the application's. One process a connection, which takes the client's
 * frames one at a time. Extend it and give the class as the `handler` of a mount. `Phoenix.Socket.Transport`.
 *
 * The class itself decides who may connect, in a static `connect` that answers `ok(state)` (of `rookery`) or
 * `error(reason)` (of `rookery/channels`). The other callbacks are as those of a GenServer: the state is `this.state`, they
 * return `noReply()` or `stop(reason)`, may be asynchronous, and one that throws ends the process and closes the
 * connection with 1011. After `stop("normal")` it is closed with 1000, after `stop(["shutdown", ["close", 4001]])` with that code,
 * after any other shutdown with 1012.
 *
 * @example
 * ```ts
 * class EchoSocket extends SocketTransport<{ readonly name: string }> {
 *   static connect({ params }: ConnectRequest) {
 *     return typeof params.name === "string" ? ok({ name: params.name }) : error();
 *   }
 *   override handleIn(data: string | Uint8Array) {
 *     this.push(data);
 *     return noReply();
 *   }
 * }
 *
 * defineEndpoint({ router, sockets: { "/echo": { handler: EchoSocket } } });
 * ```
 */
export abstract class SocketTransport<State = unknown, Info = unknown> {
  state: State = undefined as State;
  /** The process of this connection. */
  readonly self: Self = undefined as unknown as Self;
  /** @internal */
  readonly peer: Peer = undefined as unknown as Peer;

  /** Begins, once the connection is open and before the client's first frame, with the state of `connect`. */
  init?(state: State): Async<InitResult<State>>;

  /** Takes a frame of the client: text as a string, a binary one as bytes. */
  abstract handleIn(data: string | Uint8Array): Async<CastResult>;

  /** Sees a ping of the client, which has been answered already, or a pong. */
  handleControl?(kind: "ping" | "pong", data: Uint8Array): Async<CastResult>;

  /** Takes every other message. Without it they are logged and dropped. */
  handleInfo?(message: Info): Async<CastResult>;

  /** Cleans up, last of all: after `["shutdown", "closed"]` when the client is gone. Not called for a kill. */
  terminate?(reason: unknown): unknown;

  /** Sends a frame to the client: text, or bytes. Frames arrive in the order of the pushes; dropped if the client is gone. */
  protected push(data: string | Uint8Array): void {
    this.peer.push(new EncodedFrame(data));
  }
}

/** A class of such connections. */
export interface SocketTransportClass {
  new (): SocketTransportCallbacks;
  readonly name: string;
  connect(request: ConnectRequest): unknown;
}

/** A connection as its process calls it. */
export interface SocketTransportCallbacks {
  state: unknown;
  readonly self: Self;
  init?(state: never): Async<InitResult<unknown>>;
  handleIn(data: string | Uint8Array): Async<CastResult>;
  handleControl?(kind: "ping" | "pong", data: Uint8Array): Async<CastResult>;
  handleInfo?(message: never): Async<CastResult>;
  terminate?(reason: unknown): unknown;
}

/** Whether a mount's handler is a class of connections without channels. */
export function isSocketTransport(handler: unknown): handler is SocketTransportClass {
  return typeof handler === "function" && handler.prototype instanceof SocketTransport;
}
