import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Answered, RunningDemo, type SignedIn } from "../running-demo.ts";

interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly price_cents: number;
  readonly stock: number;
}

interface Order {
  readonly id: number;
  readonly status: string;
  readonly total_cents: number;
  readonly items: readonly { product_id: number; quantity: number; price_cents: number }[];
}

let demo: RunningDemo;
let ada: SignedIn;
let grace: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  [ada, grace] = await Promise.all([demo.signUp("Ada"), demo.signUp("Grace")]);
});
afterAll(() => demo[Symbol.asyncDispose]());

async function product(sku: string): Promise<Product> {
  const products = await demo.data<Product[]>(demo.get("/api/v1/products"));
  return products.find((one) => one.sku === sku)!;
}

function place(items: unknown, user: SignedIn = ada): Promise<Answered> {
  return demo.post("/api/v1/orders", { order: { items } }, user.token);
}

describe("GET /api/v1/products", () => {
  test("answers the catalogue, to everybody", async () => {
    const { status, json } = await demo.get("/api/v1/products");
    assert.equal(status, 200);
    const { data, meta } = json as { data: Product[]; meta: object };
    assert.ok(data.length > 5);
    assert.deepEqual(meta, { next: null });
    for (const one of data) {
      assert.deepEqual(Object.keys(one), ["id", "sku", "name", "price_cents", "stock"]);
      assert.ok(Number.isInteger(one.price_cents) && Number.isInteger(one.stock));
    }
  });
});

describe("POST /api/v1/orders", () => {
  test("places the order, takes the stock, and says where the order is", async () => {
    const [box, seed] = await Promise.all([product("BOX-SWIFT"), product("SEED-SUN")]);
    const { status, headers, json } = await place([
      { product_id: box.id, quantity: 2 },
      { product_id: seed.id, quantity: 3 },
    ]);
    assert.equal(status, 201);
    const order = (json as { data: Order }).data;
    assert.equal(order.status, "placed");
    assert.equal(order.total_cents, 2 * box.price_cents + 3 * seed.price_cents);
    assert.deepEqual(
      order.items.map(({ product_id, quantity, price_cents }) => [product_id, quantity, price_cents]),
      [
        [box.id, 2, box.price_cents],
        [seed.id, 3, seed.price_cents],
      ],
    );
    assert.equal(headers.get("location"), `/api/v1/orders/${order.id}`);
    assert.deepEqual((await demo.get(headers.get("location")!, ada.token)).json, json);
    assert.equal((await product("BOX-SWIFT")).stock, box.stock - 2);
  });

  test("has it on the disk when it answers", async () => {
    const { id } = await demo.data<Order>(place([{ product_id: 1, quantity: 1 }]), 201);
    const database = new Database(demo.databasePath, { readonly: true });
    const rows = database.prepare("select product_id, quantity from order_items where order_id = ?").all(id);
    database.close();
    assert.deepEqual(rows, [{ product_id: 1, quantity: 1 }]);
  });

  test("takes a product that is named twice as one item", async () => {
    const items = [1, 1].map((product_id) => ({ product_id, quantity: 2 }));
    const order = await demo.data<Order>(place(items), 201);
    assert.deepEqual(
      order.items.map(({ product_id, quantity }) => ({ product_id, quantity })),
      [{ product_id: 1, quantity: 4 }],
    );
  });

  test("answers 422 and changes nothing when there is not enough of one product", async () => {
    const [box, owl] = await Promise.all([product("BOX-SWIFT"), product("BOX-OWL")]);
    const { status, json } = await place([
      { product_id: box.id, quantity: 1 },
      { product_id: owl.id, quantity: owl.stock + 1 },
      { product_id: 4_711, quantity: 1 },
    ]);
    assert.equal(status, 422);
    const expected = [`only ${owl.stock} of ${owl.name} left`, "product 4711 does not exist"];
    assert.deepEqual(json, { errors: { items: expected } });
    assert.deepEqual(await Promise.all([product("BOX-SWIFT"), product("BOX-OWL")]), [box, owl]);
  });

  test("never sells more than there is, whoever is first", async () => {
    const glass = await product("GLASS-8X32");
    const wanted = Array.from({ length: glass.stock + 5 }, (_, index) =>
      place([{ product_id: glass.id, quantity: 1 }], index % 2 === 0 ? ada : grace),
    );
    const statuses = (await Promise.all(wanted)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 201).length, glass.stock);
    assert.equal(statuses.filter((status) => status === 422).length, 5);
    assert.equal((await product("GLASS-8X32")).stock, 0);
    const { json } = await place([{ product_id: glass.id, quantity: 1 }]);
    assert.deepEqual(json, { errors: { items: [`${glass.name} is sold out`] } });
  });

  test("answers 422 for what is no list of items", async () => {
    const quantities = ["must have quantities from 1 to 1000"];
    const refused: [unknown, string[]][] = [
      [undefined, ["can't be blank"]],
      ["all", ["is invalid"]],
      [[], ["should have at least 1 item(s)"]],
      [[{ product_id: 1 }], ["is invalid"]],
      [[{ product_id: "1", quantity: 1 }], ["is invalid"]],
      [[{ product_id: 1, quantity: 1.5 }], ["is invalid"]],
      [[{ product_id: 1, quantity: 0 }], quantities],
      [[{ product_id: 1, quantity: -1 }], quantities],
      [[{ product_id: 1, quantity: 1_001 }], quantities],
      [
        Array.from({ length: 51 }, () => ({ product_id: 1, quantity: 1 })),
        ["should have at most 50 item(s)"],
      ],
    ];
    for (const [items, messages] of refused) {
      const { status, json } = await place(items);
      assert.equal(status, 422, JSON.stringify(items));
      assert.deepEqual(json, { errors: { items: messages } });
    }
  });

  test("answers 400 without an order and 401 without a user", async () => {
    assert.equal((await demo.post("/api/v1/orders", {}, ada.token)).status, 400);
    assert.equal((await demo.post("/api/v1/orders", { order: { items: [] } })).status, 401);
  });
});

describe("GET /api/v1/orders", () => {
  test("answers one's own orders, the newest first, page by page", async () => {
    const user = await demo.signUp("Barbara");
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.unshift((await demo.data<Order>(place([{ product_id: 1, quantity: 1 }], user), 201)).id);
    }
    const first = (await demo.get("/api/v1/orders?limit=3", user.token)).json as {
      data: Order[];
      meta: { next: string };
    };
    const second = (await demo.get(`/api/v1/orders?limit=3&after=${first.meta.next}`, user.token)).json as {
      data: Order[];
      meta: { next: null };
    };
    assert.deepEqual(
      [...first.data, ...second.data].map(({ id }) => id),
      ids,
    );
    assert.equal(second.meta.next, null);
    assert.equal(first.data[0]!.items.length, 1);
  });

  test("answers 422 for a limit or a cursor that is none", async () => {
    for (const query of ["limit=0", "limit=101", "limit=-1", "limit=ten", "after=", "after=nonsense"]) {
      const { status, json } = await demo.get(`/api/v1/orders?${query}`, ada.token);
      assert.equal(status, 422, query);
      assert.deepEqual(Object.keys((json as { errors: object }).errors), [query.split("=")[0]]);
    }
  });

  test("answers 404 for an order of somebody else, and for what is no id", async () => {
    const { id } = await demo.data<Order>(place([{ product_id: 1, quantity: 1 }]), 201);
    assert.equal((await demo.get(`/api/v1/orders/${id}`, ada.token)).status, 200);
    assert.equal((await demo.get(`/api/v1/orders/${id}`, grace.token)).status, 404);
    for (const other of ["4711", "abc", "1.0", "-1"]) {
      const { status, json } = await demo.get(`/api/v1/orders/${other}`, ada.token);
      assert.equal(status, 404, other);
      assert.deepEqual(json, { errors: { detail: "Not Found" } });
    }
  });
});

describe("POST /api/v1/orders/:id/cancel", () => {
  test("cancels the order and puts its stock back", async () => {
    const box = await product("BOX-SWIFT");
    const order = await demo.data<Order>(place([{ product_id: box.id, quantity: 7 }]), 201);
    const { status, json } = await demo.post(`/api/v1/orders/${order.id}/cancel`, {}, ada.token);
    assert.equal(status, 200);
    assert.deepEqual(json, { data: { ...order, status: "cancelled" } });
    assert.deepEqual((await demo.get(`/api/v1/orders/${order.id}`, ada.token)).json, json);
    assert.equal((await product("BOX-SWIFT")).stock, box.stock);
  });

  test("does so once: all others get 409", async () => {
    const box = await product("BOX-SWIFT");
    const { id } = await demo.data<Order>(place([{ product_id: box.id, quantity: 7 }]), 201);
    const cancel = (): Promise<Answered> => demo.post(`/api/v1/orders/${id}/cancel`, undefined, ada.token);
    const answers = await Promise.all([cancel(), cancel(), cancel()]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409]);
    const late = await cancel();
    assert.equal(late.status, 409);
    assert.deepEqual(late.json, { errors: { detail: "Conflict" } });
    assert.equal((await product("BOX-SWIFT")).stock, box.stock);
  });

  test("answers 404 to anybody else and leaves the order as it is", async () => {
    const { id } = await demo.data<Order>(place([{ product_id: 1, quantity: 1 }]), 201);
    assert.equal((await demo.post(`/api/v1/orders/${id}/cancel`, {}, grace.token)).status, 404);
    assert.equal((await demo.post("/api/v1/orders/abc/cancel", {}, ada.token)).status, 404);
    assert.equal((await demo.data<Order>(demo.get(`/api/v1/orders/${id}`, ada.token))).status, "placed");
  });
});
