import type { Pid } from "../runtime/index.ts";
import type { Origin } from "../runtime/internal.ts";
import { checkOutgoing, type EventFor, type PayloadFor } from "./contract/outgoing.ts";
import { channelsError } from "./errors.ts";
import { fastlaneDispatcher } from "./fastlane.ts";
import { Broadcast } from "./message.ts";
import { assertPayload } from "./payload.ts";
import { PubSub } from "./pubsub/pubsub.ts";
import { joinedSeat } from "./joined-seat.ts";
import type { AnySocket } from "./socket.ts";

/**
 * Sends an event to everybody in the socket's topic, the own client included. Throws ROOKERY_CHANNEL_NOT_JOINED in join, and
 * ROOKERY_PAYLOAD for what is neither an object nor bytes. What a contract does not promise to clients doesn't compile, and throws
 * ROOKERY_CONTRACT_PAYLOAD while developing.
 */
export function broadcast<S extends AnySocket, Event extends EventFor<S>>(
  socket: S,
  event: Event,
  payload: PayloadFor<S, Event>,
): void {
  const { self, topic, channel } = joinedSeat(socket);
  checkOutgoing(channel, self.runtime, event, payload);
  PubSub.broadcast(self, socket.pubsub, topic, broadcastOf(topic, event, payload), fastlaneDispatcher);
}

/** The same, to everybody but this channel. Other channels of the same user get it. */
export function broadcastFrom<S extends AnySocket, Event extends EventFor<S>>(
  socket: S,
  event: Event,
  payload: PayloadFor<S, Event>,
): void {
  const { self, topic, channel } = joinedSeat(socket);
  checkOutgoing(channel, self.runtime, event, payload);
  PubSub.broadcastFrom(
    self,
    socket.pubsub,
    self.pid,
    topic,
    broadcastOf(topic, event, payload),
    fastlaneDispatcher,
  );
}

/** Whom a broadcast is for, if not for everybody in the topic. */
export interface BroadcastOptions {
  /** This channel, or other process, does not get it: that of the user, say, who has caused it. `broadcast_from`. */
  readonly except?: Pid | undefined;
  /** Only those get it who are on this shard of this node. `local_broadcast`. */
  readonly local?: boolean;
}

/**
 * Sends an event to everybody in a topic, from anywhere: `Endpoint.broadcast/3`, with options `broadcast_from/4`,
 * `local_broadcast/3` and `local_broadcast_from/4`. Processes that have subscribed by themselves get a `Broadcast`.
 */
export function broadcastTo(
  from: Origin,
  pubsub: string,
  topic: string,
  event: string,
  payload: object,
  { except, local = false }: BroadcastOptions = {},
): void {
  const message = broadcastOf(topic, event, payload);
  if (except === undefined) {
    const publish = local ? PubSub.localBroadcast : PubSub.broadcast;
    publish(from, pubsub, topic, message, fastlaneDispatcher);
  } else {
    const publish = local ? PubSub.localBroadcastFrom : PubSub.broadcastFrom;
    publish(from, pubsub, except, topic, message, fastlaneDispatcher);
  }
}

/** @internal */
export function broadcastOf(topic: string, event: string, payload: object): Broadcast {
  if (typeof topic !== "string" || typeof event !== "string") {
    throw channelsError("ROOKERY_TOPIC_AND_EVENT", topic, event);
  }
  // Here and not only when it is encoded, so that it does not depend on who has subscribed.
  assertPayload(payload, event);
  return new Broadcast(topic, event, payload);
}
