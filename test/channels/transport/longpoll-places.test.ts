import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import type { PubSubAdapterFactory, PubSubPlace } from "../../../channels/pubsub/adapter.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { redisAdapter } from "../../../channels/redis/redis-adapter.ts";
import { sessionsSupervisor, socketSupervisor } from "../../../channels/socket-supervisor.ts";
import { Runtime } from "../../../runtime/index.ts";
import { DynamicSupervisor, Supervisor } from "../../../supervisors/index.ts";
import { hasRedis, startRedis } from "../../support/redis-server.ts";
import { LongPollServer, PollingClient } from "../longpoll-server.ts";
import { PUBSUB, SOCKETS, TestLogger } from "../test-connection.ts";

/** Two nodes with an adapter that takes only what could be written down, as a network does. */

const places = new Map<string, PubSubPlace>();
const gone = new Set<string>();
/** What of which kind is lost on the way, once each. */
const losing = new Set<string>();

function networkAs(nodeName: string): PubSubAdapterFactory {
  return (place) => {
    places.set(nodeName, place);
    const take = (to: PubSubPlace | undefined, topic: string, message: unknown, dispatcher: string): void => {
      const copy: unknown = structuredClone(message);
      if (losing.delete((message as { readonly longpoll: string }).longpoll)) return;
      setImmediate(() => to?.deliver(topic, undefined, copy, to.dispatchers.named(dispatcher)));
    };
    return {
      nodeName,
      broadcast: (topic, _from, message, dispatcher) => {
        for (const [name, to] of places)
          if (name !== nodeName) take(to, topic, message, place.dispatchers.nameOf(dispatcher));
      },
      directBroadcast: (to, topic, message, dispatcher) =>
        take(places.get(to), topic, message, place.dispatchers.nameOf(dispatcher)),
      isGone: (name) => gone.has(name),
    };
  };
}

async function node(adapter: PubSubAdapterFactory): Promise<LongPollServer> {
  const runtime = await Runtime.start({ logger: new TestLogger() });
  const children = [
    { id: "pubsub", name: PUBSUB, start: [PubSub, { adapter }] } as const,
    socketSupervisor(SOCKETS, PUBSUB),
  ];
  await runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "test" });
  return LongPollServer.start({ runtime, options: { windowMs: 30_000, pubsubTimeoutMs: 500 } });
}

let home: LongPollServer;
let other: LongPollServer;

const heartbeat = (ref: string): unknown[] => [null, ref, "phoenix", "heartbeat", {}];
const reply = (ref: string): string => `[null,"${ref}","phoenix","phx_reply",{"response":{},"status":"ok"}]`;

async function sessionsOf({ runtime }: LongPollServer): Promise<number> {
  return (await DynamicSupervisor.countChildren(runtime, sessionsSupervisor(SOCKETS))).active;
}

describe("a session on another node", () => {
  beforeEach(async () => {
    [home, other] = [await node(networkAs("home")), await node(networkAs("other"))];
  });
  afterEach(async () => {
    for (const server of [home, other]) await server[Symbol.asyncDispose]();
    places.clear();
    gone.clear();
    losing.clear();
  });

  test("is polled, and posted to, where its client comes in", async () => {
    const client = await PollingClient.connected(home.port);
    assert.equal(
      await client.post(
        [heartbeat("1"), Uint8Array.of(0, 0, 1, 7, 9, ...Buffer.from("2phoenixheartbeat"))],
        other.port,
      ),
      200,
    );
    assert.deepEqual(await client.poll(other.port), {
      status: 200,
      messages: [reply("1"), reply("2")],
      token: client.token,
    });
    assert.deepEqual([await sessionsOf(home), await sessionsOf(other)], [1, 0]);
  });

  test("answers a poll that waits elsewhere", async () => {
    const client = await PollingClient.connected(home.port);
    const polled = client.poll(other.port);
    await client.post([heartbeat("1")]);
    assert.deepEqual((await polled).messages, [reply("1")]);
  });

  for (const lost of ["messages", "got"]) {
    test(`ends when "${lost}" is lost on the way, so that its client comes back and misses nothing unawares`, async () => {
      const client = await PollingClient.connected(home.port);
      losing.add(lost);
      const hungUp = new AbortController();
      const polled = client.poll(other.port, hungUp.signal).catch(() => {});
      await client.post([heartbeat("1")]);
      await expect.poll(() => losing.size).toBe(0);
      if (lost === "messages") hungUp.abort();
      await polled;
      await client.post([heartbeat("2")]);
      const { status, messages } = await client.poll(home.port);
      assert.deepEqual([status, messages], [410, []]);
      await expect.poll(() => sessionsOf(home)).toBe(1);
    });
  }

  test("goes on however often its client comes in elsewhere", async () => {
    const client = await PollingClient.connected(home.port);
    for (let n = 0; n < 10; n += 1) {
      await client.post([heartbeat(`${n}`)], n % 3 === 0 ? home.port : other.port);
      const { messages } = await client.poll(n % 2 === 0 ? other.port : home.port);
      assert.deepEqual(messages, [reply(`${n}`)]);
    }
  });

  test("that does not answer is taken for gone: 410, for a poll with a new session here", async () => {
    const client = await PollingClient.connected(home.port);
    places.delete("home");
    assert.equal(await client.post([heartbeat("1")], other.port), 410);
    const { status, token } = await client.poll(other.port);
    assert.equal(status, 410);
    assert.notEqual(token, client.token);
    assert.equal(await sessionsOf(other), 1);
  });

  test("is not waited for when its node is known to be gone", async () => {
    const client = await PollingClient.connected(home.port);
    const waits = client.poll(other.port);
    const again = client.poll(other.port);
    await expect.poll(() => PubSub.subscribers(other.runtime, PUBSUB, "\0places")).toHaveLength(2);
    gone.add("home");
    places.get("other")!.lost("home");
    for (const { status } of [await waits, await again]) assert.equal(status, 410);
    assert.equal((await client.poll(other.port)).status, 410);
  });
});

test.skipIf(!hasRedis)("over Redis, a session is served by both nodes", async () => {
  await using redis = await startRedis();
  await using one = await node(redisAdapter({ url: redis.url, node: "one" }));
  await using two = await node(redisAdapter({ url: redis.url, node: "two" }));
  for (const [here, there] of [
    [one, two],
    [two, one],
  ] as const) {
    const client = await PollingClient.connected(here.port);
    const waits = client.poll(there.port);
    assert.equal(await client.post([heartbeat("1")], there.port), 200);
    assert.deepEqual((await waits).messages, [reply("1")]);
    const push = Uint8Array.of(0, 0, 1, 7, 9, ...Buffer.from("2phoenixheartbeat"));
    assert.equal(await client.post([push, heartbeat("3")], there.port), 200);
    assert.deepEqual((await client.poll(here.port)).messages, [reply("2"), reply("3")]);
  }
});
