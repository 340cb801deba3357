import type { Origin } from "../runtime/internal.ts";
import { channelsError } from "./errors.ts";
import { fastlaneDispatcher } from "./fastlane.ts";
import { Broadcast } from "./message.ts";
import { assertPayload } from "./payload.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { joinedSeat } from "./joined-seat.ts";
import type { AnySocket } from "./socket.ts";

/**
 * Sends an event to everybody in the socket's topic, the own client included. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and
 * ROOKERY_PAYLOAD for what is neither an object nor bytes.
 */
export function broadcast(socket: AnySocket, event: string, payload: object): void {
  const { self, topic } = joinedSeat(socket);
  PubSub.broadcast(self, socket.pubsub, topic, broadcastOf(topic, event, payload), fastlaneDispatcher);
}

/** The same, to everybody but this channel. Other channels of the same user get it. */
export function broadcastFrom(socket: AnySocket, event: string, payload: object): void {
  const { self, topic } = joinedSeat(socket);
  PubSub.broadcastFrom(
    self,
    socket.pubsub,
    self.pid,
    topic,
    broadcastOf(topic, event, payload),
    fastlaneDispatcher,
  );
}

/** Sends an event to everybody in a topic, from anywhere: `Endpoint.broadcast/3`. */
export function broadcastTo(
  from: Origin,
  pubsub: string,
  topic: string,
  event: string,
  payload: object,
): void {
  PubSub.broadcast(from, pubsub, topic, broadcastOf(topic, event, payload), fastlaneDispatcher);
}

function broadcastOf(topic: string, event: string, payload: object): Broadcast {
  if (typeof topic !== "string" || typeof event !== "string") {
    throw channelsError("ROOKERY_TOPIC_AND_EVENT", topic, event);
  }
  // Here and not only when it is encoded, so that it does not depend on who has subscribed.
  assertPayload(payload, event);
  return new Broadcast(topic, event, payload);
}
