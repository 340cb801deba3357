import type { Pid, Runtime } from "../../runtime/index.ts";
import { meetCounterparts, placeOf } from "../../runtime/internal.ts";
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

/** What the PubSub of a shard is called, by the place of that. */
export function shardNodeName(runtime: Runtime, place: number): string {
  return `${runtime.node}/${place}`;
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
    lost: (number) => place.lost(shardNodeName(runtime, placeOf(number))),
  })!;
  const headOf = (topic: string, from: Pid | undefined, dispatcher: Dispatcher, message: unknown): Head => {
    const called = dispatchers.nameOf(dispatcher);
    return message instanceof Broadcast
      ? [topic, from, called, [message.topic, message.event]]
      : [topic, from, called];
  };
  return {
    nodeName: shardNodeName(runtime, runtime.place),
    broadcast: (topic, from, message, dispatcher) => {
      others.tellAll(headOf(topic, from, dispatcher, message), bodyOf(message));
    },
    directBroadcast: (nodeName, topic, message, dispatcher) => {
      const to = others.numberAt(Number(nodeName.slice(nodeName.lastIndexOf("/") + 1)));
      if (to === undefined || shardNodeName(runtime, placeOf(to)) !== nodeName) return;
      others.tell(to, headOf(topic, undefined, dispatcher, message), bodyOf(message));
    },
  };
}

function bodyOf(message: unknown): unknown {
  return message instanceof Broadcast ? message.payload : message;
}
