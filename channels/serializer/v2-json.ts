import { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";
import { type Broadcast, Message, type MessageRef, ReplyMessage } from "../message.ts";
import { assertPayload } from "../payload.ts";
import type { Serializer } from "./serializer.ts";

/** The first byte of a binary frame. */
const Kind = { Push: 0, Reply: 1, Broadcast: 2 } as const;

const FIELD_BYTES_MAX = 255;
const TEXT_ELEMENTS = 5;
/** Kind and four sizes: what stands before the fields of a client's push. */
const PUSH_HEADER_BYTES = 5;

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
export const v2Json: Serializer = {
  vsn: "2.0",

  encode(message: Message | ReplyMessage): EncodedFrame {
    const { joinRef, ref, topic, payload } = message;
    if (message instanceof ReplyMessage) {
      const { status } = message;
      if (payload instanceof Uint8Array) {
        const fields = { joinRef: asField(joinRef), ref: asField(ref), topic, status };
        return binaryFrame(Kind.Reply, fields, payload);
      }
      return textFrame([joinRef, ref, topic, "phx_reply", { response: payload ?? {}, status }], status);
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

function textFrame(elements: readonly unknown[], event: string): EncodedFrame {
  try {
    return new EncodedFrame(JSON.stringify(elements));
  } catch (error) {
    throw channelsError("ROOKERY_PAYLOAD_NOT_JSON", event, error);
  }
}

/** Refs are strings in binary frames; one that was never given is empty there. */
function asField(ref: MessageRef): string {
  return ref === null ? "" : String(ref);
}

function binaryFrame(
  kind: number,
  fields: Readonly<Record<string, string>>,
  payload: Uint8Array,
): EncodedFrame {
  const names = Object.keys(fields);
  const sizes = names.map((name) => {
    const bytes = Buffer.byteLength(fields[name]!);
    if (bytes > FIELD_BYTES_MAX) throw channelsError("ROOKERY_FIELD_TOO_LONG", name, bytes);
    return bytes;
  });
  let offset = 1 + sizes.length;
  const frame = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, offset) + payload.length);
  frame[0] = kind;
  frame.set(sizes, 1);
  for (const name of names) offset += frame.write(fields[name]!, offset);
  frame.set(payload, offset);
  return new EncodedFrame(frame);
}

function decodeText(text: string): Message {
  let elements: unknown;
  try {
    elements = JSON.parse(text);
  } catch (error) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", "in JSON", error);
  }
  if (!Array.isArray(elements) || elements.length < TEXT_ELEMENTS) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", `of ${TEXT_ELEMENTS} elements`, elements);
  }
  return new Message(elements[0], elements[1], elements[2], elements[3], elements[4]);
}

function decodeBinary(bytes: Uint8Array): Message {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < PUSH_HEADER_BYTES || frame[0] !== Kind.Push) {
    throw channelsError(
      "ROOKERY_FRAME_MALFORMED",
      "of kind 0 with four sizes",
      frame.subarray(0, PUSH_HEADER_BYTES),
    );
  }
  const refAt = PUSH_HEADER_BYTES + frame[1]!;
  const topicAt = refAt + frame[2]!;
  const eventAt = topicAt + frame[3]!;
  const payloadAt = eventAt + frame[4]!;
  if (payloadAt > frame.length) {
    throw channelsError("ROOKERY_FRAME_MALFORMED", `of at least ${payloadAt} bytes`, frame.length);
  }
  return new Message(
    frame.toString("utf8", PUSH_HEADER_BYTES, refAt),
    frame.toString("utf8", refAt, topicAt),
    frame.toString("utf8", topicAt, eventAt),
    frame.toString("utf8", eventAt, payloadAt),
    frame.subarray(payloadAt),
  );
}
