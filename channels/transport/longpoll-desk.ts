import { type CastResult, GenServer, noReply, ok, type Ok } from "../../runtime/index.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import { isSessionMessage, type SessionAnswer, type SessionQuestion } from "./longpoll-message.ts";

const ABSENT: SessionAnswer = { longpoll: "gone", how: "absent" };

/** Where the desks of a mount are asked, each in its own place. */
export function deskTopic(name: string): string {
  return `phx:lp:${name}`;
}

/** What a desk is started with: the name of its mount, and of the PubSub. */
export interface DeskStart {
  readonly name: string;
  readonly pubsub: string;
}

/**
 * Says of the sessions of one mount that they are not in this place, which nobody else could: who asks from elsewhere would have to
 * wait for an answer that never comes.
 */
export class LongPollDesk extends GenServer<DeskStart> {
  static override readonly module: string = import.meta.url;

  init(start: DeskStart): Ok<DeskStart> {
    PubSub.subscribe(this.self, start.pubsub, deskTopic(start.name));
    return ok(start);
  }

  override handleInfo(message: unknown): CastResult {
    if (!isSessionMessage(message)) return noReply();
    const { self } = this;
    const { pubsub } = this.state;
    const { to, session } = message as SessionQuestion;
    // Of one that is there, the session says so itself.
    if (PubSub.subscribers(self, pubsub, session).length === 0)
      PubSub.directBroadcast(self, to.nodeName, pubsub, to.topic, ABSENT);
    return noReply();
  }
}
