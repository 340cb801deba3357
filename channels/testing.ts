export { ChannelAssertions } from "./testing/channel-assertions.ts";
export { ChannelTest, type ConnectOutcome, type JoinOutcome } from "./testing/channel-test.ts";
export type { AsymmetricMatcher, Pattern } from "./testing/pattern.ts";
export { PushRef } from "./testing/push-ref.ts";
export { RedisGate, redisLoss } from "./testing/redis-gate.ts";
export { slowReader, socketCut, sockets } from "./testing/socket-fault.ts";
export { channelTest, type ChannelTestOptions } from "./testing/start-channel-test.ts";
