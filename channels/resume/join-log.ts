import type { Ref, Self } from "../../runtime/index.ts";
import { channelsError } from "../errors.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { AnySocket } from "../socket.ts";
import { laneTopic, type LogJoined, ResumeLane } from "./resume-lane.ts";
import type { CompleteResume, ResumeWish } from "./resume-options.ts";
import type { LogJoin, OtherEvents } from "./topic-log.ts";

/** What a channel does for a client that resumes, besides what it does for every client. */
export class Resumption {
  /** Of the log: without it the client would miss what comes, so the channel ends and the client joins again. */
  readonly monitor: Ref;
  readonly #joined: LogJoined;
  readonly #lane: ResumeLane;
  readonly #self: Self;

  constructor(self: Self, monitor: Ref, lane: ResumeLane, joined: LogJoined) {
    this.monitor = monitor;
    this.#self = self;
    this.#lane = lane;
    this.#joined = joined;
  }

  /** The reply of the join with where the client stands now. Throws ROOKERY_RESUME_REPLY. */
  reply(reply: unknown): object {
    const { resumed, epoch, offset, id } = this.#joined;
    const resume = { resumed, epoch, offset, id };
    if (reply instanceof Uint8Array) throw channelsError("ROOKERY_RESUME_REPLY", reply);
    const shown = shownOf(reply);
    if (typeof shown !== "object" || shown === null || Array.isArray(shown))
      return { response: shown, resume };
    return { ...shown, resume };
  }

  /** Sends the client what it missed; then it gets what comes. To be called when its transport waits for the reply. */
  release(): void {
    this.#lane.release(this.#joined, this.#self);
  }
}

/** As JSON has it: a copy of all its properties would show what an object with a toJSON keeps to itself. */
function shownOf(reply: unknown): unknown {
  const { toJSON } = (reply ?? {}) as { readonly toJSON?: unknown };
  return typeof toJSON === "function" ? (toJSON.call(reply, "response") as unknown) : reply;
}

/**
 * Joins the log of a topic. It subscribes first and asks then, so nothing is missed between; and what comes before the answer
 * is held, so nothing comes too early or twice. Throws ROOKERY_RESUME_EVENTS.
 */
export async function joinLog(
  self: Self,
  { transportPid, serializer, pubsub, topic, joinRef }: AnySocket,
  { log, events }: CompleteResume,
  { id, since }: ResumeWish,
): Promise<Resumption> {
  const lane = new ResumeLane(transportPid!, serializer, topic, joinRef);
  const monitor = self.monitor(log);
  PubSub.subscribe(self, pubsub, laneTopic(topic), lane);
  const request: LogJoin = { topic, events: [...events], channel: self.pid, id, since };
  const answer = (await self.call(log, request)) as LogJoined | OtherEvents;
  if ("loggedEvents" in answer)
    throw channelsError("ROOKERY_RESUME_EVENTS", topic, answer.loggedEvents, request.events);
  return new Resumption(self, monitor, lane, answer);
}
