export { broadcast, broadcastFrom, broadcastTo } from "./broadcast.ts";
export {
  Channel,
  type ChannelContract,
  type ChannelSocket,
  type HandleCallReturn,
  type HandleInFunction,
  type HandleInMap,
  type HandleInReturn,
  type HandleReturn,
  type JoinReturn,
} from "./channel.ts";
export { error, noReply, ok, reply, stop } from "./channel-returns.ts";
export { Broadcast } from "./message.ts";
export type { Params } from "./params.ts";
export { Presence, type PresenceOptions } from "./presence/presence.ts";
export type { PresenceDiff, PresenceEntry, Presences } from "./presence/presences.ts";
export type { PubSubAdapter, PubSubAdapterFactory, PubSubPlace } from "./pubsub/adapter.ts";
export type { Dispatcher, Sender, Subscription } from "./pubsub/dispatcher.ts";
export { PubSub, type PubSubOptions } from "./pubsub/pubsub.ts";
export { push } from "./push.ts";
export { type AnySocket, Socket } from "./socket.ts";
export { defineSocket, type SocketDefinition, type SocketOptions } from "./socket-definition.ts";
export { replyTo, type SocketRef, socketRef } from "./socket-ref.ts";
export {
  channelHandledIn,
  type ChannelHandledIn,
  channelJoined,
  type ChannelJoined,
  socketConnected,
  type SocketConnected,
} from "./telemetry.ts";
export { Token, type VerifyResult } from "./token.ts";
export { Tuple, tuple } from "./token/tuple.ts";
export type { Meta } from "./tracker/entry.ts";
export type {
  MetaFields,
  MetaUpdate,
  PresenceKey,
  Trackable,
  TrackResult,
  UpdateResult,
} from "./tracker/tracker.ts";
export type { ConnectInfo } from "./transport/connect-info.ts";
export type { CheckOrigin } from "./transport/origin.ts";
export type { WebSocketOptions } from "./transport/websocket-options.ts";
