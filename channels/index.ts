export { broadcast, broadcastFrom, type BroadcastOptions, broadcastTo } from "./broadcast.ts";
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
export { type ConnectedSocket, listChannels, listSockets } from "./connected-sockets.ts";
export { error, noReply, ok, reply, stop } from "./channel-returns.ts";
export { asyncapi, type AsyncApiDocument, type AsyncApiInfo } from "./contract/asyncapi.ts";
export {
  type Contract,
  type ContractError,
  type ContractPresences,
  defineContract,
  type EventIn,
  type EventOut,
  type JoinedWith,
  type JoinParams,
  type JoinReply,
  type PayloadIn,
  type PayloadOut,
  type PresenceFields,
  type ReplyOk,
} from "./contract/contract.ts";
export {
  type ChannelTypes,
  type ContractCallbacks,
  type ContractChannelClass,
  type ContractJoinReturn,
  type ContractReturn,
  type ContractSocket,
  defineChannel,
} from "./contract/define-channel.ts";
export type { InvalidPayload, UnknownEvent } from "./contract/invalid-payload.ts";
export type { StandardSchema } from "./contract/standard-schema.ts";
export { EncodedFrame } from "./encoded-frame.ts";
export { Broadcast, Message, type MessageRef, ReplyMessage } from "./message.ts";
export type { Params } from "./params.ts";
export { Presence, type PresenceOptions } from "./presence/presence.ts";
export type { PresenceDiff, PresenceEntry, Presences } from "./presence/presences.ts";
export type { PubSubAdapter, PubSubAdapterFactory, PubSubPlace, PubSubState } from "./pubsub/adapter.ts";
export type { Dispatcher, Sender, Subscription } from "./pubsub/dispatcher.ts";
export { PubSub, type PubSubOptions } from "./pubsub/pubsub.ts";
export { push } from "./push.ts";
export { redisAdapter } from "./redis/redis-adapter.ts";
export { redisCarrier, type RedisCarrierOptions } from "./redis/redis-carrier.ts";
export type { RedisOptions } from "./redis/redis-options.ts";
export { realtimeJson } from "./serializer/realtime-json.ts";
export type { Serializer } from "./serializer/serializer.ts";
export { v1Json } from "./serializer/v1-json.ts";
export { v2Json } from "./serializer/v2-json.ts";
export type { LogEntry } from "./resume/log-entry.ts";
export type { LogStore, StoredTopic } from "./resume/log-store.ts";
export type { ResumeOptions } from "./resume/resume-options.ts";
export { TopicLog } from "./resume/topic-log.ts";
export type { TopicLogOptions } from "./resume/topic-log-options.ts";
export { type AnySocket, Socket } from "./socket.ts";
export { defineSocket, type SocketDefinition, type SocketOptions } from "./socket-definition.ts";
export {
  type ConnectRequest,
  type ConnectReturn,
  SocketTransport,
  type SocketTransportClass,
} from "./socket-transport.ts";
export { replyTo, type SocketRef, socketRef } from "./socket-ref.ts";
export {
  channelHandledIn,
  type ChannelHandledIn,
  channelJoined,
  type ChannelJoined,
  redisConnectionChanged,
  type RedisConnectionChanged,
  clientRefused,
  type ClientRefused,
  type DroppedFrames,
  slowConsumerDisconnected,
  slowConsumerDropped,
  type SlowConsumerMetadata,
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
  TrackedMeta,
  TrackResult,
  UpdateResult,
} from "./tracker/tracker-server.ts";
export { Tracker, type TrackerStartOptions } from "./tracker/tracker.ts";
export type { TrackerOptions } from "./tracker/tracker-options.ts";
export type { Conflate, SlowConsumer } from "./transport/backlog.ts";
export type { SocketLimits } from "./transport/client-limits.ts";
export type { CheckCsrf, ConnectInfo, ConnectInfoSource } from "./transport/connect-info.ts";
export type { LongPollOptions } from "./transport/longpoll-options.ts";
export type { CheckOrigin } from "./transport/origin.ts";
export type { WebSocketOptions } from "./transport/websocket-options.ts";
