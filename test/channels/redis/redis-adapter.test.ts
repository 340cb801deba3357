import { afterAll, beforeAll, describe } from "vitest";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import { pubsubConformance, pubsubPlacesConformance } from "../pubsub/conformance.ts";
import { startNodes, startShardedNodes } from "./redis-places.ts";

describe.skipIf(!hasRedis)("with a real Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  pubsubConformance("for Redis", () => startNodes(redis, 1));
  pubsubPlacesConformance("for Redis", () => startNodes(redis, 3));
  pubsubConformance("for Redis, on nodes of several shards", () => startShardedNodes(redis, 2, 2, 1));
  pubsubPlacesConformance("for Redis, on nodes of several shards", () => startShardedNodes(redis, 2, 2, 5));
});
