import type { LogLevel } from "../runtime/index.ts";
import type { ChannelClass } from "./channel.ts";
import type { Accepted, Refused } from "./channel-returns.ts";
import { type ChannelSettings, channelSettings, isLogSetting } from "./channel-settings.ts";
import { contractedChannel } from "./contract/contracted-channel.ts";
import { channelsError } from "./errors.ts";
import type { Params } from "./params.ts";
import { type CompleteResume, completeResume } from "./resume/resume-options.ts";
import { NO_ASSIGNS, type Socket } from "./socket.ts";
import { type TopicMatch, topicMatch } from "./topic.ts";
import { type CompleteLimits, completeLimits, type SocketLimits } from "./transport/client-limits.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";

const CHANNELS_PER_TRANSPORT_MAX = 100;

/** A topic, or a prefix and `*`; the class; assigns that its sockets have from the beginning. */
export type ChannelRoute = readonly [
  pattern: string,
  channel: ChannelClass,
  options?: { readonly assigns?: Readonly<Record<string, unknown>> },
];

/** What `defineSocket` is told of a kind of socket. */
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
  /** At which level its connects are logged, without what looks like a secret among the params; false for not at all. `"info"` if left out. */
  readonly log?: LogLevel | false;
  /** How much one client may ask for. Nothing is limited if left out. */
  readonly limits?: SocketLimits;
  /**
   * Asked when the time is over that `socket.expireAt` gave: `ok(socket.expireAt(later))` lets the client stay, `error()` ends the
   * connection, as it ends without this function. While it runs, the client's frames wait.
   */
  renew?(socket: Socket<Assigns>): Accepted | Refused | Promise<Accepted | Refused>;
}

/** A route whose pattern is understood. */
export interface CompleteRoute {
  readonly pattern: string;
  readonly matches: TopicMatch;
  readonly channel: ChannelClass;
  /** What its channels are instances of: `channel`, or, where that has a contract, a class of its that checks it. */
  readonly instances: ChannelClass;
  /** Undefined if the channel intercepts nothing, which is asked once per broadcast and subscriber. */
  readonly intercepts: ReadonlySet<string> | undefined;
  /** What of it clients can resume. */
  readonly resume: CompleteResume | undefined;
  readonly assigns: object;
  readonly settings: ChannelSettings;
}

/** A kind of socket, checked and complete: what a mount serves. */
export interface SocketDefinition {
  readonly name: string;
  readonly routes: readonly CompleteRoute[];
  readonly connect: (params: Params, socket: Socket, connectInfo: ConnectInfo) => unknown;
  readonly id: (socket: Socket) => unknown;
  readonly maxChannelsPerTransport: number;
  readonly log: LogLevel | false;
  readonly limits: CompleteLimits | undefined;
  readonly renew: ((socket: Socket) => unknown) | undefined;
}

/**
 * Defines a kind of socket: who may connect, who it is then, and which channels there are. `use Phoenix.Socket`. Throws for
 * a wrong option, and ROOKERY_TOPIC_PATTERN for a `*` that is not the last character of its pattern.
 */
export function defineSocket<Assigns extends object = Record<string, unknown>>(
  options: SocketOptions<Assigns>,
): SocketDefinition {
  const { name = "UserSocket", channels, connect, id = () => undefined, ...rest } = options;
  const {
    maxChannelsPerTransport = CHANNELS_PER_TRANSPORT_MAX,
    limits = {},
    log = "info",
    renew,
    ...unknown
  } = rest;
  for (const key of Object.keys(unknown))
    throw channelsError("ROOKERY_SOCKET_OPTION", "only known options", key);
  if (!Array.isArray(channels)) throw channelsError("ROOKERY_SOCKET_OPTION", "a list of channels", channels);
  if (typeof connect !== "function")
    throw channelsError("ROOKERY_SOCKET_OPTION", "a function connect", connect);
  if (typeof id !== "function") throw channelsError("ROOKERY_SOCKET_OPTION", "a function id", id);
  if (renew !== undefined && typeof renew !== "function")
    throw channelsError("ROOKERY_SOCKET_OPTION", "a function renew", renew);
  if (!isLogSetting(log)) throw channelsError("ROOKERY_SOCKET_OPTION", "a log of a level or false", log);
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
    log,
    limits: completeLimits(limits),
    renew: renew as SocketDefinition["renew"],
  });
}

/** @internal */
export function completeRoute(route: ChannelRoute): CompleteRoute {
  if (!Array.isArray(route))
    throw channelsError("ROOKERY_SOCKET_OPTION", "a list of a topic and its channel", route);
  const [pattern, channel, { assigns = NO_ASSIGNS, ...unknown } = {}] = route as ChannelRoute;
  for (const key of Object.keys(unknown))
    throw channelsError("ROOKERY_SOCKET_OPTION", `only assigns besides the channel for ${pattern}`, key);
  const matches = topicMatch(pattern);
  if (typeof channel !== "function")
    throw channelsError("ROOKERY_SOCKET_OPTION", `a channel for ${pattern}`, channel);
  const { intercept = [] } = channel;
  if (!Array.isArray(intercept))
    throw channelsError(
      "ROOKERY_SOCKET_OPTION",
      `${channel.name}.intercept to be a list of events`,
      intercept,
    );
  const intercepts = intercept.length === 0 ? undefined : new Set(intercept);
  return Object.freeze({
    pattern,
    matches,
    channel,
    instances: contractedChannel(channel),
    intercepts,
    resume: completeResume(channel.resume, intercept, channel.name),
    assigns,
    settings: channelSettings(channel),
  });
}

/** With this begin the topics that no client may join, whatever patterns there are: PubSub's own, and those of logs. */
const INNER_TOPIC = "\0";

/** The channel for a topic. */
export function routeOf(definition: SocketDefinition, topic: unknown): CompleteRoute | undefined {
  if (typeof topic !== "string" || topic.startsWith(INNER_TOPIC)) return undefined;
  return definition.routes.find(({ matches }) => matches(topic));
}
