import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Channel, Socket } from "phoenix";
import { afterEach, describe, expect, test } from "vitest";
import { answer, connected, nextEvent } from "./phoenix-client.ts";
import { copiesFor } from "./slow-json.ts";
import type { ShardStats } from "./wire/shard-stats.ts";

const entry = fileURLToPath(new URL("./start-wire-server.js", import.meta.url));
/** Of the program: its main thread is the first shard, which only a Node of its own has. */
let server: ChildProcess | undefined;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.disconnect();
  sockets = [];
  if (server?.exitCode === null) {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
});

const STALL_MS = 300;

async function start(shards: number): Promise<string> {
  server = spawn(process.execPath, [entry], {
    env: { ...process.env, PORT: "0", SHARDS: String(shards), STALL_MS: String(STALL_MS) },
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface(server.stdout!)) {
    const url = /listening on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("the wire server did not start");
}

async function stats(url: string): Promise<ShardStats[]> {
  const { shards } = (await (await fetch(`${url}/api/v1/stats`)).json()) as { shards: ShardStats[] };
  return shards;
}

async function joined(socket: Socket, topic: string): Promise<Channel> {
  const channel = socket.channel(topic);
  assert.equal((await answer(channel.join())).status, "ok");
  return channel;
}

/** A socket with a channel that can spin, and one that has nothing to do with it. */
interface Client {
  readonly socket: Socket;
  readonly spinning: Channel;
  readonly other: Channel;
  /** How often the socket was closed, and the other channel failed. */
  readonly lost: string[];
}

async function connect(url: string, number: number): Promise<Client> {
  const socket = await connected(`${url.replace("http", "ws")}/socket`, { user_id: `user ${number}` });
  sockets.push(socket);
  const lost: string[] = [];
  const spinning = await joined(socket, `room:${number}`);
  const other = await joined(socket, `bench:${number}`);
  socket.onClose(() => lost.push("socket"));
  other.onError(() => lost.push("channel"));
  return { socket, spinning, other, lost };
}

/** As many as it takes until each shard has two. */
async function onAllShards(url: string): Promise<Client[]> {
  const clients: Client[] = [];
  do clients.push(await connect(url, clients.length));
  while ((await stats(url)).some(({ sockets: count }) => count < 2));
  return clients;
}

for (const shards of [1, 2]) {
  describe(`a channel that spins, on ${shards} ${shards === 1 ? "shard" : "shards"}`, () => {
    test("fails alone: its client joins again, the channels and sockets beside it lose nothing", async () => {
      const url = await start(shards);
      const clients = await onAllShards(url);
      for (const { spinning, other } of clients) {
        const failed = new Promise((resolve) => spinning.onError(resolve));
        const back = nextEvent(spinning, "presence_state");
        // What the clients say before it, meanwhile and after it is all answered, in order.
        const answers: Promise<unknown>[] = [];
        let n = 0;
        const say = (): void => {
          for (const client of clients) answers.push(answer(client.other.push("echo", { n })));
          n += 1;
        };
        for (let i = 0; i < 20; i += 1) say();
        spinning.push("spin", {});
        for (let i = 0; i < 20; i += 1) say();
        assert.deepEqual(await failed, { reason: "channel_crash" });
        for (let i = 0; i < 20; i += 1) say();
        await back;
        assert.equal(spinning.state, "joined");
        assert.deepEqual(await answer(spinning.push("echo", { again: true })), {
          status: "ok",
          response: { again: true },
        });
        const expected = Array.from({ length: n * clients.length }, (_, index) => ({
          status: "ok",
          response: { n: Math.floor(index / clients.length) },
        }));
        assert.deepEqual(await Promise.all(answers), expected);
        assert.equal(other.state, "joined");
      }
      expect(clients.flatMap(({ lost }) => lost)).toEqual([]);
      expect((await stats(url)).length).toBe(shards);
    });

    test("fails as well when it reads with JSON.parse what takes ten times as long as it may, long before it has read it", async () => {
      const { copies, nativeMs } = copiesFor(10 * STALL_MS);
      const url = await start(shards);
      const clients = await onAllShards(url);
      for (const { spinning, other } of clients) {
        const failed = new Promise((resolve) => spinning.onError(resolve));
        const back = nextEvent(spinning, "presence_state");
        const startedMs = performance.now();
        spinning.push("parse", { copies });
        const answers = clients.map((client) => answer(client.other.push("echo", { n: 1 })));
        assert.deepEqual(await failed, { reason: "channel_crash" });
        expect(performance.now() - startedMs).toBeLessThan(nativeMs);
        for (const { status } of await Promise.all(answers)) assert.equal(status, "ok");
        await back;
        assert.equal(other.state, "joined");
        assert.deepEqual(await answer(spinning.push("parse", { copies: 1 })), {
          status: "ok",
          response: { rows: 20_000 },
        });
      }
      expect(clients.flatMap(({ lost }) => lost)).toEqual([]);
    });
  });
}
