import type { PubSubAdapter, PubSubPlace } from "../../../channels/pubsub/adapter.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { Runtime } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { type Places, pubsubConformance, pubsubPlacesConformance } from "./conformance.ts";

/** The smallest adapter that connects places: all on one thread, told by direct calls. Shows that the contract suffices. */
class Wire {
  readonly #places = new Map<string, PubSubPlace>();

  connect(place: PubSubPlace, nodeName: string): PubSubAdapter {
    this.#places.set(nodeName, place);
    place.self.signal.addEventListener("abort", () => this.#places.delete(nodeName));
    return {
      nodeName,
      broadcast: (topic, from, message, dispatcher) => {
        for (const other of this.#places.values())
          if (other !== place) other.deliver(topic, from, message, dispatcher);
      },
      directBroadcast: (to, topic, message, dispatcher) => {
        this.#places.get(to)?.deliver(topic, undefined, message, dispatcher);
      },
    };
  }
}

async function startThree(): Promise<Places> {
  const wire = new Wire();
  const runtimes = await Promise.all([Runtime.start(), Runtime.start(), Runtime.start()]);
  const places = runtimes.map((runtime) => ({ runtime, name: "test.pubsub" }));
  for (const [index, { runtime, name }] of places.entries()) {
    await runtime.start(PubSub, { adapter: (place) => wire.connect(place, `node${index}`) }, { name });
  }
  return {
    places,
    settle: async () => {
      for (const runtime of runtimes) await settle(runtime);
    },
    stop: async () => {
      await Promise.all(runtimes.map((runtime) => runtime.shutdown()));
    },
  };
}

pubsubConformance("on one wire", startThree);
pubsubPlacesConformance("on one wire", startThree);
