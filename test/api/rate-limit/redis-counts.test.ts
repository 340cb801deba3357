import assert from "node:assert/strict";
import type { FastifyInstance } from "fastify";
import { describe, onTestFinished, test } from "vitest";
import { rateLimit } from "../../../api/plugs/rate-limit.ts";
import type { Scope } from "../../../api/router/scope.ts";
import type { RateLimitOptions } from "../../../api/rate-limit/rate-limit-options.ts";
import { redisConnectionChanged } from "../../../channels/index.ts";
import { attachTelemetry, detachTelemetry } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import { endpointApp } from "../endpoint/endpoint-app.ts";

/** The longest that a connection waits before it tries again. */
const RECONNECT_MS_MAX = 2_000;

async function redisServer(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  return redis;
}

interface Node {
  readonly app: FastifyInstance;
  /** However busy the machine is, Redis is late only when this says so. */
  readonly clock: VirtualClock;
}

/** One node, or one shard of it. */
async function node(url: string, more: Partial<RateLimitOptions> = {}): Promise<Node> {
  const clock = new VirtualClock();
  const declare = (route: Scope): void => {
    const through = rateLimit({ max: 2, windowMs: 600_000, redis: { url }, name: "api", ...more });
    route.get("/", { show: () => ({ ok: true }) }, "show", { through });
  };
  return { app: await endpointApp(declare, {}, clock), clock };
}

async function statusOf({ app }: Node): Promise<number> {
  return (await app.inject("/")).statusCode;
}

/** Resolves when as many connections of rate limits as given have become `state`. */
function connections(state: "up" | "down", count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const handlerId = `redis counts ${state}`;
    attachTelemetry(handlerId, [redisConnectionChanged], (_measurements, changed) => {
      if (changed.state !== state || !changed.user.startsWith("rateLimit")) return;
      left -= 1;
      if (left > 0) return;
      detachTelemetry(handlerId);
      resolve();
    });
  });
}

describe.skipIf(!hasRedis)("rateLimit with Redis", () => {
  test("counts the requests of all nodes together", async () => {
    const { url } = await redisServer();
    const [one, other] = [await node(url), await node(url)];
    assert.deepEqual([await statusOf(one), await statusOf(other)], [200, 200]);
    assert.deepEqual([await statusOf(one), await statusOf(other)], [429, 429]);
  });

  test("tells when the window ends, which Redis forgets by itself", async () => {
    const redis = await redisServer();
    const one = await node(redis.url);
    const { headers } = await one.app.inject("/");
    assert.equal(headers["x-ratelimit-remaining"], "1");
    assert.equal(headers["x-ratelimit-reset"], "600");
    const [key, ...rest] = redis.command("KEYS", "*").split("\n");
    assert.deepEqual([key, rest], ["rookery:rate-limit:api:ip:127.0.0.1", []]);
    const ttlMs = Number(redis.command("PTTL", key!));
    assert.ok(ttlMs > 0 && ttlMs <= 600_000, `it ends in ${ttlMs} ms`);
    assert.deepEqual([await statusOf(one), await statusOf(one)], [200, 429]);
    redis.command("DEL", key!);
    assert.equal(await statusOf(one), 200);
  });

  test("gives a count without an end one", async () => {
    const redis = await redisServer();
    const one = await node(redis.url);
    const key = "rookery:rate-limit:api:ip:127.0.0.1";
    redis.command("SET", key, "5");
    const { statusCode, headers } = await one.app.inject("/");
    assert.deepEqual([statusCode, headers["retry-after"]], [429, "600"]);
    assert.ok(Number(redis.command("PTTL", key)) > 0);
  });

  test("counts limits of different names, and applications of different prefixes, for themselves", async () => {
    const { url } = await redisServer();
    const nodes = [
      await node(url, { max: 1 }),
      await node(url, { max: 1, name: "logins" }),
      await node(url, { max: 1, redis: { url, prefix: "another" } }),
    ];
    assert.deepEqual(await Promise.all(nodes.map(statusOf)), [200, 200, 200]);
    assert.deepEqual(await Promise.all(nodes.map(statusOf)), [429, 429, 429]);
  });

  test("lets each node count for itself while Redis is gone, and together again when it is back", async () => {
    const redis = await redisServer();
    const [one, other] = [await node(redis.url), await node(redis.url)];
    const down = connections("down", 2);
    await redis.kill();
    await down;
    assert.deepEqual([await statusOf(one), await statusOf(one), await statusOf(one)], [200, 200, 429]);
    assert.equal(await statusOf(other), 200);
    const up = connections("up", 2);
    await redis.restart();
    for (const { clock } of [one, other]) clock.advance(RECONNECT_MS_MAX);
    await up;
    assert.deepEqual([await statusOf(one), await statusOf(other)], [200, 200]);
    assert.equal(await statusOf(one), 429);
  });

  test("lets a node count for itself when Redis says nothing for half a second", async () => {
    const redis = await redisServer();
    const one = await node(redis.url);
    redis.pause();
    for (const expected of [200, 200, 429]) {
      const askedMs = one.clock.nowMs();
      let status = 0;
      void statusOf(one).then((answered) => (status = answered));
      while (status === 0) {
        one.clock.advance(50);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(status, expected);
      assert.ok(one.clock.nowMs() - askedMs < 1_000, "it has waited longer");
    }
    redis.resume();
  });

  test("starts without Redis", async () => {
    const one = await node("redis://127.0.0.1:1");
    assert.deepEqual([await statusOf(one), await statusOf(one), await statusOf(one)], [200, 200, 429]);
  });
});
