import { checkOutgoing, type EventFor, type PayloadFor } from "./contract/outgoing.ts";
import { channelsError } from "./errors.ts";
import { joinedSeat } from "./joined-seat.ts";
import { Message } from "./message.ts";
import type { AnySocket } from "./socket.ts";

/**
 * Sends an event to the socket's own client. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and ROOKERY_PAYLOAD for what is
 * neither an object nor bytes. What a contract does not promise to clients doesn't compile, and throws ROOKERY_CONTRACT_PAYLOAD
 * while developing.
 */
export function push<S extends AnySocket, Event extends EventFor<S>>(
  socket: S,
  event: Event,
  payload: PayloadFor<S, Event>,
): void {
  const { self, topic, joinRef, channel } = joinedSeat(socket);
  if (typeof event !== "string") throw channelsError("ROOKERY_TOPIC_AND_EVENT", topic, event);
  checkOutgoing(channel, self.runtime, event, payload);
  const message = new Message(joinRef, null, topic, event, payload);
  const frame = socket.serializer.encode(message);
  frame.message = message;
  self.send(socket.transportPid!, frame);
}
