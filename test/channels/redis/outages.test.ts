import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PLACES_TOPIC, PlaceLost } from "../../../channels/pubsub/place-lost.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { redisAdapter } from "../../../channels/redis/redis-adapter.ts";
import { redisConnectionChanged } from "../../../channels/telemetry.ts";
import {
  attachTelemetry,
  detachTelemetry,
  type Logger,
  Runtime,
  silentLogger,
} from "../../../runtime/index.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { hasRedis, type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { Place } from "../pubsub/conformance.ts";
import { listen, type Listener } from "../pubsub/listener.ts";
import { NAME, startNode, startShardedNodes, stopNodes, until } from "./redis-places.ts";

/** Soon enough for a test, and late enough for a busy machine. */
const SOON = { heartbeatMs: 50, timeoutMs: 1_000 };

function broadcast({ runtime, name }: Place, message: unknown): void {
  PubSub.broadcast(runtime, name, "t", message);
}

function stateIs({ runtime, name }: Place, state: string): Promise<void> {
  return until(() => PubSub.state(runtime, name) === state, `the PubSub is ${state}`);
}

function loggingTo(lines: string[]): Logger {
  const log =
    (level: string) =>
    (fields: object, message: string): void => {
      if ("user" in fields) lines.push(`${level}: ${message.replaceAll(/ at .*/g, "")}`);
    };
  return { ...silentLogger, info: log("info"), warn: log("warn"), error: log("error") };
}

describe.skipIf(!hasRedis)("redisAdapter, with a real Redis", () => {
  let redis: RedisServer;
  let places: Place[];
  beforeEach(async () => {
    redis = await startRedis();
    places = [];
  });
  afterEach(async () => {
    await stopNodes(places);
    await redis[Symbol.asyncDispose]();
  });

  async function start(node: string, options: Parameters<typeof startNode>[2] = SOON): Promise<Place> {
    const place = await startNode(redis, node, options);
    places.push(place);
    return place;
  }

  async function startTwo(options = SOON): Promise<[Place, Place, Listener, Listener]> {
    const [a, b] = [await start("a", options), await start("b", options)];
    return [a, b, await listen(a.runtime, NAME, "t"), await listen(b.runtime, NAME, "t")];
  }

  function has({ got }: Listener, message: unknown): Promise<void> {
    return until(() => got.includes(message), `${String(message)} has come`);
  }

  test("without Redis local delivery goes on; what was broadcast meanwhile is not told to others later", async () => {
    const [a, b, atA, atB] = await startTwo();
    expect(PubSub.state(a.runtime, NAME)).toBe("up");
    await redis.kill();
    await stateIs(a, "down");
    await stateIs(b, "down");
    broadcast(a, "meanwhile");
    await has(atA, "meanwhile");
    await redis.restart();
    await stateIs(a, "up");
    await stateIs(b, "up");
    broadcast(a, "again");
    await has(atB, "again");
    expect([atA.got, atB.got]).toEqual([["meanwhile", "again"], ["again"]]);
  });

  test("a change is reported once, whatever is broadcast meanwhile, with how much was dropped", async () => {
    const [lines, events] = [[] as string[], [] as unknown[]];
    attachTelemetry("outages", [redisConnectionChanged], ({ dropped }, { user, state }) =>
      events.push([user, state, dropped]),
    );
    try {
      const a = await start("a", { ...SOON, logger: loggingTo(lines) });
      await redis.kill();
      await stateIs(a, "down");
      for (let sent = 0; sent < 100; sent += 1) broadcast(a, sent);
      await redis.restart();
      await stateIs(a, "up");
      expect(events).toEqual([
        [`PubSub ${NAME}`, "up", 0],
        [`PubSub ${NAME}`, "down", 0],
        [`PubSub ${NAME}`, "up", 100],
      ]);
      expect(lines).toEqual([
        `error: PubSub ${NAME} is cut off from Redis`,
        `warn: PubSub ${NAME} is connected with Redis`,
      ]);
    } finally {
      detachTelemetry("outages");
    }
  });

  test("a connection that is cut is made anew", async () => {
    const [a, , , atB] = await startTwo();
    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    let sent = 0;
    await until(() => {
      broadcast(a, (sent += 1));
      return atB.got.length > 0;
    }, "something comes again");
    expect(atB.got).toEqual(atB.got.toSorted((one, other) => Number(one) - Number(other)));
  });

  test("a Redis that is slow gets all in order that may wait; the rest is dropped, and no memory held", async () => {
    const [a, , atA, atB] = await startTwo({ heartbeatMs: 1_000, timeoutMs: 60_000 });
    const big = "x".repeat(100_000);
    redis.pause();
    for (let sent = 0; sent < 1_000; sent += 1) broadcast(a, `${sent} ${big}`);
    expect(PubSub.state(a.runtime, NAME)).toBe("behind");
    await until(() => atA.got.length === 1_000, "all have come here");
    redis.resume();
    await stateIs(a, "up");
    broadcast(a, "again");
    await has(atB, "again");
    const numbers = atB.got.slice(0, -1).map((text) => Number.parseInt(String(text), 10));
    expect(numbers).toEqual(Array.from(numbers, (_, index) => index));
    expect(numbers.length).toBeGreaterThan(50);
    expect(numbers.length).toBeLessThan(100);
  });

  test("a Redis that says nothing for too long is one that is gone, until it speaks again", async () => {
    const [a, b, , atB] = await startTwo();
    redis.pause();
    await stateIs(a, "down");
    await stateIs(b, "down");
    redis.resume();
    await stateIs(a, "up");
    await stateIs(b, "up");
    broadcast(a, "again");
    await has(atB, "again");
  });

  test("a PubSub starts without Redis, and finds it later", async () => {
    await redis.kill();
    const [a, b, , atB] = await startTwo();
    expect(PubSub.state(a.runtime, NAME)).toBe("down");
    await redis.restart();
    await stateIs(a, "up");
    await stateIs(b, "up");
    broadcast(a, "found");
    await has(atB, "found");
  });

  test("a PubSub that was killed is connected again by its successor, under the same name", async () => {
    const [b, atB] = [await start("b"), [] as unknown[]];
    const runtime = await Runtime.start({ logger: silentLogger });
    const adapter = redisAdapter({ url: redis.url, node: "a", ...SOON });
    const children = [{ id: "pubsub", start: [PubSub, { adapter }] as const, name: NAME }];
    await runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "tree" });
    const a = { runtime, name: NAME };
    b.runtime.spawn(async (self) => {
      PubSub.subscribe(self, NAME, "t");
      for (;;) atB.push(await self.receive());
    });
    const killed = runtime.whereis(NAME);
    runtime.exit(NAME, "kill");
    await until(() => runtime.whereis(NAME) !== undefined && runtime.whereis(NAME) !== killed, "a successor");
    await until(() => {
      broadcast(a, "again");
      return atB.length > 0;
    }, "something comes again");
    await runtime.stop("tree");
    await runtime.shutdown();
  });

  test("a name that another node has is refused, and free when that node has stopped", async () => {
    const a = await start("a");
    await expect(start("a")).rejects.toMatchObject({ reason: { code: "ROOKERY_NODE_NAME_TAKEN" } });
    await a.runtime.stop(NAME);
    await start("a");
  });

  test("a node without a name, and options that can't be used, are refused; no password is shown", async () => {
    const runtime = await Runtime.start({ logger: silentLogger });
    const unnamed = runtime.start(PubSub, { adapter: redisAdapter({ url: redis.url }) }, { name: NAME });
    await expect(unnamed).rejects.toMatchObject({ reason: { code: "ROOKERY_NODE_UNNAMED" } });
    await runtime.shutdown();
    const wrong = [
      { url: "https://:secret@host" },
      { url: "secret" },
      { url: "redis://:secret@host/name" },
      { url: redis.url, node: "a/b" },
      { url: redis.url, heartbeatMs: 0 },
      { url: redis.url, heartbeatMs: 100, timeoutMs: 150 },
      { url: redis.url, prefix: "" },
      { url: redis.url, unsentBytesMax: -1 },
    ];
    for (const options of wrong) {
      const refused = expect.objectContaining({
        code: "ROOKERY_REDIS_OPTION",
        message: expect.not.stringContaining("secret"),
      });
      expect(() => redisAdapter(options)).toThrow(refused);
    }
    expect(() => redisAdapter({ url: redis.url, uri: "" } as never)).toThrow("uri");
  });

  test("what can't be copied is refused, with Redis and without it, and reaches nobody", async () => {
    const [a, , atA] = await startTwo();
    const refused = expect.objectContaining({
      code: "ROOKERY_NOT_COPYABLE",
      message: expect.stringContaining("message.callback"),
    });
    expect(() => broadcast(a, { callback: () => {} })).toThrow(refused);
    await redis.kill();
    await stateIs(a, "down");
    expect(() => broadcast(a, { callback: () => {} })).toThrow(refused);
    broadcast(a, "last");
    await has(atA, "last");
    expect(atA.got).toEqual(["last"]);
  });

  test("a broadcast goes to Redis once, and from there to each node once, however many shards they have", async () => {
    const nodes = await startShardedNodes(redis, 2, 3, 1);
    const calls = (): number =>
      Number(/cmdstat_publish:calls=(\d+)/.exec(redis.command("INFO", "commandstats"))?.[1]);
    const listeners = await Promise.all(nodes.places.map(({ runtime, name }) => listen(runtime, name, "t")));
    await nodes.settle();
    const before = calls();
    for (const place of nodes.places) broadcast(place, "hello");
    await until(() => listeners.every(({ got }) => got.length === nodes.places.length), "all have heard all");
    expect(calls() - before).toBe(nodes.places.length);
    expect(redis.command("PUBSUB", "NUMSUB", `rookery:pubsub:${NAME}`).split("\n").at(-1)).toBe("2");
    await nodes.stop();
  });

  test("a shard that is gone is gone for all shards of all nodes", async () => {
    const nodes = await startShardedNodes(redis, 2, 2, 7);
    const [a, lost, ...others] = nodes.places as [Place, Place, Place, Place];
    const nodeName = PubSub.nodeName(lost.runtime, NAME);
    expect(nodeName).toBe("node-0/1");
    const listeners = await Promise.all(
      [a, ...others].map(({ runtime, name }) => listen(runtime, name, PLACES_TOPIC)),
    );
    nodes.lose(0, 1);
    for (const { got } of listeners)
      await until(
        () => got.some((it) => it instanceof PlaceLost && it.nodeName === nodeName),
        "all have heard",
      );
    for (const { runtime } of [a, ...others])
      expect(PubSub.adapter(runtime, NAME)!.isGone!(nodeName)).toBe(true);
    expect(PubSub.adapter(a.runtime, NAME)!.isGone!("node-1/0")).toBe(false);
    await nodes.stop();
  });

  test("a node that begins anew under its name is there again, with all its shards", async () => {
    const [nodes, b] = [await startShardedNodes(redis, 1, 2, 3), await start("b")];
    const isGone = (): boolean => PubSub.adapter(b.runtime, NAME)!.isGone!("node-0/1");
    nodes.lose(0, 1);
    await until(isGone, "the shard is gone");
    await nodes.stop();
    await start("node-0");
    await until(() => !isGone(), "the shard may be there again");
  });

  test("a PubSub stops in time though Redis says nothing", async () => {
    const a = await start("a");
    redis.pause();
    broadcast(a, "never acknowledged");
    await a.runtime.stop(NAME);
    expect(a.runtime.whereis(NAME)).toBeUndefined();
  });

  test("nodes with another prefix know nothing of each other", async () => {
    const prefixes = ["one", "one", "other", "other"];
    for (const [index, prefix] of prefixes.entries()) await start(`node-${index}`, { ...SOON, prefix });
    const listeners = await Promise.all(places.map(({ runtime }) => listen(runtime, NAME, "t")));
    broadcast(places[0]!, "one");
    broadcast(places[2]!, "other");
    for (const [index, prefix] of prefixes.entries()) await has(listeners[index]!, prefix);
    expect(listeners.map(({ got }) => got)).toEqual(prefixes.map((prefix) => [prefix]));
  });
});
