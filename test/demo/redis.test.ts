import assert from "node:assert/strict";
import { type Channel, Presence, type Socket } from "phoenix";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { answer, connected, nextEvent } from "../support/phoenix-client.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";

interface Client {
  readonly id: number;
  readonly socket: Socket;
}

async function post(url: string, body: object): Promise<{ id: number; token: string }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 201, await response.clone().text());
  return ((await response.json()) as { data: { id: number; token: string } }).data;
}

/** Somebody who has signed up at that server, and is connected with it. */
async function client({ url }: DemoProcess, name: string): Promise<Client> {
  const user = { name, email: `${name}@example.com`, password: "correct horse" };
  const { id } = await post(`${url}/api/v1/users`, { user });
  const { token } = await post(`${url}/api/v1/sessions`, user);
  return { id, socket: await connected(`${url.replace("http", "ws")}/socket`, { token }) };
}

/** Sooner than anybody would be taken for gone who was only silent. */
const SOON = { timeout: 20_000 };

function present(channel: Channel): () => number[] {
  const presence = new Presence(channel);
  return () => presence.list((key) => Number(key)).toSorted((one, other) => one - other);
}

describe.skipIf(!hasRedis)("two servers of the demo with one Redis, each with a database of its own", () => {
  let redis: RedisServer;
  let servers: DemoProcess[];
  let [ada, grace]: Client[] = [];
  beforeEach(async () => {
    redis = await startRedis();
    const settings = { REDIS_URL: redis.url, SHARDS: "2", LOG_LEVEL: "silent" };
    servers = await Promise.all([startDemo(settings), startDemo(settings)]);
    ada = await client(servers[0]!, "ada");
    // So that nobody has the same number on both.
    await client(servers[1]!, "nobody");
    grace = await client(servers[1]!, "grace");
  });
  afterEach(async () => {
    for (const { socket } of [ada!, grace!]) socket.disconnect();
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await redis[Symbol.asyncDispose]();
  });

  async function joined({ socket }: Client): Promise<Channel> {
    const channel = socket.channel("room:1");
    assert.equal((await answer(channel.join())).status, "ok");
    return channel;
  }

  test("let their users talk with each other, also after Redis was away", async () => {
    const [own, other] = [await joined(ada!), await joined(grace!)];
    const talk = async (from: Channel, to: Channel, body: string): Promise<void> => {
      const heard = nextEvent(to, "message:new");
      assert.equal((await answer(from.push("message:new", { body }))).status, "ok");
      assert.equal(((await heard) as { body: string }).body, body);
    };
    await talk(own, other, "hello");
    await talk(other, own, "hello, too");
    await redis.kill();
    await redis.restart();
    const again = nextEvent(other, "message:new");
    let heard = false;
    void again.then(() => (heard = true));
    await expect
      .poll(async () => {
        await answer(own.push("message:new", { body: "again" }));
        return heard;
      }, SOON)
      .toBe(true);
  });

  test("show each of them who is there on the other one, and who leaves", async () => {
    const channels = [ada!, grace!].map(({ socket }) => socket.channel("room:1"));
    const seen = channels.map(present);
    for (const channel of channels) channel.join();
    for (const keys of seen) await expect.poll(keys, SOON).toEqual([ada!.id, grace!.id]);
    channels[1]!.leave();
    await expect.poll(seen[0]!, SOON).toEqual([ada!.id]);
  });

  test("take those along who are there when one of them is stopped", async () => {
    const channels = [ada!, grace!].map(({ socket }) => socket.channel("room:1"));
    const seen = channels.map(present);
    for (const channel of channels) channel.join();
    await expect.poll(seen[0]!, SOON).toEqual([ada!.id, grace!.id]);
    grace!.socket.disconnect();
    await servers[1]![Symbol.asyncDispose]();
    await expect.poll(seen[0]!, SOON).toEqual([ada!.id]);
  });
});
