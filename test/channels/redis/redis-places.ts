import { setImmediate } from "node:timers/promises";
import { expect, vi } from "vitest";
import { redisAdapter } from "../../../channels/redis/redis-adapter.ts";
import type { RedisOptions } from "../../../channels/redis/redis-options.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { type Logger, Runtime, silentLogger } from "../../../runtime/index.ts";
import { settle, simulate } from "../../../runtime/testing.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { type Place, type Places, tellingDispatcher } from "../pubsub/conformance.ts";
import { listen } from "../pubsub/listener.ts";

export const NAME = "test.pubsub";

interface NodeOptions extends Partial<RedisOptions> {
  readonly logger?: Logger;
}

/** Resolves when `condition` holds. */
export function until(condition: () => boolean, what: string): Promise<void> {
  return vi.waitFor(() => expect(condition(), what).toBe(true), { timeout: 200_000, interval: 5 });
}

/** A PubSub on a node of that name. */
export async function startNode(
  redis: RedisServer,
  node: string,
  { logger = silentLogger, ...options }: NodeOptions = {},
): Promise<Place> {
  const runtime = await Runtime.start({ logger });
  const adapter = redisAdapter({ url: redis.url, node, ...options });
  await runtime.start(PubSub, { adapter, dispatchers: { telling: tellingDispatcher } }, { name: NAME });
  return { runtime, name: NAME };
}

/** Resolves when everything that was broadcast from any place before has arrived at all of them. */
async function settlePlaces(places: readonly Place[], round: number): Promise<void> {
  const topic = `\0settle ${round}`;
  const listeners = await Promise.all(places.map(({ runtime, name }) => listen(runtime, name, topic)));
  for (const { runtime, name } of places) PubSub.broadcast(runtime, name, topic, "settled");
  await until(() => listeners.every(({ got }) => got.length === places.length), "all places have heard");
  for (const [index, { pid }] of listeners.entries()) places[index]!.runtime.exit(pid, "kill");
}

/** So many nodes of one shard. */
export async function startNodes(redis: RedisServer, count: number): Promise<Places> {
  const nodes = Array.from({ length: count }, (_, index) => startNode(redis, `node-${index}`));
  const places = await Promise.all(nodes);
  let round = 0;
  return {
    places,
    settle: async () => {
      await settlePlaces(places, (round += 1));
      for (const { runtime } of places) await settle(runtime);
    },
    stop: () => stopNodes(places),
  };
}

export async function stopNodes(places: readonly Place[]): Promise<void> {
  await Promise.all(
    places.map(async ({ runtime, name }) => {
      if (runtime.whereis(name) !== undefined) await runtime.stop(name);
      await runtime.shutdown();
    }),
  );
}

export interface ShardedNodes extends Places {
  /** That shard of that node is gone. */
  lose(node: number, shard: number): void;
}

/** So many nodes of so many shards, which run by themselves, in an order that the seed decides. */
export async function startShardedNodes(
  redis: RedisServer,
  nodes: number,
  shards: number,
  seed: number,
): Promise<ShardedNodes> {
  const places: Place[] = [];
  const lost = new Set<Runtime>();
  const simulations = await Promise.all(
    Array.from({ length: nodes }, (_, index) =>
      simulate({ seed: seed + index, shards, logger: silentLogger }),
    ),
  );
  let running = true;
  const run = async (): Promise<void> => {
    while (running) {
      for (const simulation of simulations) await simulation.settle();
      await setImmediate();
    }
  };
  const ran = run();
  for (const [index, { runtimes }] of simulations.entries())
    for (const runtime of runtimes) {
      const adapter = redisAdapter({ url: redis.url, node: `node-${index}` });
      const options = { adapter, dispatchers: { telling: tellingDispatcher } };
      await runtime.start(PubSub, options, { name: NAME, nameScope: "shard" });
      places.push({ runtime, name: NAME });
    }
  let round = 0;
  return {
    places,
    lose: (node, shard) => {
      simulations[node]!.loseShard(shard);
      lost.add(simulations[node]!.runtimes[shard]!);
    },
    settle: async () => {
      await settlePlaces(places, (round += 1));
      for (const simulation of simulations) await simulation.settle();
    },
    stop: async () => {
      const living = places.filter(({ runtime }) => !lost.has(runtime));
      await Promise.all(living.map(({ runtime, name }) => runtime.stop(name)));
      running = false;
      await ran;
      for (const simulation of simulations) await simulation[Symbol.asyncDispose]();
    },
  };
}
