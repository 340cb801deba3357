import { meetCounterparts, otherShards, placeOf } from "../../runtime/internal.ts";
import type { PubSubAdapter, PubSubPlace } from "./adapter.ts";
import { bodyOf, type Head, headOf, messageOf } from "./crossing.ts";

/**
 * The adapter for the shards of a runtime, which is called `node`. Nothing stands between broadcaster and subscribers but the signals between
 * shards: the other shard hands a broadcast out when it reads it, whatever its own PubSub process is doing.
 */
export function shardsAdapter(place: PubSubPlace, node: string = place.self.runtime.node): PubSubAdapter {
  const { self, name, dispatchers } = place;
  const { runtime } = self;
  const nodeNameOf = (shard: number): string => `${node}/${shard}`;
  const others = meetCounterparts(runtime, `PubSub ${name}`, {
    hear: (head, body) => {
      const [topic, from, dispatcher] = head as Head;
      place.deliver(topic, from, messageOf(head as Head, body), dispatchers.named(dispatcher));
    },
    lost: (number) => place.lost(nodeNameOf(number)),
  });
  return {
    nodeName: nodeNameOf(runtime.shard.number),
    broadcast: (topic, from, message, dispatcher) => {
      others.tellAll(headOf(dispatchers, topic, from, dispatcher, message), bodyOf(message));
    },
    directBroadcast: (nodeName, topic, message, dispatcher) => {
      const to = otherShards(runtime).find((other) => nodeNameOf(other) === nodeName);
      if (to !== undefined)
        others.tell(to, headOf(dispatchers, topic, undefined, dispatcher, message), bodyOf(message));
    },
    nodeNameOf: (shard) => {
      const number = otherShards(runtime).find((other) => placeOf(other) === shard);
      return number === undefined ? undefined : nodeNameOf(number);
    },
    isGone: (nodeName) => !otherShards(runtime).some((other) => nodeNameOf(other) === nodeName),
  };
}
