import { randomBytes } from "node:crypto";
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import {
  broadcastTo,
  listChannels,
  listSockets,
  type SlowConsumer,
  type Socket,
} from "../../../channels/index.ts";
import {
  type DroppedFrames,
  slowConsumerDisconnected,
  slowConsumerDropped,
} from "../../../channels/telemetry.ts";
import type { WebSocketOptions } from "../../../channels/transport/websocket-options.ts";
import { attachTelemetry, detachTelemetry, sys } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { collectGarbage, collectUntil } from "../../runtime/shards/collect-garbage.ts";
import { terminations } from "../room-channel.ts";
import { PUBSUB, type TestLogger } from "../test-connection.ts";
import { TestServer, TestSocket } from "../websocket-server.ts";

const MIB = 1_024 * 1_024;
const TOPIC = "room:plain";
/** Large frames that can't be compressed, so that what the system itself keeps of a socket is soon full. */
const TEXT = randomBytes(150_000).toString("base64");

let dropped = 0;
let disconnected: number[] = [];

beforeEach(() => {
  terminations.length = 0;
  dropped = 0;
  disconnected = [];
  attachTelemetry("dropped", [slowConsumerDropped], ({ count }: DroppedFrames) => (dropped += count));
  attachTelemetry("disconnected", [slowConsumerDisconnected], ({ bufferedBytes }) =>
    disconnected.push(bufferedBytes),
  );
});

afterEach(() => {
  detachTelemetry("dropped");
  detachTelemetry("disconnected");
});

async function joined(server: TestServer, compress = false): Promise<TestSocket> {
  const client = await TestSocket.open(server.url(), { compress });
  await client.ask(["1", "1", TOPIC, "phx_join", {}]);
  return client;
}

interface Tick {
  readonly n: number;
  readonly user: string;
}

/** Broadcasts `count` ticks, the next when the quick client has got the last, which is to get all of them. */
async function tick(server: TestServer, quick: TestSocket, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    broadcastTo(server.runtime, PUBSUB, TOPIC, "tick", { n, user: `user ${n % 3}`, text: TEXT });
    const [, , , event, payload] = (await quick.next()) as [null, null, string, string, Tick];
    assert.deepEqual([event, payload.n], ["tick", n]);
  }
}

/** The ticks that a client gets up to, and without, the answer to a last push. */
async function ticks(client: TestSocket): Promise<Tick[]> {
  client.send(["1", "last", TOPIC, "status", {}]);
  const seen: Tick[] = [];
  for (;;) {
    const [, ref, , event, payload] = (await client.next()) as [string, string, string, string, Tick];
    if (ref === "last") return seen;
    if (event === "tick") seen.push(payload);
  }
}

function memoryBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const policies: readonly SlowConsumer[] = [
  "drop_oldest",
  "drop_newest",
  { conflate: (event, _, payload) => (event === "tick" ? (payload as Tick).user : undefined) },
];

for (const slowConsumer of policies) {
  const name = typeof slowConsumer === "string" ? slowConsumer : "conflate";
  for (const compress of name === "drop_oldest" ? [false, true] : [false]) {
    describe(`${name}${compress ? ", with compression" : ""}`, () => {
      test("holds no more than the limit for a client that stops reading, and the others get everything", async () => {
        const options: WebSocketOptions = { maxBufferedSize: MIB, slowConsumer, compress };
        await using server = await TestServer.start(options);
        const [quick, slow] = [await joined(server, compress), await joined(server, compress)];
        slow.websocket.pause();
        // What is sent to it before something waits is in the system's own buffers.
        while (dropped === 0) await tick(server, quick, 10);
        const before = memoryBytes();
        await tick(server, quick, 90);
        await collectUntil(() => memoryBytes() - before < 8 * MIB);
        assert.isBelow(server.unreadBytes, 2 * MIB);
        assert.isAtLeast(dropped, 60);
        slow.websocket.resume();
        const seen = (await ticks(slow)).map(({ n }) => n);
        if (name === "drop_oldest") assert.equal(seen.at(-1), 89);
        if (name === "conflate") assert.includeMembers(seen, [87, 88, 89]);
        // All of them come again once it reads.
        const again = ticks(slow);
        await tick(server, quick, 20);
        assert.deepEqual(
          (await again).concat(await ticks(slow)).map(({ n }) => n),
          Array.from({ length: 20 }, (_, n) => n),
        );
        assert.include(
          (server.runtime.logger as TestLogger).lines,
          "warn A client is too slow in reading and misses events",
        );
        assert.deepEqual(disconnected, []);
        quick.websocket.terminate();
        slow.websocket.terminate();
      });
    });
  }
}

describe("drop_oldest", () => {
  test("lets a channel see how much its client has not read", async () => {
    await using server = await TestServer.start({ maxBufferedSize: MIB, slowConsumer: "drop_oldest" });
    const { runtime } = server;
    const [quick, slow] = [await joined(server), await joined(server)];
    const sockets = await Promise.all(
      listSockets(runtime).map(async ({ pid }) => {
        const [channel] = await listChannels(runtime, pid);
        return (await sys.getState(runtime, channel!.pid)) as Socket;
      }),
    );
    const unread = (): number[] => sockets.map((socket) => socket.unreadBytes);
    assert.deepEqual(unread(), [0, 0]);
    slow.websocket.pause();
    while (dropped === 0) await tick(server, quick, 10);
    const [little, much] = unread() as [number, number];
    assert.isBelow(little, TEXT.length * 2);
    assert.isAbove(much, MIB / 2);
    assert.isBelow(much, 2 * MIB);
    slow.websocket.resume();
    await ticks(slow);
    await expect.poll(unread).toEqual([0, 0]);
    quick.websocket.terminate();
    slow.websocket.terminate();
  });

  test("answers every push of a client that doesn't read, as soon as it does", async () => {
    await using server = await TestServer.start({ maxBufferedSize: MIB, slowConsumer: "drop_oldest" });
    const [quick, slow] = [await joined(server), await joined(server)];
    slow.websocket.pause();
    while (dropped === 0) await tick(server, quick, 10);
    for (let ref = 0; ref < 50; ref += 1)
      slow.send(["1", String(ref), TOPIC, "echo", { text: "y".repeat(1_000) }]);
    await tick(server, quick, 20);
    slow.websocket.resume();
    const replies: string[] = [];
    while (replies.length < 50) {
      const [, ref, , event] = (await slow.next()) as string[];
      if (event === "phx_reply") replies.push(ref!);
    }
    assert.deepEqual(
      replies,
      Array.from({ length: 50 }, (_, ref) => String(ref)),
    );
    quick.websocket.terminate();
    slow.websocket.terminate();
  });

  test("disconnects a client that leaves more answers unread than the limit", async () => {
    await using server = await TestServer.start({ maxBufferedSize: MIB, slowConsumer: "drop_oldest" });
    const slow = await joined(server);
    slow.websocket.pause();
    const text = "y".repeat(100_000);
    await expect
      .poll(() => {
        for (let n = 0; n < 10; n += 1) slow.send(["1", "2", TOPIC, "echo", { text }]);
        return terminations.at(-1)?.reason;
      })
      .toEqual(["shutdown", "slow_consumer"]);
    assert.equal(dropped, 0);
    assert.equal(disconnected.length, 1);
    slow.websocket.terminate();
  });
});

describe("disconnect", () => {
  test("lets go of a client at last that does not read on", async () => {
    const clock = new VirtualClock();
    await using server = await TestServer.start({ maxBufferedSize: MIB }, undefined, {}, { clock });
    const [quick, slow] = [await joined(server), await joined(server)];
    slow.websocket.pause();
    while (disconnected.length === 0) await tick(server, quick, 10);
    clock.advance(4_999);
    await tick(server, quick, 1);
    assert.equal(server.openConnections, 2);
    clock.advance(1);
    await expect.poll(() => server.openConnections).toBe(1);
    quick.websocket.terminate();
    slow.websocket.terminate();
  });

  test("closes a client that leaves more unread than the limit with 1013, behind what it has not read yet", async () => {
    await using server = await TestServer.start({ maxBufferedSize: MIB });
    const [quick, slow] = [await joined(server), await joined(server)];
    slow.websocket.pause();
    while (disconnected.length === 0) await tick(server, quick, 10);
    await expect
      .poll(() => terminations)
      .toEqual([{ topic: TOPIC, reason: ["shutdown", "slow_consumer"], joined: true }]);
    assert.isAbove(disconnected[0]!, MIB);
    assert.isBelow(disconnected[0]!, 2 * MIB);
    slow.websocket.resume();
    assert.equal(await slow.closed(), 1013);
    await tick(server, quick, 10);
    assert.equal(disconnected.length, 1);
    quick.websocket.terminate();
  });
});
