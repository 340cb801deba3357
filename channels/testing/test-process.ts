import {
  type CallResult,
  type CastResult,
  GenServer,
  type InitResult,
  noReply,
  ok,
  reply,
  type Self,
} from "../../runtime/index.ts";

/** What a process of a test does with its messages. */
export type OnMessage = (message: unknown) => void;

/** A process of a test: it hands all that comes to the test, and runs what the test wants to be run in it. */
export class TestProcess extends GenServer<OnMessage, (self: Self) => unknown, never> {
  init(onMessage: OnMessage): InitResult<OnMessage> {
    this.self.setLabel("channel test");
    return ok(onMessage);
  }

  override handleCall(run: (self: Self) => unknown): CallResult {
    return reply(run(this.self));
  }

  override handleInfo(message: unknown): CastResult {
    this.state(message);
    return noReply();
  }
}
