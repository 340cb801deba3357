import type { EncodedFrame } from "../encoded-frame.ts";
import type { Broadcast, Message, ReplyMessage } from "../message.ts";

/**
 * Turns messages into frames and back: `Phoenix.Socket.Serializer`. A broadcast is encoded once for all subscribers
 * that have the same serializer, compared by identity, so there is one object of each for the whole program.
 */
export interface Serializer {
  /** The versions that it speaks: those with this major and minor number, `"2.0"` for `~> 2.0.0`. */
  readonly vsn: string;
  /** Throws a coded error for what can't be sent, in the process that wants to send it. */
  encode(message: Message | ReplyMessage): EncodedFrame;
  encodeBroadcast(broadcast: Broadcast): EncodedFrame;
  /** Reads a text frame (a string) or a binary one; throws ROOKERY_FRAME_MALFORMED. */
  decode(data: string | Uint8Array): Message;
}

const VSN = /^((?:0|[1-9]\d*)\.(?:0|[1-9]\d*))\.(?:0|[1-9]\d*)$/;

/** The serializer for the version that a client asks for; clients from before there were versions speak 1.0.0. */
export function negotiateSerializer(
  serializers: readonly Serializer[],
  vsn: unknown = "1.0.0",
): Serializer | undefined {
  const wanted = typeof vsn === "string" ? VSN.exec(vsn)?.[1] : undefined;
  return serializers.find((serializer) => serializer.vsn === wanted);
}
