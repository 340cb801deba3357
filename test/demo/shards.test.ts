import assert from "node:assert/strict";
import { type Channel, Presence, type Socket } from "phoenix";
import { DynamicSupervisor, nameOn } from "rookery";
import { broadcastTo } from "rookery/channels";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { names } from "../../demo/demo-tree.ts";
import { answer, nextEvent } from "../support/phoenix-client.ts";
import { RunningDemo, type SignedIn } from "./running-demo.ts";
import { ShardKiller } from "./shard-killer.ts";

let demo: RunningDemo;
let ada: SignedIn;
let grace: SignedIn;

beforeEach(async () => {
  demo = await RunningDemo.start(2);
  [ada, grace] = await Promise.all([demo.signUp("Ada"), demo.signUp("Grace")]);
});
afterEach(() => demo[Symbol.asyncDispose]());

/** How many sockets a shard has. */
async function socketsOn(shard: number): Promise<number> {
  const transports = nameOn(shard, `${names.endpoint}/socket.transports`);
  return (await DynamicSupervisor.countChildren(demo.runtime, transports)).active;
}

/** A socket on that shard: one after the other is opened until the system has given one to it. */
async function socketOn(shard: number, { token }: SignedIn): Promise<Socket> {
  for (;;) {
    const before = await socketsOn(shard);
    const socket = await demo.socket({ token });
    if ((await socketsOn(shard)) > before) return socket;
    socket.disconnect();
  }
}

async function joined(socket: Socket, topic: string): Promise<Channel> {
  const channel = socket.channel(topic);
  assert.equal((await answer(channel.join())).status, "ok");
  return channel;
}

function closed(socket: Socket): Promise<number> {
  return new Promise((resolve) => socket.onClose(({ code }) => resolve(code)));
}

describe("the demo on two shards", () => {
  test("lets users talk who are on different shards", async () => {
    const own = await joined(await socketOn(0, ada), "room:1");
    const other = await joined(await socketOn(1, grace), "room:1");
    for (const [from, to] of [
      [own, other],
      [other, own],
    ] as const) {
      const heard = Promise.all([nextEvent(from, "message:new"), nextEvent(to, "message:new")]);
      assert.equal((await answer(from.push("message:new", { body: "hello" }))).status, "ok");
      const [echo, message] = await heard;
      assert.deepEqual(message, echo);
      const typing = nextEvent(to, "typing");
      from.push("typing", {});
      await typing;
    }
  });

  test("shows each of them who is there on the other one, and who leaves", async () => {
    const sockets = [await socketOn(0, ada), await socketOn(1, grace)];
    const seen = sockets.map((socket) => {
      const channel = socket.channel("room:1");
      const presence = new Presence(channel);
      channel.join();
      return () => presence.list((key) => Number(key)).toSorted();
    });
    for (const keys of seen) await expect.poll(keys).toEqual([ada.id, grace.id].toSorted());
    sockets[1]!.disconnect();
    await expect.poll(seen[0]!).toEqual([ada.id]);
  });

  test("pushes an order that was placed over HTTP to its user on every shard", async () => {
    const windows = [
      await joined(await socketOn(0, ada), `orders:${ada.id}`),
      await joined(await socketOn(1, ada), `orders:${ada.id}`),
    ];
    const order = { items: [{ product_id: 1, quantity: 1 }] };
    // Whichever shard takes the request: some of several are taken by each.
    for (let count = 0; count < 4; count += 1) {
      const pushed = Promise.all(windows.map((window) => nextEvent(window, "order_created")));
      const headers = { connection: "close" };
      const placed = demo.request("POST", "/api/v1/orders", { token: ada.token, body: { order }, headers });
      const data = await demo.data(placed, 201);
      assert.deepEqual(await pushed, [data, data]);
    }
  });

  test("disconnects all sockets of a user, wherever they are", async () => {
    const ends = Promise.all([closed(await socketOn(0, ada)), closed(await socketOn(1, ada))]);
    const bystander = await socketOn(1, grace);
    broadcastTo(demo.runtime, names.pubsub, `user_socket:${ada.id}`, "disconnect", {});
    assert.deepEqual(await ends, [1001, 1001]);
    assert.ok(bystander.isConnected());
  });
});

describe("a shard that dies", () => {
  test("takes its sockets along, whose clients come back by themselves and find what was acknowledged", async () => {
    const own = await joined(await socketOn(0, ada), "room:1");
    const lost = await socketOn(1, grace);
    const other = await joined(lost, "room:1");
    assert.equal((await answer(other.push("message:new", { body: "before" }))).status, "ok");

    const gone = closed(lost);
    const rejoined = nextEvent(other, "presence_state");
    const killer = await demo.runtime.start(ShardKiller, undefined, { on: { shard: 1 } });
    demo.runtime.cast(killer, "kill");
    assert.equal(await gone, 1006);
    await rejoined;

    const heard = nextEvent(own, "message:new");
    assert.equal((await answer(other.push("message:new", { body: "after" }))).status, "ok");
    assert.equal(((await heard) as { body: string }).body, "after");
    const messages = await demo.data<{ body: string }[]>(demo.get("/api/v1/rooms/1/messages", ada.token));
    assert.deepEqual(
      messages.map(({ body }) => body),
      ["after", "before"],
    );

    // Its successor has the same tree, and gets connections again.
    await expect.poll(() => demo.runtime.shards()).toEqual([0, 1]);
    await expect.poll(() => socketsOn(1).catch(() => -1)).toBeGreaterThanOrEqual(0);
    const back = await joined(await socketOn(1, grace), "room:1");
    const again = nextEvent(back, "message:new");
    own.push("message:new", { body: "again" });
    assert.equal(((await again) as { body: string }).body, "again");
  });
});
