import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { simulate } from "../../../runtime/testing.ts";
import { type Places, tellingDispatcher } from "./conformance.ts";

const NAME = "test.pubsub";

/** A PubSub on each of three shards, which run by themselves, in an order that the seed decides. */
export async function startOnShards(seed: number): Promise<Places> {
  const simulation = await simulate({ seed, shards: 3 });
  let running = true;
  const run = (): void => {
    if (running) void simulation.settle().then(() => setImmediate(run));
  };
  run();
  for (const runtime of simulation.runtimes) {
    const options = { dispatchers: { telling: tellingDispatcher } };
    await runtime.start(PubSub, options, { name: NAME, nameScope: "shard" });
  }
  return {
    places: simulation.runtimes.map((runtime) => ({ runtime, name: NAME })),
    settle: () => simulation.settle(),
    stop: async () => {
      running = false;
      await simulation[Symbol.asyncDispose]();
    },
  };
}
