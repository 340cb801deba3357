import { type Runtime, type Self, TIMEOUT } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import { PLACES_TOPIC, PlaceLost } from "../pubsub/place-lost.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { deskTopic } from "./longpoll-desk.ts";
import {
  isSessionMessage,
  type ReturnRoute,
  type SessionAnswer,
  type SessionEnd,
  type SessionQuestion,
  type SessionRequest,
} from "./longpoll-message.ts";
import type { SessionRoute } from "./longpoll-token.ts";

/** What became of a frame that a session was given. */
export const FrameResult = { Handled: 0, TimedOut: 1, Ended: 2, Crashed: 3, Absent: 4 } as const;
export type FrameResult = (typeof FrameResult)[keyof typeof FrameResult];

const FRAME_RESULTS: Readonly<Record<SessionEnd, FrameResult>> = {
  ended: FrameResult.Ended,
  crashed: FrameResult.Crashed,
  absent: FrameResult.Absent,
};

export interface ExchangeOptions {
  /** The name of the mount. */
  readonly name: string;
  readonly runtime: Runtime;
  readonly pubsub: string;
  readonly route: SessionRoute;
  readonly pubsubTimeoutMs: number;
  readonly windowMs: number;
  /** Aborted when the client no longer waits; left out where that changes nothing. */
  readonly signal?: AbortSignal;
}

/** To the process of the exchange: the client has hung up. */
class ClientHungUp {
  declare readonly clientHungUp?: true;
}

/**
 * One request of a client speaks with its session, wherever the session is: on this shard, another one, another node. It does so as
 * a process, with a topic of its own for the answers.
 */
export class Exchange {
  readonly #self: Self;
  readonly #options: ExchangeOptions;
  readonly #to: ReturnRoute;

  private constructor(self: Self, options: ExchangeOptions) {
    const { pubsub, route } = options;
    this.#self = self;
    this.#options = options;
    // Only this place is asked for the topic, and here no other process has that pid.
    this.#to = { nodeName: PubSub.nodeName(self, pubsub), topic: `${route.topic} ${self.pid.toString()}` };
    PubSub.subscribe(self, pubsub, this.#to.topic);
    PubSub.subscribe(self, pubsub, PLACES_TOPIC);
  }

  /** Runs `talk` and answers what it answers. */
  static run<T>(options: ExchangeOptions, talk: (exchange: Exchange) => Promise<T>): Promise<T> {
    const { runtime, signal } = options;
    return new Promise((resolve, reject) => {
      const pid = runtime.spawn(async (self) => {
        try {
          resolve(await talk(new Exchange(self, options)));
        } catch (error) {
          reject(error as Error);
        }
      });
      signal?.addEventListener("abort", () => runtime.send(pid, new ClientHungUp()), { once: true });
      // If it was killed: later it changes nothing.
      onProcessExit(pid, (reason) => reject(new Error(`the process of a request ended: ${String(reason)}`)));
    });
  }

  /** Whether there is such a session. */
  async isThere(): Promise<boolean> {
    const { route, pubsub, pubsubTimeoutMs } = this.#options;
    const { nodeName } = route;
    // Known without asking, which saves the client the time that is waited for an answer.
    if (nodeName !== this.#to.nodeName && PubSub.adapter(this.#self, pubsub)?.isGone?.(nodeName) === true)
      return false;
    const answer = await this.#ask({ longpoll: "hello", to: this.#to }, pubsubTimeoutMs);
    return answer?.longpoll === "here";
  }

  /** What there is for the client: nothing after the window. Undefined if the session ends before. */
  async poll(): Promise<readonly string[] | undefined> {
    const { signal, windowMs, pubsubTimeoutMs } = this.#options;
    const expired = { longpoll: "expired", to: this.#to } as const;
    let answer = await this.#ask({ longpoll: "poll", to: this.#to }, windowMs);
    if (signal?.aborted === true) this.#tell(expired);
    // Messages that were on their way meanwhile must not be lost.
    else if (answer === undefined) answer = await this.#ask(expired, pubsubTimeoutMs);
    if (answer?.longpoll === "messages") {
      if (signal?.aborted !== true) this.#confirm();
      return answer.messages;
    }
    return answer?.longpoll === "gone" ? undefined : [];
  }

  #confirm(): void {
    const { route, pubsub } = this.#options;
    if (route.nodeName === this.#to.nodeName) return;
    const got: SessionRequest = { longpoll: "got", to: this.#to };
    PubSub.directBroadcast(this.#self, route.nodeName, pubsub, route.topic, got);
  }

  /** Gives the session a frame of the client. */
  async frame(data: string | Uint8Array): Promise<FrameResult> {
    const answer = await this.#ask({ longpoll: "frame", to: this.#to, data }, this.#options.windowMs);
    if (answer?.longpoll === "handled") return FrameResult.Handled;
    if (answer?.longpoll !== "gone") return FrameResult.TimedOut;
    return FRAME_RESULTS[answer.how];
  }

  /** Undefined if no answer came in time, or nobody waits for it any more. */
  async #ask(request: SessionRequest, timeoutMs: number): Promise<SessionAnswer | undefined> {
    const { signal, route } = this.#options;
    if (signal?.aborted === true) return undefined;
    this.#tell(request);
    const isAnswer = (message: unknown): boolean =>
      isSessionMessage(message) ||
      message instanceof ClientHungUp ||
      (message instanceof PlaceLost && message.nodeName === route.nodeName);
    const answer = await this.#self.receive(isAnswer, { timeoutMs });
    if (answer instanceof PlaceLost) return { longpoll: "gone", how: "crashed" };
    return answer === TIMEOUT || answer instanceof ClientHungUp ? undefined : (answer as SessionAnswer);
  }

  #tell(request: SessionRequest): void {
    const { name, route, pubsub } = this.#options;
    const { nodeName, topic } = route;
    PubSub.directBroadcast(this.#self, nodeName, pubsub, topic, request);
    // Behind it: a session that is there has got it, and answers; else nobody would say anything.
    const question: SessionQuestion = { longpoll: "gone?", to: this.#to, session: topic };
    PubSub.directBroadcast(this.#self, nodeName, pubsub, deskTopic(name), question);
  }
}
