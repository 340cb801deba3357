import type { EventFor, PayloadFor } from "../contract/outgoing.ts";
import type { AnySocket } from "../socket.ts";
import type { Inbox } from "./inbox.ts";
import type { Pattern } from "./pattern.ts";
import type { PushRef } from "./push-ref.ts";
import type { Answered, Seen } from "./test-types.ts";
import {
  type Wanted,
  wantedBroadcast,
  wantedExit,
  wantedMessage,
  wantedPush,
  wantedReply,
} from "./wanted.ts";

/** As in ExUnit: what is to come has so long, and so long is waited for what must not. */
const WAIT_MS = 100;

/** What a test of channels may claim of that which has come to it. */
export class ChannelAssertions {
  readonly #inbox: Inbox;

  /** @internal */
  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  /** Waits for a push to the client of `socket`, takes it and answers its payload. `assert_push/3`. */
  assertPush<S extends AnySocket, Event extends EventFor<S>>(
    socket: S,
    event: Event,
    pattern?: Pattern<Seen<PayloadFor<S, Event>>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<Seen<PayloadFor<S, Event>>> {
    return this.#expect(wantedPush(socket, event, pattern), timeoutMs);
  }

  /** Fails if such a push has come, or comes within `timeoutMs`. `refute_push/3`. */
  refutePush<S extends AnySocket, Event extends EventFor<S>>(
    socket: S,
    event: Event,
    pattern?: Pattern<Seen<PayloadFor<S, Event>>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<void> {
    return this.#inbox.refute(wantedPush(socket, event, pattern), timeoutMs);
  }

  /** Waits for the answer to a push, takes it and answers its payload. `assert_reply/4`. */
  assertReply<Ok, Error, Status extends string>(
    ref: PushRef<Ok, Error>,
    status: Status,
    pattern?: Pattern<Answered<NoInfer<Ok>, NoInfer<Error>, Status>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<Answered<Ok, Error, Status>> {
    return this.#expect(wantedReply(ref, status, pattern), timeoutMs);
  }

  /** Fails if such an answer has come, or comes within `timeoutMs`; without a status, if any has. `refute_reply/4`. */
  refuteReply<Ok, Error, Status extends string>(
    ref: PushRef<Ok, Error>,
    status?: Status,
    pattern?: Pattern<Answered<NoInfer<Ok>, NoInfer<Error>, Status>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<void> {
    return this.#inbox.refute(wantedReply(ref, status, pattern), timeoutMs);
  }

  /**
   * Waits for a broadcast on a topic, or on that of a socket, takes it and answers its payload. The test has to be subscribed:
   * `subscribeAndJoin`, `subscribe`. `assert_broadcast/3`.
   */
  assertBroadcast<On extends AnySocket | string, Event extends EventFor<On>>(
    on: On,
    event: Event,
    pattern?: Pattern<Seen<PayloadFor<On, Event>>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<Seen<PayloadFor<On, Event>>> {
    return this.#expect(wantedBroadcast(on, event, pattern), timeoutMs);
  }

  /** Fails if such a broadcast has come, or comes within `timeoutMs`. `refute_broadcast/3`. */
  async refuteBroadcast<On extends AnySocket | string, Event extends EventFor<On>>(
    on: On,
    event: Event,
    pattern?: Pattern<Seen<PayloadFor<On, Event>>>,
    timeoutMs: number = WAIT_MS,
  ): Promise<void> {
    await this.#inbox.refute(wantedBroadcast(on, event, pattern), timeoutMs);
  }

  /** Waits for the end of the channel of a socket and answers its reason. A crash that is asserted fails no test. */
  assertExit(socket: AnySocket, reason?: Pattern<unknown>, timeoutMs: number = WAIT_MS): Promise<unknown> {
    return this.#expect(wantedExit(socket, reason), timeoutMs);
  }

  /** Waits for a message to the test's own process, takes it and answers it. `assert_receive/3`. */
  assertMessage(pattern: Pattern<unknown>, timeoutMs: number = WAIT_MS): Promise<unknown> {
    return this.#expect(wantedMessage(pattern), timeoutMs);
  }

  /** `refute_receive/3`. */
  refuteMessage(pattern: Pattern<unknown>, timeoutMs: number = WAIT_MS): Promise<void> {
    return this.#inbox.refute(wantedMessage(pattern), timeoutMs);
  }

  async #expect<Payload>(wanted: Wanted, timeoutMs: number): Promise<Payload> {
    return (await this.#inbox.expect(wanted, timeoutMs)).payload as Payload;
  }
}
