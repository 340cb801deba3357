import type { Action } from "../runtime/index.ts";
import type { AnySocket } from "./socket.ts";

/** What may be asked for with `noReply`: a timeout for the next message, or a rest. */
export type ChannelAction = Exclude<Action, { readonly continue: unknown }>;

/** A status, or a status and a payload. */
export type StatusReply = string | readonly [status: string, payload: unknown];

/** `connect` or `join` succeeded. */
export class Accepted {
  readonly reply: unknown;
  readonly socket: AnySocket;

  constructor(reply: unknown, socket: AnySocket) {
    this.reply = reply;
    this.socket = socket;
  }
}

/** `connect` or `join` refuses. */
export class Refused {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** A callback is done, and there is nothing to answer. */
export class NoReply {
  readonly socket: AnySocket;
  readonly action: ChannelAction | undefined;

  constructor(socket: AnySocket, action: ChannelAction | undefined) {
    this.socket = socket;
    this.action = action;
  }
}

/** A push is answered with a status and a payload, or a call with a value, which then stands for the status. */
export class Reply {
  readonly status: unknown;
  readonly payload: unknown;
  readonly socket: AnySocket;

  constructor(status: unknown, payload: unknown, socket: AnySocket) {
    this.status = status;
    this.payload = payload;
    this.socket = socket;
  }
}

/** What the compiler knows of a result: what the client is answered with. */
export interface AcceptedWith<Answer> extends Accepted {
  readonly reply: Answer;
}
export interface RefusedWith<Reason> extends Refused {
  readonly reason: Reason;
}
export interface ReplyWith<Status, Payload> extends Reply {
  readonly status: Status;
  readonly payload: Payload;
}

/** The channel stops. */
export class Stop {
  readonly reason: unknown;
  readonly reply: StatusReply | undefined;
  readonly socket: AnySocket;

  constructor(reason: unknown, reply: StatusReply | undefined, socket: AnySocket) {
    this.reason = reason;
    this.reply = reply;
    this.socket = socket;
  }
}

/** From `connect` and `join`: accepted, and join answers `reply`, any JSON or bytes, `{}` if left out. `{:ok, reply, socket}`. */
export function ok(socket: AnySocket): AcceptedWith<object>;
export function ok<Answer>(reply: Answer, socket: AnySocket): AcceptedWith<Answer>;
export function ok(replyOrSocket: unknown, socket?: AnySocket): Accepted {
  return socket === undefined
    ? new Accepted({}, replyOrSocket as AnySocket)
    : new Accepted(replyOrSocket, socket);
}

/** From `connect` and `join`: refused. A join answers `reason` to the client, `connect` hands it to the mount's errorHandler. */
export function error<Reason = undefined>(reason?: Reason): RefusedWith<Reason>;
export function error(reason?: unknown): Refused {
  return new Refused(reason);
}

/** From any callback but join: done. `{:noreply, socket}`: the client hears nothing. */
export function noReply(socket: AnySocket, action?: ChannelAction): NoReply {
  return new NoReply(socket, action);
}

/**
 * From `handleIn`: answers the push, `reply("ok", { id: 7 }, socket)`, `reply("ok", socket)`. The status is any string: the
 * client receives it under that name. From `handleCall`: answers the call, `reply(value, socket)`.
 */
export function reply<Status>(status: Status, socket: AnySocket): ReplyWith<Status, undefined>;
export function reply<Status extends string, Payload>(
  status: Status,
  payload: Payload,
  socket: AnySocket,
): ReplyWith<Status, Payload>;
export function reply(status: unknown, payloadOrSocket: unknown, socket?: AnySocket): Reply {
  if (socket === undefined) return new Reply(status, undefined, payloadOrSocket as AnySocket);
  return new Reply(status, payloadOrSocket, socket);
}

/**
 * From any callback but join: the channel stops. With `"normal"`, `"shutdown"` or `["shutdown", term]` the client is told that
 * it was closed (`phx_close`), with anything else that it crashed (`phx_error`), and joins again. From `handleIn`
 * with a reply: `stop("shutdown", ["ok", { bye: true }], socket)`, `stop("shutdown", "ok", socket)`.
 */
export function stop(reason: unknown, socket: AnySocket): Stop;
export function stop(reason: unknown, reply: StatusReply, socket: AnySocket): Stop;
export function stop(reason: unknown, replyOrSocket: StatusReply | AnySocket, socket?: AnySocket): Stop {
  if (socket === undefined) return new Stop(reason, undefined, replyOrSocket as AnySocket);
  return new Stop(reason, replyOrSocket as StatusReply, socket);
}
