import type { From, LogLevel, Self } from "../runtime/index.ts";
import type { Accepted, NoReply, Refused, Reply, Stop } from "./channel-returns.ts";
import type { Contract, EventIn, JoinedWith, PayloadTaken } from "./contract/contract.ts";
import type { ContractJoinReturn, ContractReturn } from "./contract/define-channel.ts";
import type { UnderContract } from "./contract/outgoing.ts";
import type { ResumeOptions } from "./resume/resume-options.ts";
import type { Socket } from "./socket.ts";

/** What a channel declares to the compiler about itself. What clients send is not checked by it. */
export interface ChannelContract {
  readonly assigns?: object;
  /**
   * What the channel and its clients have agreed on, in place of `join` and `in`. The class has it as `static readonly contract`, too,
   * and then clients are held to it.
   */
  readonly contract?: Contract;
  /** The payload of the join. */
  readonly join?: unknown;
  /** The payload of each event that clients push. */
  readonly in?: object;
  readonly info?: unknown;
  readonly call?: unknown;
  readonly cast?: unknown;
}

type Assigns<C extends ChannelContract> = C extends { readonly assigns: infer A extends object }
  ? A
  : Record<string, unknown>;
type Agreed<C extends ChannelContract> = C extends { readonly contract: infer Own extends Contract }
  ? Own
  : undefined;
type Events<C extends ChannelContract> =
  Agreed<C> extends Contract
    ? { readonly [Event in EventIn<Agreed<C>>]: PayloadTaken<Agreed<C>, Event> }
    : C extends { readonly in: infer In extends object }
      ? In
      : Record<string, unknown>;
type Declared<C extends ChannelContract, Key extends keyof ChannelContract> = C extends {
  readonly [K in Key]: infer T;
}
  ? T
  : unknown;

/** The socket of a channel with this contract. */
export type ChannelSocket<C extends ChannelContract> = Socket<Assigns<C>> &
  (Agreed<C> extends Contract ? UnderContract<Agreed<C>> : unknown);

/** What `join` may return: `ok(socket)`, `ok(reply, socket)`, `error(reason)`. */
export type JoinReturn = Accepted | Refused;
/** What `handleIn` may return: `noReply`, `reply(status, payload, socket)`, `stop`, also with a reply. */
export type HandleInReturn = NoReply | Reply | Stop;
/** What the other callbacks may return: `noReply(socket)`, `stop(reason, socket)`. */
export type HandleReturn = NoReply | Stop;
/** What `handleCall` may return: `reply(value, socket)`, `noReply`, `stop`. */
export type HandleCallReturn = Reply | NoReply | Stop;
type Async<T> = T | Promise<T>;
type JoinParamsFor<C extends ChannelContract> =
  Agreed<C> extends Contract ? JoinedWith<Agreed<C>> : Declared<C, "join">;
type JoinReturnFor<C extends ChannelContract> =
  Agreed<C> extends Contract ? ContractJoinReturn<Agreed<C>> : JoinReturn;
type HandleInReturnFor<C extends ChannelContract, Event> =
  Agreed<C> extends Contract ? ContractReturn<Agreed<C>, Event & EventIn<Agreed<C>>> : HandleInReturn;

/** A handler for each event that clients push. Looked up among the own properties only, so any name is an ordinary name. */
export type HandleInMap<C extends ChannelContract = ChannelContract> = {
  readonly [Event in keyof Events<C>]?: (
    payload: Events<C>[Event],
    socket: ChannelSocket<C>,
  ) => Async<HandleInReturnFor<C, Event>>;
};
/** One handler for all events. */
export type HandleInFunction<C extends ChannelContract = ChannelContract> = (
  event: string,
  payload: unknown,
  socket: ChannelSocket<C>,
) => Async<HandleInReturn>;

/**
 * One client in one topic: a process that handles what the client pushes, and what others send to it.
 * Answers to `Phoenix.Channel`. A callback that returns a promise keeps this channel waiting, and nobody else.
 *
 * What the client pushes is taken by `handleIn`, one push at a time, in their order: a property that holds a handler for each event
 * (HandleInMap), or a method for all of them (HandleInFunction). It is not declared here, because a class could then have
 * only one of the two. An event without handler crashes the channel, and the client joins again.
 *
 * @example
 * ```ts
 * interface RoomContract {
 *   assigns: { roomId: string };
 *   in: { shout: { body: string } };
 * }
 *
 * class RoomChannel extends Channel<RoomContract> {
 *   join(topic: string, payload: unknown, socket: ChannelSocket<RoomContract>) {
 *     return ok({ welcome: true }, socket.assign({ roomId: topic.slice("room:".length) }));
 *   }
 *   handleIn: HandleInMap<RoomContract> = {
 *     shout: (payload, socket) => {
 *       broadcast(socket, "shout", payload);
 *       return reply("ok", socket);
 *     },
 *   };
 * }
 * ```
 */
export abstract class Channel<C extends ChannelContract = ChannelContract> {
  /** The events whose broadcasts go through `handleOut` instead of straight to the client. */
  static readonly intercept?: readonly string[];
  /** The events of which clients get what they missed, if they say where they stopped: see TopicLog. */
  static readonly resume?: ResumeOptions;

  /** After so long without a message its processes hibernate: see `Self.hibernate`. Never if left out. */
  static readonly hibernateAfterMs?: number;
  /** So long `terminate` of a process that traps exits may take when the server ends; then it is killed. 5,000 if left out. */
  static readonly shutdownMs?: number;
  /** A join that takes longer is killed, and answered with `{ reason: "join timeout" }`. As long as it takes if left out. */
  static readonly joinTimeoutMs?: number;
  /** At which level joins are logged, and pushes of the client; false for not at all. `"info"` and `"debug"` if left out. What looks like a secret in a payload is not logged. */
  static readonly logJoin?: LogLevel | false;
  static readonly logHandleIn?: LogLevel | false;

  /** The process of this channel. */
  readonly self: Self = undefined as unknown as Self;

  /**
   * Lets the client in with `ok`, or not, with `error`. Runs in the channel's own process, once a join; the client's other
   * frames wait meanwhile. Nothing can be pushed yet.
   */
  abstract join(topic: string, payload: JoinParamsFor<C>, socket: ChannelSocket<C>): Async<JoinReturnFor<C>>;

  /** Takes a broadcast of an event in `intercept`, in place of the client: push what the client is to get. */
  handleOut?(event: string, payload: object, socket: ChannelSocket<C>): Async<HandleReturn>;

  /**
   * Takes every other message: of this process to itself, of other processes, broadcasts on other topics, DownMessages. Without it
   * they are logged and dropped.
   */
  handleInfo?(message: Declared<C, "info">, socket: ChannelSocket<C>): Async<HandleReturn>;

  /** Serves a call to this channel's process: `reply(value, socket)`, or `noReply(socket)` and `this.self.reply(from, value)` later. */
  handleCall?(request: Declared<C, "call">, from: From, socket: ChannelSocket<C>): Async<HandleCallReturn>;

  /** Serves a cast to this channel's process. */
  handleCast?(request: Declared<C, "cast">, socket: ChannelSocket<C>): Async<HandleReturn>;

  /**
   * Cleans up, last of all, with the reason: `["shutdown", "closed"]` when the client is gone, `["shutdown", "left"]` when it
   * left, what a callback returned with `stop`, or the error of a crash. Not called for a kill or another exit signal, nor
   * when `join` itself has crashed; when that has refused, with `"shutdown"` and a socket that is not `joined`.
   */
  terminate?(reason: unknown, socket: ChannelSocket<C>): unknown;

  /** Makes the socket to go on with of the one that older code has left, with `ok(socket)`: asked by `sys.changeCode`. */
  codeChange?(oldVersion: unknown, socket: ChannelSocket<C>, extra: unknown): Accepted;
}

/** A class of channels. What the callbacks of one take is between it and its contract. */
export interface ChannelClass {
  new (): ChannelCallbacks;
  readonly intercept?: readonly string[];
  readonly resume?: ResumeOptions;
  /** What clients push is held to it before a callback sees it. */
  readonly contract?: Contract;
  readonly hibernateAfterMs?: number;
  readonly shutdownMs?: number;
  readonly joinTimeoutMs?: number;
  readonly logJoin?: LogLevel | false;
  readonly logHandleIn?: LogLevel | false;
  /** Whether what clients are sent is held to it, too. As the runtime freezes messages, if left out: while developing. */
  readonly checkOutgoing?: boolean;
  readonly name: string;
}

/** A channel as its process calls it. */
export interface ChannelCallbacks {
  readonly self: Self;
  join(topic: string, payload: never, socket: never): unknown;
  readonly handleIn?: unknown;
  handleOut?(event: string, payload: object, socket: never): unknown;
  handleInfo?(message: never, socket: never): unknown;
  handleCall?(request: never, from: From, socket: never): unknown;
  handleCast?(request: never, socket: never): unknown;
  terminate?(reason: unknown, socket: never): unknown;
  codeChange?(oldVersion: unknown, socket: never, extra: unknown): unknown;
}
