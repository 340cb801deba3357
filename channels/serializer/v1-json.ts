import type { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";
import { type Broadcast, Message, type MessageRef, ReplyMessage } from "../message.ts";
import { assertPayload } from "../payload.ts";
import { bufferOf } from "./binary-frame.ts";
import { parseJson, textFrame } from "./json-text.ts";
import type { Serializer } from "./serializer.ts";

const KEYS = ["topic", "event", "payload", "ref"] as const;
type Frame = Readonly<Record<(typeof KEYS)[number], unknown>> & { readonly join_ref?: MessageRef };

/**
 * Version 1 of Phoenix's protocol, that of clients which name no version: JSON objects of `topic`, `event`, `payload` and
 * `ref`. The join_ref of a client is heeded, none is sent. There are no frames of bytes: a channel can't push them, and
 * a broadcast of bytes doesn't reach clients of this version.
 */
export const v1Json: Serializer = {
  vsn: "1.0",

  encode(message: Message | ReplyMessage): EncodedFrame {
    const { ref, topic, payload } = message;
    const event = message instanceof ReplyMessage ? "phx_reply" : message.event;
    if (payload instanceof Uint8Array) {
      throw channelsError("ROOKERY_PAYLOAD_NOT_JSON", event, "bytes, for which version 1 has no frames");
    }
    if (message instanceof ReplyMessage) {
      return textFrame(
        {
          topic,
          event,
          payload: { response: payload === undefined ? {} : payload, status: message.status },
          ref,
        },
        message.status,
      );
    }
    assertPayload(payload, event);
    return textFrame({ topic, event, payload, ref }, event);
  },

  encodeBroadcast({ topic, event, payload }: Broadcast): EncodedFrame | undefined {
    assertPayload(payload, event);
    return payload instanceof Uint8Array ? undefined : textFrame({ topic, event, payload, ref: null }, event);
  },

  decode(data: string | Uint8Array): Message {
    const frame = parseJson(typeof data === "string" ? data : bufferOf(data).toString()) as Frame;
    if (typeof frame !== "object" || frame === null || !KEYS.every((key) => Object.hasOwn(frame, key))) {
      throw channelsError("ROOKERY_FRAME_MALFORMED", `of ${KEYS.join(", ")}`, frame);
    }
    const { join_ref: joinRef = null, ref, topic, event, payload } = frame;
    return new Message(joinRef, ref as MessageRef, topic as string, event as string, payload);
  },
};
