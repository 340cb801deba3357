import { type Pid, type TelemetryEvent, telemetryEvent } from "../runtime/index.ts";
import type { MessageRef } from "./message.ts";
import type { PubSubState } from "./pubsub/adapter.ts";
import type { Params } from "./params.ts";
import type { Serializer } from "./serializer/serializer.ts";
import type { AnySocket } from "./socket.ts";
import type { SocketDefinition } from "./socket-definition.ts";
import type { SlowConsumer } from "./transport/backlog.ts";
import type { LimitKind } from "./transport/client-limits.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";

export interface DurationMs {
  readonly durationMs: number;
}

/**
 * What is told of a `socketConnected`: who has connected with what, `result` whether it was let in. `params` are unfiltered, as the
 * client sent them. The metadata of `[:phoenix, :socket_connected]`.
 */
export interface SocketConnected {
  readonly transport: string;
  readonly params: Params;
  readonly connectInfo: ConnectInfo;
  readonly vsn: string;
  readonly userSocket: SocketDefinition;
  readonly serializer: Serializer;
  readonly result: "ok" | "error";
}

/**
 * What is told of a `channelJoined`: who has joined with what, `result` whether it was let in. `params` are unfiltered, as the
 * client sent them. The metadata of `[:phoenix, :channel_joined]`.
 */
export interface ChannelJoined {
  readonly params: unknown;
  readonly socket: AnySocket;
  readonly result: "ok" | "error";
}

/**
 * What is told of a `channelHandledIn`: the push that a channel has handled. `params` are unfiltered, as the client sent them. The
 * metadata of `[:phoenix, :channel_handled_in]`.
 */
export interface ChannelHandledIn {
  readonly ref: MessageRef;
  readonly event: string;
  readonly params: unknown;
  readonly socket: AnySocket;
}

/** `connect` has answered. Not executed when it throws, nor when the client wants a version that is not spoken. */
export const socketConnected: TelemetryEvent<DurationMs, SocketConnected> =
  telemetryEvent("phoenix.socket_connected");

/** `join` has answered. Not executed when it throws. */
export const channelJoined: TelemetryEvent<DurationMs, ChannelJoined> =
  telemetryEvent("phoenix.channel_joined");

/** `handleIn` has answered. Not executed when it throws, nor for a leave. */
export const channelHandledIn: TelemetryEvent<DurationMs, ChannelHandledIn> = telemetryEvent(
  "phoenix.channel_handled_in",
);

/** What is told of a client that is slow in reading: whose it is, and the policy that has decided. */
export interface SlowConsumerMetadata {
  /** The transport process. */
  readonly pid: Pid;
  readonly policy: SlowConsumer;
}

/** What a slow client misses: so many frames, and their bytes. */
export interface DroppedFrames {
  readonly count: number;
  readonly bytes: number;
}

/** A client that is slow in reading misses events, or, with `conflate`, newer ones have taken their place. */
export const slowConsumerDropped: TelemetryEvent<DroppedFrames, SlowConsumerMetadata> = telemetryEvent(
  "rookery.slow_consumer.dropped",
);

/** A client that is slow in reading is disconnected, with so much unread. */
export const slowConsumerDisconnected: TelemetryEvent<
  { readonly bufferedBytes: number },
  SlowConsumerMetadata
> = telemetryEvent("rookery.slow_consumer.disconnected");

/** What is told of a `redisConnectionChanged`: whose connection it is, with which Redis, and the state it has now. */
export interface RedisConnectionChanged {
  /** Who uses the connection: `PubSub demo.pubsub`. */
  readonly user: string;
  readonly address: string;
  readonly state: PubSubState;
  /** Why it is down. */
  readonly reason: unknown;
}

/** A connection with Redis has changed its state. `dropped`: so many messages were dropped in the state before. */
export const redisConnectionChanged: TelemetryEvent<{ readonly dropped: number }, RedisConnectionChanged> =
  telemetryEvent("rookery.redis.connection_changed");

/** What is told of a `clientRefused`: which limit it was, and what was refused to whom. */
export interface ClientRefused {
  readonly kind: LimitKind;
  readonly topic: string;
  readonly event: string;
  readonly socket: AnySocket;
}

/** A join or an event of a client is refused, because it is beyond the `limits` of its socket, or one channel too many. */
export const clientRefused: TelemetryEvent<{ readonly count: 1 }, ClientRefused> =
  telemetryEvent("rookery.client.refused");
