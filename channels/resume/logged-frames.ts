import type { Pid } from "../../runtime/index.ts";
import type { EncodedFrame } from "../encoded-frame.ts";
import { Broadcast, Message, type MessageRef } from "../message.ts";
import type { Sender } from "../pubsub/dispatcher.ts";
import type { Serializer } from "../serializer/serializer.ts";
import type { LogEntry } from "./log-entry.ts";

/** The key of an offset in the payload of an event, and an event for what has no place for one. */
export const RESUME_OFFSET = "resume_offset";

/** A client that resumes. */
interface Receiver {
  readonly transportPid: Pid;
  readonly serializer: Serializer;
  readonly joinRef: MessageRef;
}

/**
 * The frames of an entry, each made once for all clients that joined under the same join_ref with the same serializer: they count
 * their refs from 1, so many have the same. A frame with another join_ref than its own a client drops, and so drops what was
 * still on the way to a channel that it has joined anew.
 */
export class LoggedFrames {
  readonly #entry: LogEntry;
  readonly #made = new Map<Serializer, Map<MessageRef, readonly EncodedFrame[]>>();
  #payload: object | undefined = undefined;

  constructor(entry: LogEntry) {
    this.#entry = entry;
  }

  send({ transportPid, serializer, joinRef }: Receiver, sender: Sender): void {
    let byRef = this.#made.get(serializer);
    if (byRef === undefined) this.#made.set(serializer, (byRef = new Map()));
    let frames = byRef.get(joinRef);
    if (frames === undefined) byRef.set(joinRef, (frames = this.#encode(serializer, joinRef)));
    for (const frame of frames) sender.send(transportPid, frame);
  }

  #encode(serializer: Serializer, joinRef: MessageRef): readonly EncodedFrame[] {
    const { topic, event, payload, offset } = this.#entry;
    const frame = (name: string, of: object): EncodedFrame =>
      serializer.encode(new Message(joinRef, null, topic, name, of));
    if (typeof payload === "string") {
      this.#payload ??= { ...(JSON.parse(payload) as object), [RESUME_OFFSET]: offset };
      return [frame(event, this.#payload)];
    }
    // A version that has no frames for bytes has none here either.
    if (serializer.encodeBroadcast(new Broadcast(topic, event, payload)) === undefined) return [];
    return [frame(RESUME_OFFSET, { offset }), frame(event, payload)];
  }
}
