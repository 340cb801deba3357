import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { type Conn, jsonResponse } from "rookery/api/testing";
import { data, demoCase, readFrom } from "../demo-case.ts";

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

interface Page {
  readonly data: readonly Order[];
  readonly meta: { readonly next: string | null };
}

const oneBox = [{ product_id: 1, quantity: 1 }];

async function product(conn: Conn, sku: string): Promise<Product> {
  const products = data<Product[]>(await conn.get("/api/v1/products"));
  return products.find((one) => one.sku === sku)!;
}

function place(conn: Conn, items: unknown): Promise<Conn> {
  return conn.post("/api/v1/orders", { order: { items } });
}

async function placed(conn: Conn, items: unknown = oneBox): Promise<Order> {
  return data<Order>(await place(conn, items), 201);
}

describe("GET /api/v1/products", () => {
  test("answers the catalogue, to everybody", async () => {
    const { conn } = await demoCase();
    const shown = await conn.get("/api/v1/products");
    const products = data<Product[]>(shown);
    assert.ok(products.length > 5);
    assert.deepEqual(jsonResponse(shown, 200), { data: products, meta: { next: null } });
    for (const one of products) {
      assert.deepEqual(Object.keys(one), ["id", "sku", "name", "price_cents", "stock"]);
      assert.ok(Number.isInteger(one.price_cents) && Number.isInteger(one.stock));
    }
  });
});

describe("POST /api/v1/orders", () => {
  test("places the order, takes the stock, and says where the order is", async () => {
    const { conn } = await (await demoCase()).signIn();
    const [box, seed] = await Promise.all([product(conn, "BOX-SWIFT"), product(conn, "SEED-SUN")]);
    const answer = await place(conn, [
      { product_id: box.id, quantity: 2 },
      { product_id: seed.id, quantity: 3 },
    ]);
    const order = data<Order>(answer, 201);
    assert.equal(order.status, "placed");
    assert.equal(order.total_cents, 2 * box.price_cents + 3 * seed.price_cents);
    assert.deepEqual(
      order.items.map(({ product_id, quantity, price_cents }) => [product_id, quantity, price_cents]),
      [
        [box.id, 2, box.price_cents],
        [seed.id, 3, seed.price_cents],
      ],
    );
    const location = answer.getRespHeader("location")!;
    assert.equal(location, `/api/v1/orders/${order.id}`);
    assert.deepEqual(data(await conn.get(location)), order);
    assert.equal((await product(conn, "BOX-SWIFT")).stock, box.stock - 2);
  });

  test("has it on the disk when it answers", async () => {
    const { database, signIn } = await demoCase();
    const { id } = await placed((await signIn()).conn);
    const items = await readFrom(
      database,
      `select product_id, quantity from order_items where order_id = ${id}`,
    );
    assert.deepEqual(
      items.map((item) => Object.values(item as object).map(Number)),
      [[1, 1]],
    );
  });

  test("takes a product that is named twice as one item", async () => {
    const { conn } = await (await demoCase()).signIn();
    const { items } = await placed(
      conn,
      [1, 1].map((product_id) => ({ product_id, quantity: 2 })),
    );
    assert.deepEqual(
      items.map(({ product_id, quantity }) => ({ product_id, quantity })),
      [{ product_id: 1, quantity: 4 }],
    );
  });

  test("answers 422 and changes nothing when there is not enough of one product", async () => {
    const { conn } = await (await demoCase()).signIn();
    const stock = (): Promise<Product[]> =>
      Promise.all([product(conn, "BOX-SWIFT"), product(conn, "BOX-OWL")]);
    const [box, owl] = (await stock()) as [Product, Product];
    const refused = await place(conn, [
      { product_id: box.id, quantity: 1 },
      { product_id: owl.id, quantity: owl.stock + 1 },
      { product_id: 4_711, quantity: 1 },
    ]);
    const items = [`only ${owl.stock} of ${owl.name} left`, "product 4711 does not exist"];
    assert.deepEqual(jsonResponse(refused, 422), { errors: { items } });
    assert.deepEqual(await stock(), [box, owl]);
  });

  test("never sells more than there is, whoever is first", async () => {
    const { signIn } = await demoCase();
    const [ada, grace] = await Promise.all([signIn("Ada"), signIn("Grace")]);
    const glass = await product(ada.conn, "GLASS-8X32");
    const one = [{ product_id: glass.id, quantity: 1 }];
    const answers = await Promise.all(
      Array.from({ length: glass.stock + 5 }, (_, index) => place((index % 2 === 0 ? ada : grace).conn, one)),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, glass.stock);
    assert.equal(answers.filter(({ status }) => status === 422).length, 5);
    assert.equal((await product(ada.conn, "GLASS-8X32")).stock, 0);
    const late = await place(ada.conn, one);
    assert.deepEqual(jsonResponse(late, 422), { errors: { items: [`${glass.name} is sold out`] } });
  });

  test("answers 422 for what is no list of items", async () => {
    const { conn } = await (await demoCase()).signIn();
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
      // Nobody looks at the items of such a list.
      [Array.from({ length: 51 }, () => null), ["should have at most 50 item(s)"]],
    ];
    for (const [items, messages] of refused)
      assert.deepEqual(jsonResponse(await place(conn, items), 422), { errors: { items: messages } });
  });

  test("answers 400 without an order and 401 without a user", async () => {
    const { conn, signIn } = await demoCase();
    assert.equal((await (await signIn()).conn.post("/api/v1/orders", {})).status, 400);
    assert.equal((await place(conn, [])).status, 401);
  });
});

describe("GET /api/v1/orders", () => {
  test("answers one's own orders, the newest first, page by page", async () => {
    const { signIn } = await demoCase();
    const { conn } = await signIn("Barbara");
    await placed((await signIn("Ada")).conn);
    const ids: number[] = [];
    while (ids.length < 5) ids.unshift((await placed(conn)).id);
    const page = async (params: object): Promise<Page> =>
      jsonResponse<Page>(await conn.get("/api/v1/orders", { limit: 3, ...params }), 200);
    const first = await page({});
    const second = await page({ after: first.meta.next });
    assert.deepEqual(
      [...first.data, ...second.data].map(({ id }) => id),
      ids,
    );
    assert.equal(second.meta.next, null);
    assert.equal(first.data[0]!.items.length, 1);
  });

  test("answers 422 for a limit or a cursor that is none", async () => {
    const { conn } = await (await demoCase()).signIn();
    for (const query of ["limit=0", "limit=101", "limit=-1", "limit=ten", "after=", "after=nonsense"]) {
      const { errors } = jsonResponse<{ errors: object }>(await conn.get(`/api/v1/orders?${query}`), 422);
      assert.deepEqual(Object.keys(errors), [query.split("=")[0]]);
    }
  });

  test("answers 404 for an order of somebody else, and for what is no id", async () => {
    const { signIn } = await demoCase();
    const [ada, grace] = await Promise.all([signIn("Ada"), signIn("Grace")]);
    const { id } = await placed(ada.conn);
    assert.equal((await ada.conn.get(`/api/v1/orders/${id}`)).status, 200);
    assert.equal((await grace.conn.get(`/api/v1/orders/${id}`)).status, 404);
    for (const other of ["4711", "abc", "1.0", "-1"]) {
      const missing = await ada.conn.get(`/api/v1/orders/${other}`);
      assert.deepEqual(jsonResponse(missing, 404), { errors: { detail: "Not Found" } });
    }
  });
});

describe("POST /api/v1/orders/:id/cancel", () => {
  test("cancels the order and puts its stock back", async () => {
    const { conn } = await (await demoCase()).signIn();
    const box = await product(conn, "BOX-SWIFT");
    const order = await placed(conn, [{ product_id: box.id, quantity: 7 }]);
    const cancelled = data<Order>(await conn.post(`/api/v1/orders/${order.id}/cancel`, {}));
    assert.deepEqual(cancelled, { ...order, status: "cancelled" });
    assert.deepEqual(data(await conn.get(`/api/v1/orders/${order.id}`)), cancelled);
    assert.equal((await product(conn, "BOX-SWIFT")).stock, box.stock);
  });

  test("does so once: all others get 409", async () => {
    const { conn } = await (await demoCase()).signIn();
    const box = await product(conn, "BOX-SWIFT");
    const { id } = await placed(conn, [{ product_id: box.id, quantity: 7 }]);
    const cancel = (): Promise<Conn> => conn.post(`/api/v1/orders/${id}/cancel`);
    const answers = await Promise.all([cancel(), cancel(), cancel()]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409]);
    assert.deepEqual(jsonResponse(await cancel(), 409), { errors: { detail: "Conflict" } });
    assert.equal((await product(conn, "BOX-SWIFT")).stock, box.stock);
  });

  test("answers 404 to anybody else and leaves the order as it is", async () => {
    const { signIn } = await demoCase();
    const [ada, grace] = await Promise.all([signIn("Ada"), signIn("Grace")]);
    const { id } = await placed(ada.conn);
    assert.equal((await grace.conn.post(`/api/v1/orders/${id}/cancel`, {})).status, 404);
    assert.equal((await ada.conn.post("/api/v1/orders/abc/cancel", {})).status, 404);
    assert.equal(data<Order>(await ada.conn.get(`/api/v1/orders/${id}`)).status, "placed");
  });
});
