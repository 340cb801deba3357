import assert from "node:assert/strict";
import { type Generated, sql } from "kysely";
import { describe, test } from "vitest";
import { z } from "zod";
import {
  cast,
  change,
  type Changeset,
  forceChange,
  prepareChanges,
  putChange,
} from "../../../api/repo/changeset.ts";
import { columnTypes } from "../../../api/repo/column-types.ts";
import {
  assocConstraint,
  checkConstraint,
  foreignKeyConstraint,
  noAssocConstraint,
  uniqueConstraint,
} from "../../../api/repo/constraint.ts";
import type { Migration } from "../../../api/repo/migrator.ts";
import { Multi } from "../../../api/repo/multi.ts";
import { castAssoc, castEmbed, putAssoc } from "../../../api/repo/nested-changeset.ts";
import { optimisticLock } from "../../../api/repo/optimistic-lock.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import { databases, type TestedDatabase } from "./databases.ts";
import type { TemporaryRepo } from "./temporary-repo.ts";

interface Shop {
  customers: { id: Generated<number>; name: string };
  orders: {
    id: Generated<number>;
    note: string;
    customer_id: number | null;
    agent_id: number | null;
    version: Generated<number>;
    address: Address | null;
  };
  items: { id: Generated<number>; order_id: number | null; product: string; quantity: number };
  receipts: { id: Generated<number>; order_id: number | null; number: string };
}

interface Address {
  city: string;
}

interface Item {
  id: number;
  order_id: number | null;
  product: string;
  quantity: number;
}

interface Order {
  id: number;
  note: string;
  version: number;
}

const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "create a shop",
    up: async (db) => {
      const { id, integer } = columnTypes(db);
      await db.schema
        .createTable("customers")
        .addColumn("id", ...id)
        .addColumn("name", "text", (column) => column.notNull().unique())
        .execute();
      await db.schema
        .createTable("orders")
        .addColumn("id", ...id)
        .addColumn("note", "text", (column) => column.notNull())
        .addColumn("customer_id", integer, (column) => column.references("customers.id"))
        .addColumn("agent_id", integer, (column) => column.references("customers.id"))
        .addColumn("version", integer, (column) => column.notNull().defaultTo(1))
        .addColumn("address", "text")
        .execute();
      await db.schema
        .createTable("items")
        .addColumn("id", ...id)
        .addColumn("order_id", integer, (column) => column.references("orders.id"))
        .addColumn("product", "text", (column) => column.notNull())
        .addColumn("quantity", integer, (column) => column.notNull())
        .addCheckConstraint("items_quantity_check", sql`quantity > 0`)
        .addUniqueConstraint("items_order_id_product_key", ["order_id", "product"])
        .execute();
      await db.schema
        .createTable("receipts")
        .addColumn("id", ...id)
        .addColumn("order_id", integer, (column) => column.references("orders.id").unique())
        .addColumn("number", "text", (column) => column.notNull())
        .execute();
    },
  },
];

const hasItems = { kind: "hasMany", table: "items", foreignKey: "order_id" } as const;
const deletingItems = { ...hasItems, onReplace: "delete" } as const;
const hasReceipt = { kind: "hasOne", table: "receipts", foreignKey: "order_id" } as const;
const ofCustomer = { kind: "belongsTo", table: "customers", foreignKey: "customer_id" } as const;
const inAddress = { kind: "embedsOne", onReplace: "update" } as const;

const castItem = (item: Partial<Item>, params: unknown): Changeset<Item> => {
  const changeset = cast(item, params, { product: z.string(), quantity: z.int() }) as Changeset<Item>;
  const unique = uniqueConstraint(changeset, ["order_id", "product"], { errorKey: "product" });
  return checkConstraint(unique, "quantity", { name: "items_quantity_check" });
};

const castOrder = (data: object, params: unknown) =>
  castAssoc(cast(data, params, { note: z.string() }), "items", deletingItems, { with: castItem });

async function startShop({ start }: TestedDatabase): Promise<{
  temporary: TemporaryRepo;
  repo: Repo<Shop>;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const temporary = await start({ migrations });
  return {
    temporary,
    repo: temporary.repo as unknown as Repo<Shop>,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** What the items are, by their order. */
async function itemsOf(repo: Repo<Shop>): Promise<[number | null, string, number][]> {
  const items = await repo.db.selectFrom("items").selectAll().orderBy("id").execute();
  return items.map(({ order_id, product, quantity }) => [order_id, product, quantity]);
}

/** An order of two pens and an ink, as it is read again. */
async function placed(repo: Repo<Shop>): Promise<Order & { items: Item[] }> {
  const wanted = [
    { product: "pen", quantity: 2 },
    { product: "ink", quantity: 1 },
  ];
  const result = await repo.insert("orders", castOrder({}, { note: "first", items: wanted }));
  assert.ok(result.ok);
  const { items = [], ...order } = result.value;
  return { ...order, items };
}

describe.each(databases)("rows that belong to a row, $name", (database) => {
  test("are inserted with it, with its id", async () => {
    await using shop = await startShop(database);
    const order = await placed(shop.repo);
    assert.deepEqual(order, {
      id: 1,
      note: "first",
      customer_id: null,
      agent_id: null,
      version: 1,
      address: null,
      items: [
        { id: 1, order_id: 1, product: "pen", quantity: 2 },
        { id: 2, order_id: 1, product: "ink", quantity: 1 },
      ],
    });
    assert.deepEqual(await itemsOf(shop.repo), [
      [1, "pen", 2],
      [1, "ink", 1],
    ]);
  });

  test("are updated, inserted and deleted with it", async () => {
    await using shop = await startShop(database);
    const order = await placed(shop.repo);
    const params = {
      items: [
        { id: "1", quantity: 5 },
        { product: "paper", quantity: 9 },
      ],
    };
    const result = await shop.repo.update("orders", castOrder(order, params));
    assert.ok(result.ok);
    assert.deepEqual(result.value.items, [
      { id: 1, order_id: 1, product: "pen", quantity: 5 },
      { id: 3, order_id: 1, product: "paper", quantity: 9 },
    ]);
    assert.deepEqual(await itemsOf(shop.repo), [
      [1, "pen", 5],
      [1, "paper", 9],
    ]);
  });

  test("are cut off, or deleted, when they leave it", async () => {
    await using shop = await startShop(database);
    const order = await placed(shop.repo);
    const cutOff = putAssoc(change(order), "items", { ...hasItems, onReplace: "nilify" }, []);
    assert.ok((await shop.repo.update("orders", cutOff)).ok);
    assert.deepEqual(await itemsOf(shop.repo), [
      [null, "pen", 2],
      [null, "ink", 1],
    ]);
    const gone = { ...order, items: order.items.map((item) => ({ ...item, id: item.id + 100 })) };
    const strict = putAssoc(change(gone), "items", deletingItems, []);
    await assert.rejects(shop.repo.update("orders", strict), { name: "StaleEntryError" });
    const lenient = putAssoc(change(gone), "items", { ...hasItems, onReplace: "delete_if_exists" }, []);
    assert.ok((await shop.repo.update("orders", lenient)).ok);
  });

  test("are not written, nor is it, if the database refuses one", async () => {
    await using shop = await startShop(database);
    const items = [
      { product: "pen", quantity: 1 },
      { product: "ink", quantity: 0 },
      { product: "ink", quantity: 1 },
    ];
    const result = await shop.repo.insert("orders", castOrder({}, { note: "x", items }));
    assert.ok(!result.ok);
    assert.equal(result.error.action, "insert");
    assert.deepEqual(traverseErrors(result.error), { items: [{}, { quantity: ["is invalid"] }, {}] });
    assert.deepEqual(await shop.repo.all("orders"), []);
    const twice = [items[0], items[0]];
    const refused = await shop.repo.insert("orders", castOrder({}, { note: "x", items: twice }));
    assert.ok(!refused.ok);
    assert.deepEqual(traverseErrors(refused.error), { items: [{}, { product: ["has already been taken"] }] });
    assert.deepEqual(Object.keys(refused.error.nested["items"]?.changes ?? {}).length, 2);
  });

  test("are undone alone where the transaction goes on", async () => {
    await using shop = await startShop(database);
    await shop.repo.transaction(async (_db, transaction) => {
      const items = [{ product: "pen", quantity: 0 }];
      const refused = await transaction.insert("orders", castOrder({}, { note: "refused", items }));
      assert.ok(!refused.ok);
      assert.ok((await transaction.insert("orders", castOrder({}, { note: "kept" }))).ok);
    });
    assert.deepEqual(
      (await shop.repo.all("orders")).map(({ note }) => note),
      ["kept"],
    );
  });

  test("are written by a multi, too", async () => {
    await using shop = await startShop(database);
    const items = [{ product: "pen", quantity: 1 }];
    const result = await shop.repo.transaction(
      Multi.new<Shop>()
        .insert("order", "orders", castOrder({}, { note: "x", items }))
        .run("stop", () => ({ ok: false, error: "no" })),
    );
    assert.equal(result.ok, false);
    assert.deepEqual(await itemsOf(shop.repo), []);
  });

  test("may be one only, which takes the place of the other", async () => {
    await using shop = await startShop(database);
    const order = await placed(shop.repo);
    const first = putAssoc(change({ ...order, receipt: null }), "receipt", hasReceipt, { number: "A" });
    const result = await shop.repo.update("orders", first);
    assert.ok(result.ok);
    const { receipt = null } = result.value;
    assert.deepEqual(receipt, { id: 1, order_id: 1, number: "A" });
    const withReceipt = { ...order, receipt };
    const renamed = putAssoc(
      change(withReceipt),
      "receipt",
      { ...hasReceipt, onReplace: "update" },
      { number: "B" },
    );
    assert.ok((await shop.repo.update("orders", renamed)).ok);
    assert.deepEqual(await shop.repo.all("receipts"), [{ id: 1, order_id: 1, number: "B" }]);
    const replaced = putAssoc(
      change(withReceipt),
      "receipt",
      { ...hasReceipt, onReplace: "delete" },
      { number: "C" },
    );
    assert.ok((await shop.repo.update("orders", replaced)).ok);
    assert.deepEqual(await shop.repo.all("receipts"), [{ id: 2, order_id: 1, number: "C" }]);
  });

  test("may be one to which it belongs, which is written first", async () => {
    await using shop = await startShop(database);
    const draft = putAssoc(change<Order>({}, { note: "x" }), "customer", ofCustomer, { name: "Ada" });
    const result = await shop.repo.insert("orders", draft);
    assert.ok(result.ok);
    assert.equal(result.value.customer_id, 1);
    const { customer } = result.value;
    assert.deepEqual(customer, { id: 1, name: "Ada" });
    const other = putAssoc(
      change({ ...result.value, customer: { id: 1, name: "Ada" } }),
      "customer",
      {
        ...ofCustomer,
        onReplace: "delete",
      },
      { name: "Eva" },
    );
    assert.ok((await shop.repo.update("orders", other as Changeset<{ customer_id: number }>)).ok);
    assert.deepEqual(await shop.repo.all("customers"), [{ id: 2, name: "Eva" }]);
    const refused = putAssoc(
      change<Order>({}, { note: "y" }),
      "customer",
      ofCustomer,
      uniqueConstraint(change<{ name: string }>({}, { name: "Eva" }), "name"),
    );
    const failed = await shop.repo.insert("orders", refused);
    assert.ok(!failed.ok);
    assert.deepEqual(traverseErrors(failed.error), { customer: { name: ["has already been taken"] } });
    assert.equal((await shop.repo.all("orders")).length, 1);
  });
});

describe.each(databases)("parts in a column, $name", (database) => {
  test("are written as JSON, and read as what they stand for", async () => {
    await using shop = await startShop(database);
    const castAddress = (data: object, params: unknown) =>
      castEmbed(cast(data, params, { note: z.string() }), "address", inAddress, {
        with: (address: Partial<Address>, given) => cast(address, given, { city: z.string() }),
      });
    const result = await shop.repo.insert(
      "orders",
      castAddress({}, { note: "x", address: { city: "Bath" } }),
    );
    assert.ok(result.ok);
    assert.deepEqual(result.value.address, { city: "Bath" });
    const [stored] = await shop.repo.all("orders");
    assert.ok(stored);
    assert.equal(stored.address as unknown, '{"city":"Bath"}');
    const moved = await shop.repo.update("orders", castAddress(stored, { address: { city: "Ely" } }));
    assert.ok(moved.ok);
    assert.deepEqual(moved.value.address, { city: "Ely" });
  });
});

describe.each(databases)("constraints, $name", (database) => {
  test("name the foreign key that is broken, of several", async () => {
    await using shop = await startShop(database);
    await shop.repo.insert("customers", change({ name: "Ada" }));
    const declared = (changes: object) => {
      const order = change<{ note: string; customer_id: number; agent_id: number }>({ note: "x" }, changes);
      return assocConstraint(foreignKeyConstraint(order, "agent_id"), "customer", ofCustomer);
    };
    for (const [changes, errors] of [
      [{ customer_id: 1, agent_id: 7 }, { agent_id: ["does not exist"] }],
      [{ customer_id: 7, agent_id: 1 }, { customer: ["does not exist"] }],
      [{ customer_id: 7 }, { customer: ["does not exist"] }],
    ] as const) {
      const result = await shop.repo.insert("orders", declared(changes));
      assert.ok(!result.ok);
      assert.deepEqual(traverseErrors(result.error), errors);
    }
    const undeclared = change<{ note: string; customer_id: number }>({ note: "x" }, { customer_id: 7 });
    await assert.rejects(shop.repo.insert("orders", foreignKeyConstraint(undeclared, "note")), {
      code: "ROOKERY_REPO_CONSTRAINT",
    });
  });

  test("refuse to delete a row that others belong to", async () => {
    await using shop = await startShop(database);
    const { items, ...order } = await placed(shop.repo);
    const declared = noAssocConstraint(
      noAssocConstraint(change(order), "receipt", hasReceipt),
      "items",
      hasItems,
    );
    const result = await shop.repo.delete("orders", declared);
    assert.ok(!result.ok);
    assert.equal(result.error.action, "delete");
    assert.deepEqual(traverseErrors(result.error), { items: ["are still associated with this entry"] });
    assert.deepEqual(result.error.errors[0]?.options, {
      constraint: "no_assoc",
      constraint_name: "items_order_id_fkey",
    });
    await assert.rejects(shop.repo.delete("orders", order), { code: "ROOKERY_REPO_CONSTRAINT" });
    for (const item of items) await shop.repo.delete("items", item);
    assert.ok((await shop.repo.delete("orders", declared)).ok);
  });
});

describe.each(databases)("optimisticLock, $name", (database) => {
  test("lets the first writer of a row win", async () => {
    await using shop = await startShop(database);
    const { items: _, ...order } = await placed(shop.repo);
    const noted = (note: string): Changeset<Order> =>
      optimisticLock(change<Order>(order, { note }), "version");
    const won = await shop.repo.update("orders", noted("mine"));
    assert.ok(won.ok);
    assert.equal(won.value.version, 2);
    const lost = { name: "StaleEntryError", code: "ROOKERY_REPO_STALE", statusCode: 409 };
    await assert.rejects(shop.repo.update("orders", noted("yours")), lost);
    await assert.rejects(shop.repo.delete("orders", optimisticLock(change<Order>(order), "version")), lost);
    const told = await shop.repo.update("orders", noted("yours"), { staleErrorField: "note" });
    assert.ok(!told.ok);
    assert.deepEqual(told.error.errors, [{ field: "note", message: "is stale", options: { stale: true } }]);
    assert.ok((await shop.repo.update("orders", noted("yours"), { allowStale: true })).ok);
    assert.deepEqual(
      (await shop.repo.all("orders")).map(({ note, version }) => [note, version]),
      [["mine", 2]],
    );
  });

  test("also counts what changes of the rows that belong to it", async () => {
    await using shop = await startShop(database);
    const order = await placed(shop.repo);
    const params = { items: [{ id: 1, quantity: 7 }, { id: 2 }] };
    const locked = (): Changeset<Order> =>
      optimisticLock(castOrder(order, params) as unknown as Changeset<Order>, "version");
    const won = await shop.repo.update("orders", locked());
    assert.ok(won.ok);
    assert.equal(won.value.version, 2);
    await assert.rejects(shop.repo.update("orders", locked()), { name: "StaleEntryError" });
  });

  test("compares nothing where nothing changes", async () => {
    await using shop = await startShop(database);
    const { items: _, ...order } = await placed(shop.repo);
    const same = optimisticLock(change<Order>({ ...order, version: 9 }), "version");
    assert.ok((await shop.repo.update("orders", same)).ok);
  });
});

describe.each(databases)("prepareChanges, $name", (database) => {
  test("runs in the transaction, and is undone with it", async () => {
    await using shop = await startShop(database);
    const counting = (note: string): Changeset<Order> =>
      prepareChanges<Order, Shop>(change<Order>({}, { note }), async (changeset, db) => {
        await db.insertInto("customers").values({ name: note }).execute();
        return putChange(changeset, "note", `${note}!`);
      });
    const result = await shop.repo.insert("orders", counting("a"));
    assert.ok(result.ok);
    assert.equal(result.value.note, "a!");
    const undone = shop.repo.insert("orders", forceChange(counting("b"), "version", null));
    await assert.rejects(undone, { code: "ROOKERY_REPO_CONSTRAINT" });
    assert.deepEqual(await shop.repo.all("customers"), [{ id: 1, name: "a" }]);
    const wrong = prepareChanges(change<Order>({}, { note: "x" }), () => 7 as never);
    await assert.rejects(shop.repo.insert("orders", wrong), { code: "ROOKERY_CHANGESET_PREPARE" });
  });
});
