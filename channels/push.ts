import { channelsError } from "./errors.ts";
import { joinedSeat } from "./joined-seat.ts";
import { Message } from "./message.ts";
import type { AnySocket } from "./socket.ts";

/**
 * Sends an event to the socket's own client. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and ROOKERY_PAYLOAD for what is
 * neither an object nor bytes.
 */
export function push(socket: AnySocket, event: string, payload: object): void {
  const { self, topic, joinRef } = joinedSeat(socket);
  if (typeof event !== "string") throw channelsError("ROOKERY_TOPIC_AND_EVENT", topic, event);
  self.send(
    socket.transportPid!,
    socket.serializer.encode(new Message(joinRef, null, topic, event, payload)),
  );
}
