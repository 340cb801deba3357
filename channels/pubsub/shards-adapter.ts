import type { Pid, Runtime } from "../../runtime/index.ts";
import { meetCounterparts, otherShards, placeOf } from "../../runtime/internal.ts";
import { Broadcast } from "../message.ts";
import type { PubSubAdapter, PubSubPlace } from "./adapter.ts";
import type { Dispatcher } from "./dispatcher.ts";

/** What of a broadcast is not the message. Of a Broadcast only the payload is: its class can't be copied. */
type Head = readonly [
  topic: string,
  from: Pid | undefined,
  dispatcher: string,
  of?: readonly [topic: string, event: string],
];

function nodeNameOf(runtime: Runtime, shard: number): string {
  return `${runtime.node}/${shard}`;
}

/** What the PubSub of the other shard with that place is called, if there is one. It is not that of one that was there before. */
export function nodeNameOfShard(runtime: Runtime, place: number): string | undefined {
  const number = otherShards(runtime).find((other) => placeOf(other) === place);
  return number === undefined ? undefined : nodeNameOf(runtime, number);
}

/**
 * The adapter for the shards of a runtime. Nothing stands between broadcaster and subscribers but the signals between
 * shards: the other shard hands a broadcast out when it reads it, whatever its own PubSub process is doing.
 */
export function shardsAdapter(place: PubSubPlace): PubSubAdapter {
  const { self, name, dispatchers } = place;
  const { runtime } = self;
  const others = meetCounterparts(runtime, `PubSub ${name}`, {
    hear: (head, body) => {
      const [topic, from, dispatcher, of] = head as Head;
      const message = of === undefined ? body : new Broadcast(of[0], of[1], body as object);
      place.deliver(topic, from, message, dispatchers.named(dispatcher));
    },
    lost: (number) => place.lost(nodeNameOf(runtime, number)),
  });
  const headOf = (topic: string, from: Pid | undefined, dispatcher: Dispatcher, message: unknown): Head => {
    const called = dispatchers.nameOf(dispatcher);
    return message instanceof Broadcast
      ? [topic, from, called, [message.topic, message.event]]
      : [topic, from, called];
  };
  return {
    nodeName: nodeNameOf(runtime, runtime.shard.number),
    broadcast: (topic, from, message, dispatcher) => {
      others.tellAll(headOf(topic, from, dispatcher, message), bodyOf(message));
    },
    directBroadcast: (nodeName, topic, message, dispatcher) => {
      const to = otherShards(runtime).find((other) => nodeNameOf(runtime, other) === nodeName);
      if (to !== undefined) others.tell(to, headOf(topic, undefined, dispatcher, message), bodyOf(message));
    },
    isGone: (nodeName) => !otherShards(runtime).some((other) => nodeNameOf(runtime, other) === nodeName),
  };
}

function bodyOf(message: unknown): unknown {
  return message instanceof Broadcast ? message.payload : message;
}
