import type { EncodedFrame } from "../encoded-frame.ts";
import { channelsError } from "../errors.ts";
import { type Broadcast, Message, ReplyMessage } from "../message.ts";
import { binaryFrame, bufferOf, fieldEnds } from "./binary-frame.ts";
import { parseJson, textFrame } from "./json-text.ts";
import type { CompleteSerializer } from "./serializer.ts";
import { v2Json } from "./v2-json.ts";

/** The first byte of the frames that version 2 doesn't have. */
const Kind = { UserPush: 3, UserBroadcast: 4 } as const;
/** What the payload of such a frame is. */
const Encoding = { Bytes: 0, Json: 1 } as const;

const EVENT = "broadcast";
const USER_PUSH_SIZES = 5;
/** Kind, sizes and encoding. */
const USER_PUSH_HEADER_BYTES = 1 + USER_PUSH_SIZES + 1;

/**
 * Version 2 and the two frames that `@supabase/realtime-js` has in addition, for the `serializers` of a mount that serves
 * such clients. The event `broadcast`, with a payload of the form `{ type, event, payload }`, is to them an event of the
 * application:
 *
 * ```text
 *   3, from the client   3 | J R T U M X | joinRef ref topic userEvent metadata | user payload to the end of the frame
 *   4, to the client     4 | T U M X     | topic userEvent metadata             | user payload
 * ```
 *
 * A capital is one byte: a size in bytes of UTF-8; X is 0 for bytes, 1 for JSON. The metadata is an object in JSON, or nothing.
 *
 * A frame of kind 3 reaches the channel as `handleIn` of `broadcast` with what the client was given to send: `type`,
 * `event`, `payload`, and what is metadata on the way, beside them. A push or broadcast of the event `broadcast` whose
 * `payload.payload` is a Uint8Array leaves as kind 4, with `payload.meta` as metadata. All else is as in version 2; but those clients
 * can't read its frames of bytes, so don't send them any.
 */
export const realtimeJson: CompleteSerializer = {
  vsn: "2.0",

  encode(message: Message | ReplyMessage): EncodedFrame {
    if (message instanceof ReplyMessage || !isUserBroadcast(message)) return v2Json.encode(message);
    return userBroadcast(message.topic, message.payload);
  },

  encodeBroadcast(broadcast: Broadcast): EncodedFrame {
    if (!isUserBroadcast(broadcast)) return v2Json.encodeBroadcast(broadcast);
    return userBroadcast(broadcast.topic, broadcast.payload);
  },

  decode(data: string | Uint8Array): Message {
    return typeof data !== "string" && data[0] === Kind.UserPush ? decodeUserPush(data) : v2Json.decode(data);
  },
};

interface UserBroadcast {
  readonly event: string;
  readonly payload: Uint8Array;
  readonly meta?: object;
}

function isUserBroadcast<M extends Message | Broadcast>(
  message: M,
): message is M & { readonly payload: UserBroadcast } {
  const { event, payload } = message as { event: string; payload: Partial<UserBroadcast> | null };
  return event === EVENT && payload?.payload instanceof Uint8Array && typeof payload.event === "string";
}

function userBroadcast(topic: string, { event, payload, meta }: UserBroadcast): EncodedFrame {
  const metadata = meta === undefined ? "" : (textFrame(meta, EVENT).data as string);
  return binaryFrame(Kind.UserBroadcast, { topic, event, metadata }, payload, Encoding.Bytes);
}

function decodeUserPush(bytes: Uint8Array): Message {
  const frame = bufferOf(bytes);
  const ends = fieldEnds(frame, USER_PUSH_SIZES, USER_PUSH_HEADER_BYTES);
  const [refAt, topicAt, eventAt, metadataAt, payloadAt] = ends;
  const payload = {
    ...metadataOf(frame.toString("utf8", metadataAt, payloadAt)),
    type: EVENT,
    event: frame.toString("utf8", eventAt, metadataAt),
    payload: userPayload(frame[USER_PUSH_HEADER_BYTES - 1]!, frame.subarray(payloadAt)),
  };
  return new Message(
    frame.toString("utf8", USER_PUSH_HEADER_BYTES, refAt),
    frame.toString("utf8", refAt, topicAt),
    frame.toString("utf8", topicAt, eventAt),
    EVENT,
    payload,
  );
}

function metadataOf(text: string): object {
  if (text === "") return {};
  const metadata = parseJson(text);
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)) return metadata;
  throw channelsError("ROOKERY_FRAME_MALFORMED", "with an object as metadata", metadata);
}

function userPayload(encoding: number, payload: Buffer): unknown {
  if (encoding === Encoding.Bytes) return payload;
  if (encoding === Encoding.Json) return parseJson(payload.toString());
  throw channelsError("ROOKERY_FRAME_MALFORMED", "with a payload of encoding 0 or 1", encoding);
}
