import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Order } from "../../../demo/orders/order.ts";
import { orderJson } from "../../../demo/views/order-json.ts";
import { SimulatedDemo, type Visitor } from "../simulated-demo.ts";

let demo: SimulatedDemo;
let ada: Visitor;
let grace: Visitor;

beforeEach(async () => {
  demo = await SimulatedDemo.start();
  [ada, grace] = [await demo.visitor("Ada"), await demo.visitor("Grace")];
});
afterEach(() => demo[Symbol.asyncDispose]());

async function place({ id }: Visitor, product_id: number = 1, quantity: number = 1): Promise<Order> {
  const placed = await demo.it.run(demo.orders.place(id, { items: [{ product_id, quantity }] }));
  assert.ok(placed.ok);
  return placed.order;
}

describe("joining orders:<user id>", () => {
  test("is for that user alone", async () => {
    const { it } = demo;
    assert.deepEqual((await it.join(ada.socket, `orders:${ada.id}`)).reply, {});
    for (const topic of [`orders:${grace.id}`, "orders:", "orders:*", `orders:0${ada.id}`]) {
      const refused = { ok: false, reply: { reason: "unauthorized" } };
      assert.deepEqual(await it.join(ada.socket, topic), refused, topic);
    }
  });
});

describe("the events of orders:<user id>", () => {
  test("tell every window of the user of an order, when it is placed and when it is cancelled", async () => {
    const { it } = demo;
    const sockets = [ada.socket, await demo.connect(ada.id)];
    const windows = await Promise.all(
      sockets.map((socket) => it.subscribeAndJoinOrThrow(socket, `orders:${ada.id}`)),
    );
    const placed = orderJson(await place(ada));
    for (const window of windows) assert.deepEqual(await it.assertPush(window, "order_created"), placed);

    assert.ok((await it.run(demo.orders.cancel(ada.id, placed.id))).ok);
    const cancelled = { ...placed, status: "cancelled" };
    for (const window of windows) assert.deepEqual(await it.assertPush(window, "order_updated"), cancelled);
  });

  test("tell nobody else, and nothing of an order that failed", async () => {
    const { it } = demo;
    const window = await it.subscribeAndJoinOrThrow(grace.socket, `orders:${grace.id}`);
    await place(ada);
    const tooMuch = { items: [{ product_id: 2, quantity: 1_000 }] };
    assert.ok(!(await it.run(demo.orders.place(grace.id, tooMuch))).ok);
    await it.refutePush(window, "order_created");
    const placed = await place(grace);
    await it.assertPush(window, "order_created", { id: placed.id });
    for (const event of ["order_created", "order_updated"]) await it.refutePush(window, event);
  });
});
