import assert from "node:assert/strict";
import type { Channel } from "phoenix";
import { afterAll, beforeAll, describe, test } from "vitest";
import { answer, nextEvent } from "../../support/phoenix-client.ts";
import { RunningDemo, type SignedIn } from "../running-demo.ts";

let demo: RunningDemo;
let ada: SignedIn;
let grace: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  [ada, grace] = await Promise.all([demo.signUp("Ada"), demo.signUp("Grace")]);
});
afterAll(() => demo[Symbol.asyncDispose]());

async function channelOf(user: SignedIn, topic: string): Promise<Channel> {
  return (await demo.socket({ token: user.token })).channel(topic);
}

const order = { order: { items: [{ product_id: 1, quantity: 1 }] } };

describe("joining orders:<user id>", () => {
  test("is for that user alone", async () => {
    assert.equal((await answer((await channelOf(ada, `orders:${ada.id}`)).join())).status, "ok");
    for (const topic of [`orders:${grace.id}`, "orders:", "orders:*", `orders:0${ada.id}`]) {
      const channel = await channelOf(ada, topic);
      const expected = { status: "error", response: { reason: "unauthorized" } };
      assert.deepEqual(await answer(channel.join()), expected, topic);
      channel.leave();
    }
  });
});

describe("the events of orders:<user id>", () => {
  test("tell every window of the user what REST answered, when it is placed and when it is cancelled", async () => {
    const channels = await Promise.all([1, 2].map(() => channelOf(ada, `orders:${ada.id}`)));
    await Promise.all(channels.map((channel) => answer(channel.join())));

    const created = Promise.all(channels.map((channel) => nextEvent(channel, "order_created")));
    const placed = await demo.data<{ id: number }>(demo.post("/api/v1/orders", order, ada.token), 201);
    assert.deepEqual(await created, [placed, placed]);

    const updated = Promise.all(channels.map((channel) => nextEvent(channel, "order_updated")));
    const cancelled = await demo.data(demo.post(`/api/v1/orders/${placed.id}/cancel`, {}, ada.token));
    assert.deepEqual(await updated, [cancelled, cancelled]);
    assert.deepEqual(cancelled, { ...placed, status: "cancelled" });
  });

  test("tell nobody else, and nothing of an order that failed", async () => {
    const channel = await channelOf(grace, `orders:${grace.id}`);
    const events: unknown[] = [];
    for (const event of ["order_created", "order_updated"])
      channel.on(event, (payload) => events.push(payload));
    await answer(channel.join());
    await demo.data(demo.post("/api/v1/orders", order, ada.token), 201);
    const tooMuch = { order: { items: [{ product_id: 2, quantity: 1_000 }] } };
    assert.equal((await demo.post("/api/v1/orders", tooMuch, grace.token)).status, 422);
    const own = nextEvent(channel, "order_created");
    const placed = await demo.data(demo.post("/api/v1/orders", order, grace.token), 201);
    assert.deepEqual(await own, placed);
    assert.deepEqual(events, [placed]);
  });
});
