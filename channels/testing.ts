export { ChannelAssertions } from "./testing/channel-assertions.ts";
export { ChannelTest, type ConnectOutcome, type JoinOutcome } from "./testing/channel-test.ts";
export type { AsymmetricMatcher, Pattern } from "./testing/pattern.ts";
export { PushRef } from "./testing/push-ref.ts";
export { channelTest, type ChannelTestOptions } from "./testing/start-channel-test.ts";
