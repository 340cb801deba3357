import assert from "node:assert/strict";
import type { Channel, Socket } from "phoenix";
import { type Pid, Runtime, silentLogger, Supervisor } from "rookery";
import { endpointUrl } from "rookery/api";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestSocket } from "../channels/websocket-server.ts";
import { answer, connected, nextEvent } from "./phoenix-client.ts";
import { names } from "./wire/names.ts";
import type { ShardStats } from "./wire/shard-stats.ts";
import { wireTree } from "./wire/wire-tree.ts";

let runtime: Runtime;
let pid: Pid;
let url: string;
const sockets: Socket[] = [];

beforeAll(async () => {
  runtime = await Runtime.start({ logger: silentLogger, shards: 2, stallMs: 300 });
  const children = [wireTree({ port: 0 })];
  pid = await runtime.start(Supervisor, { strategy: "one_for_one", children });
  url = await endpointUrl(runtime, names.endpoint);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  while ((await stats()).total.sockets > 0);
});

afterAll(async () => {
  await runtime.stop(pid, "shutdown");
  await runtime.shutdown();
});

async function stats(): Promise<{ shards: ShardStats[]; total: ShardStats }> {
  return (await (await fetch(`${url}/api/v1/stats`)).json()) as { shards: ShardStats[]; total: ShardStats };
}

async function opened(userId: string): Promise<Socket> {
  const socket = await connected(`${url.replace("http", "ws")}/socket`, { user_id: userId });
  sockets.push(socket);
  return socket;
}

/** As many sockets as it takes until each shard has one. */
async function onBothShards(userId: string): Promise<Socket[]> {
  const all: Socket[] = [];
  do all.push(await opened(userId));
  while ((await stats()).shards.some(({ sockets: count }) => count === 0));
  return all;
}

async function joined(socket: Socket, topic: string): Promise<Channel> {
  const channel = socket.channel(topic);
  assert.equal((await answer(channel.join())).status, "ok");
  return channel;
}

describe("the wire server on two shards", () => {
  test("carries the bytes of realtime-js from shard to shard", async () => {
    const clients: TestSocket[] = [];
    do {
      const client = await TestSocket.open(`${url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`);
      await client.ask(["1", "1", "realtime:a", "phx_join", {}]);
      clients.push(client);
    } while ((await stats()).shards.some(({ sockets: count }) => count === 0));
    // kind, sizes of "1" "2" realtime:a e, no metadata, bytes
    clients[0]!.send(Buffer.from([3, 1, 1, 10, 1, 0, 0, ...Buffer.from("12realtime:ae"), 0xca, 0xfe]));
    const broadcast = Buffer.from([4, 10, 1, 0, 0, ...Buffer.from("realtime:ae"), 0xca, 0xfe]);
    for (const client of clients.slice(1)) assert.deepEqual(await client.next(), broadcast);
    for (const client of clients) client.websocket.terminate();
  });

  test("counts what each shard has, and all of them", async () => {
    const ada = await onBothShards("ada");
    for (const socket of ada) await joined(socket, "bench:1");
    const { shards, total } = await stats();
    assert.equal(shards.length, 2);
    for (const counted of ["sockets", "channels", "processes"] as const) {
      assert.ok(shards.every((shard) => shard[counted] > 0));
      assert.equal(total[counted], shards[0]![counted] + shards[1]![counted]);
    }
    assert.deepEqual([total.sockets, total.channels], [ada.length, ada.length]);
    assert.notEqual(shards[0]!.memory.heapUsedBytes, shards[1]!.memory.heapUsedBytes);
  });

  test("takes a broadcast of a channel, and one over HTTP, to everybody once", async () => {
    const channels: Channel[] = [];
    for (const socket of await onBothShards("ada")) channels.push(await joined(socket, "bench:1"));
    const heard = channels.map(() => 0);
    channels.forEach((channel, index) => channel.on("shout", () => (heard[index]! += 1)));
    for (const channel of channels) channel.push("shout", { n: 1 });
    for (const channel of channels) assert.equal((await answer(channel.push("echo", {}))).status, "ok");

    const news = Promise.all(channels.map((channel) => nextEvent(channel, "news")));
    await fetch(`${url}/api/v1/broadcast/bench:1/news`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ n: 2 }),
    });
    assert.deepEqual(
      await news,
      channels.map(() => ({ n: 2 })),
    );
    await expect.poll(() => heard).toEqual(channels.map(() => channels.length));
  });

  test("ends a channel alone that spins, on either shard, and its client joins again", async () => {
    for (const socket of await onBothShards("ada")) {
      const [spinning, other] = [await joined(socket, "room:1"), await joined(socket, "bench:1")];
      const failed = new Promise((resolve) => spinning.onError(resolve));
      spinning.push("spin", {});
      assert.deepEqual(await failed, { reason: "channel_crash" });
      await nextEvent(spinning, "presence_state");
      assert.equal((await answer(other.push("echo", {}))).status, "ok");
      assert.equal(other.state, "joined");
    }
  });

  test("disconnects a user from all of them, and nobody else", async () => {
    const ada = await onBothShards("ada");
    const bob = await opened("bob");
    const closed = ada.map(
      (socket) => new Promise<number>((resolve) => socket.onClose(({ code }) => resolve(code))),
    );
    await fetch(`${url}/api/v1/disconnect/ada`, { method: "POST" });
    assert.deepEqual(
      await Promise.all(closed),
      ada.map(() => 1001),
    );
    assert.ok(bob.isConnected());
  });
});
