import { describe, expect, test } from "vitest";
import { broadcastTo, listSockets } from "../../../channels/index.ts";
import { slowReader, socketCut, sockets } from "../../../channels/testing.ts";
import type { SlowConsumer } from "../../../channels/transport/backlog.ts";
import {
  assertionsOf,
  chaos,
  crash,
  eventually,
  exit,
  type Fault,
  flood,
  kill,
  type Target,
} from "../../../supervisors/testing.ts";
import { PUBSUB } from "../test-connection.ts";
import { TestServer, TestSocket } from "../websocket-server.ts";

const TOPIC = "room:plain";
/** Whatever is to be so may take this long: only a machine on which nothing goes on needs it. */
const LONG = { within: 120_000 };

async function joined(server: TestServer): Promise<TestSocket> {
  const client = await TestSocket.open(server.url());
  await client.ask(["1", "1", TOPIC, "phx_join", {}]);
  return client;
}

/** Inflicts the fault some times, and answers how often. */
async function inflict(server: TestServer, fault: Fault, target: Target = sockets()): Promise<number> {
  const options = { seed: 1, durationMs: 30, rateHz: 200, targets: [target], faults: [fault] };
  return (await chaos(server.runtime, options)).script.length;
}

describe("a socket that is cut", () => {
  test("closes without a word, and leaves nothing behind", async () => {
    await using server = await TestServer.start();
    const system = await assertionsOf(server.runtime);
    const client = await joined(server);
    expect(await inflict(server, socketCut())).toBeGreaterThan(0);
    expect(await client.closed()).toBe(1006);
    await eventually(server.runtime, () => listSockets(server.runtime).length === 0, LONG);
    await system.assertNoOrphans(LONG);
    await system.assertTreeShape("test", undefined, LONG);
  });

  test("is one of the definitions that are named, and nobody but a socket", async () => {
    await using server = await TestServer.start();
    const client = await joined(server);
    const { socket } = listSockets(server.runtime)[0]!;
    expect(await inflict(server, socketCut(), sockets("another socket"))).toBe(0);
    expect(await inflict(server, socketCut(), ({ name }) => name === PUBSUB)).toBe(0);
    expect(await client.ask(["1", "2", TOPIC, "status", {}])).toBeDefined();
    expect(await inflict(server, socketCut(), sockets(socket))).toBeGreaterThan(0);
    expect(await client.closed()).toBe(1006);
  });
});

describe("a client that is made a slow reader", () => {
  const start = (slowConsumer: SlowConsumer) => TestServer.start({ slowConsumer, maxBufferedSize: 100_000 });

  const flood = (server: TestServer): void => {
    for (let n = 0; n < 50; n += 1)
      broadcastTo(server.runtime, PUBSUB, TOPIC, "tick", { n, text: "x".repeat(10_000) });
  };

  test("gets what waited once its time is over", async () => {
    await using server = await start("disconnect");
    const client = await joined(server);
    expect(await inflict(server, slowReader(1_000))).toBeGreaterThan(0);
    broadcastTo(server.runtime, PUBSUB, TOPIC, "tick", { n: 1 });
    await eventually(server.runtime, () => server.unreadBytes > 0, LONG);
    expect(await client.next()).toMatchObject([null, null, TOPIC, "tick", { n: 1 }]);
  });

  test("is disconnected if that is the policy and too much waits", async () => {
    await using server = await start("disconnect");
    const client = await joined(server);
    await inflict(server, slowReader(1_000));
    flood(server);
    await eventually(server.runtime, () => listSockets(server.runtime).length === 0, LONG);
    await client.closed();
  });

  test("misses the oldest events if that is the policy, and stays", async () => {
    await using server = await start("drop_oldest");
    const client = await joined(server);
    await inflict(server, slowReader(1_000));
    flood(server);
    const seen: number[] = [];
    while (seen.at(-1) !== 49) {
      const [, , , , { n }] = (await client.next()) as [null, null, string, string, { n: number }];
      seen.push(n);
    }
    expect(seen.length).toBeLessThan(50);
    expect(await client.ask(["1", "2", TOPIC, "status", {}])).toBeDefined();
  });
});

test("a server whose connections come to all kinds of harm takes new clients, and leaves nothing of the old ones", async () => {
  await using server = await TestServer.start();
  const { runtime } = server;
  const system = await assertionsOf(runtime);
  const clients = await Promise.all(Array.from({ length: 20 }, () => joined(server)));
  let sent = 0;
  await chaos(runtime, {
    seed: 7,
    durationMs: 500,
    rateHz: 100,
    targets: [sockets()],
    faults: [kill(), crash(), exit("shutdown"), flood(10), socketCut(), slowReader(20)],
    invariants: {
      "broadcasts go on": () => {
        broadcastTo(runtime, PUBSUB, TOPIC, "tick", { n: (sent += 1) });
        return runtime.whereis(PUBSUB) !== undefined;
      },
    },
  });
  const late = await joined(server);
  expect(await late.ask(["1", "2", TOPIC, "status", {}])).toBeDefined();
  for (const { websocket } of [...clients, late]) websocket.terminate();
  await eventually(runtime, () => listSockets(runtime).length === 0, LONG);
  await system.assertTreeShape("test", undefined, LONG);
  await system.assertNoOrphans(LONG);
  await system.assertMailboxesDrain(LONG);
});
