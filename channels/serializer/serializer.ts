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
  /** The same, in the process that broadcasts; undefined for what this version has no frames for, which its clients miss. */
  encodeBroadcast(broadcast: Broadcast): EncodedFrame | undefined;
  /** Reads a text frame (a string) or a binary one; throws ROOKERY_FRAME_MALFORMED. */
  decode(data: string | Uint8Array): Message;
}

/** One that has a frame for everything that can be sent. */
export interface CompleteSerializer extends Serializer {
  encodeBroadcast(broadcast: Broadcast): EncodedFrame;
}

const NUMBER = "(?:0|[1-9]\\d*)";
const PRERELEASE = `(?:${NUMBER}|\\d*[a-zA-Z-][\\da-zA-Z-]*)`;
const BUILD = "[\\da-zA-Z-]+";
/** A semantic version: major and minor number, patch, prerelease, and build, which says nothing. */
const VSN = new RegExp(
  `^(${NUMBER}\\.${NUMBER})\\.(${NUMBER})(-${PRERELEASE}(?:\\.${PRERELEASE})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`,
);

/** The serializer for the version that a client asks for; clients from before there were versions speak 1.0.0. */
export function negotiateSerializer(
  serializers: readonly Serializer[],
  vsn: unknown = "1.0.0",
): Serializer | undefined {
  // What nearly all clients ask for: no regular expression is needed to see it.
  for (const serializer of serializers) if (`${serializer.vsn}.0` === vsn) return serializer;
  const [, minor, patch, prerelease] = (typeof vsn === "string" ? VSN.exec(vsn) : null) ?? [];
  // The prereleases of x.y.0 come before it, so before all that x.y is.
  if (patch === "0" && prerelease !== undefined) return undefined;
  return serializers.find((serializer) => serializer.vsn === minor);
}
