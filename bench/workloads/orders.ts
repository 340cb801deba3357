import type { Insertable, Kysely } from "kysely";
import { prepared } from "rookery/api";
import type { Database } from "../../demo/database.ts";
import type { OrderItemTable, OrderTable, Wish } from "../../demo/orders/order.ts";
import { WISH } from "./orders-database.ts";
import { ordersRate, USER_ID } from "./orders-repo.ts";
import type { Workload } from "./workload.ts";

const take = prepared((db: Kysely<Database>, { product_id, quantity }: Wish) =>
  db
    .updateTable("products")
    .set((row) => ({ stock: row("stock", "-", quantity) }))
    .where("id", "=", product_id)
    .where("stock", ">=", quantity)
    .returning(["name", "price_cents"]),
);

const insertOrder = prepared((db: Kysely<Database>, order: Insertable<OrderTable>) => {
  const { user_id, status, total_cents, inserted_at } = order;
  return db.insertInto("orders").values({ user_id, status, total_cents, inserted_at }).returning("id");
});

const insertItem = prepared((db: Kysely<Database>, item: Insertable<OrderItemTable>) => {
  const { order_id, product_id, quantity, price_cents } = item;
  return db.insertInto("order_items").values({ order_id, product_id, quantity, price_cents });
});

/** Durable orders a second at the Repo: the queries that the plain contender makes, in a transaction each, committed in groups. */
export const run: Workload = (runtime) =>
  ordersRate(
    runtime,
    (repo) => () =>
      repo.transaction(async (db) => {
        const { product_id, quantity } = WISH;
        const [product] = await take(db, WISH);
        if (product === undefined) throw new Error("sold out");
        const { price_cents } = product;
        const inserted_at = new Date().toISOString();
        const [order] = await insertOrder(db, {
          user_id: USER_ID,
          status: "placed",
          total_cents: price_cents * quantity,
          inserted_at,
        });
        await insertItem(db, { order_id: order!.id, product_id, quantity, price_cents });
      }),
  );
