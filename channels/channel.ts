import type { From, Self } from "../runtime/index.ts";
import type { Accepted, NoReply, Refused, Reply, Stop } from "./channel-returns.ts";
import type { Socket } from "./socket.ts";

/** What a channel declares to the compiler about itself. What clients send is not checked by it. */
export interface ChannelContract {
  readonly assigns?: object;
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
type Events<C extends ChannelContract> = C extends { readonly in: infer In extends object }
  ? In
  : Record<string, unknown>;
type Declared<C extends ChannelContract, Key extends keyof ChannelContract> = C extends {
  readonly [K in Key]: infer T;
}
  ? T
  : unknown;

/** The socket of a channel with this contract. */
export type ChannelSocket<C extends ChannelContract> = Socket<Assigns<C>>;

export type JoinReturn = Accepted | Refused;
export type HandleInReturn = NoReply | Reply | Stop;
export type HandleReturn = NoReply | Stop;
export type HandleCallReturn = Reply | NoReply | Stop;
type Async<T> = T | Promise<T>;

/** A handler for each event that clients push. Looked up among the own properties only, so any name is an ordinary name. */
export type HandleInMap<C extends ChannelContract = ChannelContract> = {
  readonly [Event in keyof Events<C>]?: (
    payload: Events<C>[Event],
    socket: ChannelSocket<C>,
  ) => Async<HandleInReturn>;
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

  /** The process of this channel. */
  readonly self: Self = undefined as unknown as Self;

  /**
   * Lets the client in with `ok`, or not, with `error`. Runs in the channel's own process, once a join; the client's other
   * frames wait meanwhile. Nothing can be pushed yet.
   */
  abstract join(topic: string, payload: Declared<C, "join">, socket: ChannelSocket<C>): Async<JoinReturn>;

  /** Takes a broadcast of an event in `intercept`, in place of the client: push what the client is to get. */
  handleOut?(event: string, payload: object, socket: ChannelSocket<C>): Async<HandleReturn>;

  /**
   * Takes every other message: of this process to itself, of other processes, broadcasts on other topics, DownMessages. Without it
   * they are logged and dropped.
   */
  handleInfo?(message: Declared<C, "info">, socket: ChannelSocket<C>): Async<HandleReturn>;

  /** Serves a call to this channel's process: `reply(value, socket)`, or `noReply(socket)` and `this.self.reply(from, value)` later. */
  handleCall?(request: Declared<C, "call">, from: From, socket: ChannelSocket<C>): Async<HandleCallReturn>;

  handleCast?(request: Declared<C, "cast">, socket: ChannelSocket<C>): Async<HandleReturn>;

  /**
   * Cleans up, last of all, with the reason: `["shutdown", "closed"]` when the client is gone, `["shutdown", "left"]` when it
   * left, what a callback returned with `stop`, or the error of a crash. Not called for a kill or another exit signal.
   */
  terminate?(reason: unknown, socket: ChannelSocket<C>): unknown;
}

/** A class of channels. What the callbacks of one take is between it and its contract. */
export interface ChannelClass {
  new (): ChannelCallbacks;
  readonly intercept?: readonly string[];
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
}
