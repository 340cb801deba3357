import { type TelemetryEvent, telemetryEvent } from "../runtime/index.ts";
import type { MessageRef } from "./message.ts";
import type { Params } from "./params.ts";
import type { Serializer } from "./serializer/serializer.ts";
import type { AnySocket } from "./socket.ts";
import type { SocketDefinition } from "./socket-definition.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";

export interface DurationMs {
  readonly durationMs: number;
}

export interface SocketConnected {
  readonly transport: string;
  readonly params: Params;
  readonly connectInfo: ConnectInfo;
  readonly vsn: string;
  readonly userSocket: SocketDefinition;
  readonly serializer: Serializer;
  readonly result: "ok" | "error";
}

export interface ChannelJoined {
  readonly params: unknown;
  readonly socket: AnySocket;
  readonly result: "ok" | "error";
}

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
