import type { ChannelClass } from "./channel.ts";
import type { Accepted, Refused } from "./channel-returns.ts";
import { channelsError } from "./errors.ts";
import type { Params } from "./params.ts";
import type { Socket } from "./socket.ts";
import { type TopicMatch, topicMatch } from "./topic.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";

const CHANNELS_PER_TRANSPORT_MAX = 100;

/** A topic, or a prefix and `*`; the class; assigns that its sockets have from the beginning. */
export type ChannelRoute = readonly [
  pattern: string,
  channel: ChannelClass,
  options?: { readonly assigns?: Readonly<Record<string, unknown>> },
];

export interface SocketOptions<Assigns extends object> {
  /** What logs call it. */
  readonly name?: string;
  /** Which channel serves which topics. The first that matches does. */
  readonly channels: readonly ChannelRoute[];
  /**
   * Lets a client in with `ok(socket)`, or not, with `error()` or `error(reason)`. Who may connect is decided here: a token in
   * `params` or, with the mount's `authToken`, in `connectInfo.auth_token`.
   */
  connect(
    params: Params,
    socket: Socket<Assigns>,
    connectInfo: ConnectInfo,
  ): Accepted | Refused | Promise<Accepted | Refused>;
  /** Names the user behind a socket, so that all sockets of one can be closed. */
  id?(socket: Socket<Assigns>): string | null | undefined;
  /** A client that joins more topics than this over one connection is refused the others. 100 if left out. */
  readonly maxChannelsPerTransport?: number;
}

/** A route whose pattern is understood. */
export interface CompleteRoute {
  readonly matches: TopicMatch;
  readonly channel: ChannelClass;
  /** Undefined if the channel intercepts nothing, which is asked once per broadcast and subscriber. */
  readonly intercepts: ReadonlySet<string> | undefined;
  readonly assigns: object;
}

/** A kind of socket, checked and complete: what a mount serves. */
export interface SocketDefinition {
  readonly name: string;
  readonly routes: readonly CompleteRoute[];
  readonly connect: (params: Params, socket: Socket, connectInfo: ConnectInfo) => unknown;
  readonly id: (socket: Socket) => unknown;
  readonly maxChannelsPerTransport: number;
}

/**
 * Defines a kind of socket: who may connect, who it is then, and which channels there are. `use Phoenix.Socket`. Throws for
 * a wrong option, and ROOKERY_TOPIC_PATTERN for a `*` that is not the last character of its pattern.
 */
export function defineSocket<Assigns extends object = Record<string, unknown>>(
  options: SocketOptions<Assigns>,
): SocketDefinition {
  const { name = "UserSocket", channels, connect, id = () => undefined, ...rest } = options;
  const { maxChannelsPerTransport = CHANNELS_PER_TRANSPORT_MAX, ...unknown } = rest;
  for (const key of Object.keys(unknown))
    throw channelsError("ROOKERY_SOCKET_OPTION", "only known options", key);
  if (!Array.isArray(channels)) throw channelsError("ROOKERY_SOCKET_OPTION", "a list of channels", channels);
  if (typeof connect !== "function")
    throw channelsError("ROOKERY_SOCKET_OPTION", "a function connect", connect);
  if (typeof id !== "function") throw channelsError("ROOKERY_SOCKET_OPTION", "a function id", id);
  if (!Number.isInteger(maxChannelsPerTransport) || maxChannelsPerTransport < 1) {
    throw channelsError(
      "ROOKERY_SOCKET_OPTION",
      "a maxChannelsPerTransport of at least 1",
      maxChannelsPerTransport,
    );
  }
  return Object.freeze({
    name,
    routes: Object.freeze(channels.map(completeRoute)),
    connect: connect as SocketDefinition["connect"],
    id: id as SocketDefinition["id"],
    maxChannelsPerTransport,
  });
}

function completeRoute([pattern, channel, { assigns = {} } = {}]: ChannelRoute): CompleteRoute {
  const matches = topicMatch(pattern);
  if (typeof channel !== "function")
    throw channelsError("ROOKERY_SOCKET_OPTION", `a channel for ${pattern}`, channel);
  const { intercept = [] } = channel;
  const intercepts = intercept.length === 0 ? undefined : new Set(intercept);
  return Object.freeze({ matches, channel, intercepts, assigns });
}

/** The channel for a topic. */
export function routeOf(definition: SocketDefinition, topic: unknown): CompleteRoute | undefined {
  return typeof topic === "string" ? definition.routes.find(({ matches }) => matches(topic)) : undefined;
}
