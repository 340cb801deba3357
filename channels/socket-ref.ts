import type { Pid } from "../runtime/index.ts";
import { sendToPid } from "../runtime/internal.ts";
import { channelsError } from "./errors.ts";
import { joinedSeat } from "./joined-seat.ts";
import { type MessageRef, ReplyMessage } from "./message.ts";
import type { AnySocket, Connection } from "./socket.ts";

/** What is needed to answer one push later, from any process: much less than the socket, and plain, so that it can go to other shards. */
export interface SocketRef {
  readonly transportPid: Pid;
  readonly topic: string;
  readonly ref: MessageRef;
  readonly joinRef: MessageRef;
}

/** Of those that were made here. Elsewhere is a copy, which says nothing of how its client is spoken to. */
const connections = new WeakMap<SocketRef, Connection>();

/**
 * Keeps what `replyTo` needs to answer the push that is being handled. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and
 * ROOKERY_CHANNEL_NO_REF outside of handleIn or when the client gave no ref.
 */
export function socketRef(socket: AnySocket): SocketRef {
  const { topic, joinRef } = joinedSeat(socket);
  const { ref, connection } = socket;
  if (ref === null) throw channelsError("ROOKERY_CHANNEL_NO_REF", topic);
  const made = Object.freeze({ transportPid: connection.transportPid!, topic, ref, joinRef });
  connections.set(made, connection);
  return made;
}

/**
 * Answers a push after its handleIn has returned, from any process on any shard. `Phoenix.Channel.reply/2`. Throws
 * ROOKERY_PAYLOAD_NOT_JSON for a payload that can't be encoded; on another shard than the channel's that is logged instead.
 */
export function replyTo(socketRef: SocketRef, status: string, payload: unknown = {}): void {
  const { transportPid, topic, ref, joinRef } = socketRef;
  const connection = connections.get(socketRef);
  if (connection === undefined) {
    sendToPid(transportPid, [FAR_REPLY, joinRef, ref, topic, status, payload] satisfies FarReply);
    return;
  }
  const frame = connection.serializer.encode(new ReplyMessage(joinRef, ref, topic, status, payload));
  connection.runtime.send(transportPid, frame);
}

const FAR_REPLY = "rookery.reply";

/** To a transport process, from another shard: classes can't be copied. */
type FarReply = readonly [
  tag: typeof FAR_REPLY,
  joinRef: MessageRef,
  ref: MessageRef,
  topic: string,
  status: string,
  payload: unknown,
];

/** The reply that another shard has sent to a transport process; undefined for any other message. */
export function farReply(message: unknown): ReplyMessage | undefined {
  if (!Array.isArray(message) || message[0] !== FAR_REPLY) return undefined;
  const [, joinRef, ref, topic, status, payload] = message as unknown as FarReply;
  return new ReplyMessage(joinRef, ref, topic, status, payload);
}
