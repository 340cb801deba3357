import type { Pid, Runtime } from "../runtime/index.ts";
import { channelsError } from "./errors.ts";
import { joinedSeat } from "./joined-seat.ts";
import { type MessageRef, ReplyMessage } from "./message.ts";
import type { Serializer } from "./serializer/serializer.ts";
import type { AnySocket } from "./socket.ts";

/** What is needed to answer one push later, from any process: much less than the socket. */
export class SocketRef {
  readonly runtime: Runtime;
  readonly transportPid: Pid;
  readonly serializer: Serializer;
  readonly topic: string;
  readonly ref: MessageRef;
  readonly joinRef: MessageRef;

  /** @internal */
  constructor(socket: AnySocket) {
    this.runtime = socket.runtime;
    this.transportPid = socket.transportPid!;
    this.serializer = socket.serializer;
    this.topic = socket.topic;
    this.ref = socket.ref;
    this.joinRef = socket.joinRef;
  }
}

/**
 * Keeps what `replyTo` needs to answer the push that is being handled. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and
 * ROOKERY_CHANNEL_NO_REF outside of handleIn or when the client gave no ref.
 */
export function socketRef(socket: AnySocket): SocketRef {
  joinedSeat(socket);
  if (socket.ref === null) throw channelsError("ROOKERY_CHANNEL_NO_REF", socket.topic);
  return new SocketRef(socket);
}

/** Answers a push after its handleIn has returned. `Phoenix.Channel.reply/2`. */
export function replyTo(socketRef: SocketRef, status: string, payload: unknown = {}): void {
  const { runtime, transportPid, serializer, topic, ref, joinRef } = socketRef;
  runtime.send(transportPid, serializer.encode(new ReplyMessage(joinRef, ref, topic, status, payload)));
}
