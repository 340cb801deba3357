import type { PubSubAdapterFactory } from "../../../channels/pubsub/adapter.ts";
import type { Dispatcher } from "../../../channels/pubsub/dispatcher.ts";
import { shardsAdapter } from "../../../channels/pubsub/shards-adapter.ts";
import type { SeededRandom } from "../../../runtime/testing.ts";

/** What becomes of messages between places. */
export interface Weather {
  lossPercent: number;
  repeatPercent: number;
  delayMsMax: number;
  /** "from to": nothing gets through. */
  readonly cut: Set<string>;
}

/**
 * Places of a network that loses, delays, reorders and repeats, and tells nobody who is gone: as between machines. The shard that is
 * started in place of a lost one has the same node name.
 */
export function lossyAdapter(random: SeededRandom, weather: Weather): PubSubAdapterFactory {
  return (place) => {
    const { runtime } = place.self;
    const shards = shardsAdapter({ ...place, lost: () => {} });
    const send = (to: number, topic: string, message: unknown, how: Dispatcher): void => {
      const nodeName = shards.nodeNameOf!(to);
      if (nodeName === undefined || place.self.signal.aborted) return;
      if (weather.cut.has(`${runtime.place} ${to}`) || random.below(100) < weather.lossPercent) return;
      const times = random.below(100) < weather.repeatPercent ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        runtime.clock.setTimer(random.below(weather.delayMsMax + 1), () =>
          shards.directBroadcast(nodeName, topic, message, how),
        );
      }
    };
    return {
      nodeName: `node ${runtime.place}`,
      broadcast: (topic, _from, message, how) => {
        for (let to = 0; to < 3; to += 1) if (to !== runtime.place) send(to, topic, message, how);
      },
      directBroadcast: (nodeName, topic, message, how) =>
        send(Number(nodeName.slice("node ".length)), topic, message, how),
    };
  };
}
