import type { Pid } from "../../runtime/index.ts";
import { Message, type MessageRef } from "../message.ts";
import type { Dispatcher, Sender } from "../pubsub/dispatcher.ts";
import type { Serializer } from "../serializer/serializer.ts";
import type { LogEntry } from "./log-entry.ts";
import { LoggedFrames, RESUME_OFFSET } from "./logged-frames.ts";

/** The answer of a log to a channel whose client resumes: where it stands, and what the client has missed. */
export interface LogJoined {
  readonly resumed: boolean;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  /** Its own among them. */
  readonly missed: readonly LogEntry[];
}

/** What a log publishes: an entry, and the epoch to which it belongs. */
export interface Logged extends LogEntry {
  readonly epoch: string;
}

/** The topic on which a log publishes to those who resume a topic. */
export function laneTopic(topic: string): string {
  return `\0resume:${topic}`;
}

/**
 * The metadata with which the channel of a client that resumes subscribes to the log: how logged events reach its client. First
 * they are held, until the client has got what it missed; from then on they go straight to the transport.
 */
export class ResumeLane {
  readonly transportPid: Pid;
  readonly serializer: Serializer;
  readonly joinRef: MessageRef;
  readonly #topic: string;
  #held: Logged[] | undefined = [];
  /** A log that has died and come back publishes in another epoch: not for clients of this one, who are told. */
  #epoch = "";
  /** What the client has broadcast to all others is not for itself, also if it did that from another channel, before. */
  #id = "";

  constructor(transportPid: Pid, serializer: Serializer, topic: string, joinRef: MessageRef) {
    this.transportPid = transportPid;
    this.serializer = serializer;
    this.joinRef = joinRef;
    this.#topic = topic;
  }

  take(logged: Logged, frames: LoggedFrames, sender: Sender): void {
    if (this.#held !== undefined) this.#held.push(logged);
    else if (logged.epoch !== this.#epoch) return;
    else if (logged.origin === this.#id) this.#passOwn(logged.offset, sender);
    else frames.send(this, sender);
  }

  /** Sends what was missed, then what was held and is newer than `offset`; from now on holds nothing. */
  release({ epoch, offset, id, missed }: LogJoined, sender: Sender): void {
    const held = this.#held!;
    this.#epoch = epoch;
    this.#id = id;
    this.#held = undefined;
    for (const entry of missed) if (entry.origin !== id) new LoggedFrames(entry).send(this, sender);
    if (missed.at(-1)?.origin === id) this.#passOwn(offset, sender);
    for (const logged of held)
      if (logged.offset > offset) this.take(logged, new LoggedFrames(logged), sender);
  }

  /** Else a client that speaks, and hears nothing, would stand where it began, and one day too far back to resume. */
  #passOwn(offset: number, sender: Sender): void {
    const message = new Message(this.joinRef, null, this.#topic, RESUME_OFFSET, { [RESUME_OFFSET]: offset });
    sender.send(this.transportPid, this.serializer.encode(message));
  }
}

/** Takes what a log publishes to the clients that resume its topic. */
export const resumeDispatcher: Dispatcher = {
  dispatch(rows, from, message, sender) {
    const frames = new LoggedFrames(message as Logged);
    for (let index = 0; index < rows.length; index += 1) {
      const { pid, metadata } = rows[index]!;
      if (pid !== from) (metadata as ResumeLane).take(message as Logged, frames, sender);
    }
  },
};
