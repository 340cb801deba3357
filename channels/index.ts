export { broadcast, broadcastFrom, broadcastTo } from "./broadcast.ts";
export {
  Channel,
  type ChannelClass,
  type ChannelContract,
  type ChannelSocket,
  type HandleCallReturn,
  type HandleInFunction,
  type HandleInMap,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
} from "./channel.ts";
export {
  type Accepted,
  type ChannelAction,
  error,
  type NoReply,
  noReply,
  ok,
  type Refused,
  type Reply,
  reply,
  type StatusReply,
  type Stop,
  stop,
} from "./channel-returns.ts";
export type { EncodedFrame } from "./encoded-frame.ts";
export { fastlaneDispatcher } from "./fastlane.ts";
export { Broadcast, type Message, type MessageRef, type ReplyMessage } from "./message.ts";
export type { Params, ParamValue } from "./params.ts";
export { Presence, type PresenceOptions } from "./presence/presence.ts";
export type { PresenceDiff, PresenceEntry, Presences } from "./presence/presences.ts";
export type { PubSubAdapter, PubSubAdapterFactory, PubSubPlace } from "./pubsub/adapter.ts";
export { type Dispatcher, plainDispatcher, type Sender, type Subscription } from "./pubsub/dispatcher.ts";
export { PubSub, type PubSubOptions } from "./pubsub/pubsub.ts";
export { push } from "./push.ts";
export type { Serializer } from "./serializer/serializer.ts";
export { type AnySocket, Socket } from "./socket.ts";
export {
  type ChannelRoute,
  defineSocket,
  type SocketDefinition,
  type SocketOptions,
} from "./socket-definition.ts";
export { replyTo, type SocketRef, socketRef } from "./socket-ref.ts";
export {
  channelHandledIn,
  type ChannelHandledIn,
  channelJoined,
  type ChannelJoined,
  type DurationMs,
  socketConnected,
  type SocketConnected,
} from "./telemetry.ts";
export { type SignOptions, Token, type VerifyOptions, type VerifyResult } from "./token.ts";
export { type Tuple, tuple } from "./token/tuple.ts";
export type { Meta } from "./tracker/entry.ts";
export type {
  MetaFields,
  MetaUpdate,
  PresenceKey,
  Trackable,
  TrackResult,
  UpdateResult,
} from "./tracker/tracker.ts";
export type { ConnectInfo, ConnectInfoKey, Header } from "./transport/connect-info.ts";
export type { CheckOrigin } from "./transport/origin.ts";
export type { HandshakeResponse, WebSocketOptions } from "./transport/websocket-options.ts";
