import type { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";
import { type Broadcast, Message, type MessageRef, ReplyMessage } from "../message.ts";
import { assertPayload } from "../payload.ts";
import { binaryFrame, bufferOf, fieldEnds } from "./binary-frame.ts";
import { parseJson, textFrame } from "./json-text.ts";
import type { CompleteSerializer } from "./serializer.ts";

/** The first byte of a binary frame. */
const Kind = { Push: 0, Reply: 1, Broadcast: 2 } as const;

const TEXT_ELEMENTS = 5;
const PUSH_SIZES = 4;
/** Kind and sizes: what stands before the fields of a client's push. */
const PUSH_HEADER_BYTES = 1 + PUSH_SIZES;

/**
 * Version 2 of Phoenix's protocol. Text frames are JSON arrays, `[joinRef, ref, topic, event, payload]`; a payload of
 * bytes travels in a binary frame instead:
 *
 * ```text
 *   push, from the client   0 | J R T E | joinRef ref topic event  | bytes to the end of the frame
 *   push, to the client     0 | J T E   | joinRef topic event      | bytes
 *   reply                   1 | J R T S | joinRef ref topic status | bytes
 *   broadcast               2 | T E     | topic event              | bytes
 * ```
 *
 * A capital is one byte: the size of its field in UTF-8.
 */
export const v2Json: CompleteSerializer = {
  vsn: "2.0",

  encode(message: Message | ReplyMessage): EncodedFrame {
    const { joinRef, ref, topic, payload } = message;
    if (message instanceof ReplyMessage) {
      const { status } = message;
      if (payload instanceof Uint8Array) {
        const fields = { joinRef: asField(joinRef), ref: asField(ref), topic, status };
        return binaryFrame(Kind.Reply, fields, payload);
      }
      return textFrame(
        [joinRef, ref, topic, "phx_reply", { response: payload === undefined ? {} : payload, status }],
        status,
      );
    }
    const { event } = message;
    assertPayload(payload, event);
    if (payload instanceof Uint8Array) {
      return binaryFrame(Kind.Push, { joinRef: asField(joinRef), topic, event }, payload);
    }
    return textFrame([joinRef, ref, topic, event, payload], event);
  },

  encodeBroadcast({ topic, event, payload }: Broadcast): EncodedFrame {
    assertPayload(payload, event);
    if (payload instanceof Uint8Array) return binaryFrame(Kind.Broadcast, { topic, event }, payload);
    return textFrame([null, null, topic, event, payload], event);
  },

  decode(data: string | Uint8Array): Message {
    return typeof data === "string" ? decodeText(data) : decodeBinary(data);
  },
};

/** Refs are strings in binary frames; one that was never given is empty there. */
function asField(ref: MessageRef): string {
  return ref === null ? "" : String(ref);
}

function decodeText(text: string): Message {
  const elements = parseJson(text);
  if (!Array.isArray(elements) || elements.length < TEXT_ELEMENTS) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", `of ${TEXT_ELEMENTS} elements`, elements);
  }
  return new Message(elements[0], elements[1], elements[2], elements[3], elements[4]);
}

function decodeBinary(bytes: Uint8Array): Message {
  const frame = bufferOf(bytes);
  if (frame[0] !== Kind.Push) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", "of kind 0", frame.subarray(0, PUSH_HEADER_BYTES));
  }
  const [refAt, topicAt, eventAt, payloadAt] = fieldEnds(frame, PUSH_SIZES, PUSH_HEADER_BYTES);
  return new Message(
    frame.toString("utf8", PUSH_HEADER_BYTES, refAt),
    frame.toString("utf8", refAt, topicAt),
    frame.toString("utf8", topicAt, eventAt),
    frame.toString("utf8", eventAt, payloadAt),
    frame.subarray(payloadAt),
  );
}
