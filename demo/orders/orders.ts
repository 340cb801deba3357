import type { Insertable, Kysely, Selectable } from "kysely";
import type { Runtime, Self } from "rookery";
import {
  addError,
  change,
  type Changeset,
  Multi,
  type PageParams,
  type PageResult,
  prepared,
  preparedPage,
  type Repo,
} from "rookery/api";
import { PubSub } from "rookery/channels";
import type { Database } from "../database.ts";
import {
  type Order,
  type OrderItem,
  type OrderItemTable,
  type OrderRequest,
  orderRequest,
  type OrderTable,
  summed,
} from "./order.ts";
import type { OrderEvent } from "./order-event.ts";
import type { Product } from "./product.ts";
import { putStockBack, takeStock } from "./stock.ts";

export interface OrdersOptions {
  readonly repo: Repo<Database>;
  readonly runtime: Runtime;
  /** The name of the PubSub on which changes are told. */
  readonly pubsub: string;
}

export type PlaceResult =
  | { readonly ok: true; readonly order: Order }
  | { readonly ok: false; readonly error: Changeset<OrderRequest> };

export type CancelResult =
  | { readonly ok: true; readonly order: Order }
  | { readonly ok: false; readonly error: "not_found" | "conflict" };

/** What there is to order, and who has ordered what. Every change is told to the subscribers of its user. */
export class Orders {
  readonly #repo: Repo<Database>;
  readonly #runtime: Runtime;
  readonly #pubsub: string;

  constructor({ repo, runtime, pubsub }: OrdersOptions) {
    this.#repo = repo;
    this.#runtime = runtime;
    this.#pubsub = pubsub;
  }

  /** From now on the calling process receives an OrderEvent for each change of this user's orders. */
  subscribe(self: Self, userId: number): void {
    PubSub.subscribe(self, this.#pubsub, topicOf(userId));
  }

  products(params: PageParams): Promise<PageResult<Product>> {
    return productsPage(this.#repo.db, {}, params);
  }

  /**
   * Places an order of what a client asked for: stock is taken, the order and its items are written, or nothing is. Fails if the
   * request is no order, or there is not enough of something. Once this resolves, the order is on the disk.
   */
  async place(userId: number, params: unknown): Promise<PlaceResult> {
    const request = orderRequest(params);
    if (!request.valid) return { ok: false, error: request };
    const wishes = summed(request.changes.items ?? []);
    const inserted_at = new Date(this.#runtime.clock.systemTimeMs()).toISOString();
    const result = await this.#repo.transaction(
      Multi.new<Database>()
        .run("items", (db) => takeStock(db, wishes))
        .insert("order", "orders", ({ items }) =>
          change({ user_id: userId, status: "placed", total_cents: totalOf(items), inserted_at }),
        )
        .run("order_items", async (db, { order, items }) => {
          const rows = items.map(({ name: _, ...item }) => ({ order_id: order.id, ...item }));
          for (const row of rows) await insertItem(db, row);
          return { ok: true, value: rows };
        }),
    );
    if (!result.ok) {
      const problems = result.value as readonly string[];
      return {
        ok: false,
        error: problems.reduceRight((error, text) => addError(error, "items", text), request),
      };
    }
    const order = { ...result.changes.order, items: result.changes.items };
    this.#tell({ type: "order_created", order });
    return { ok: true, order };
  }

  /** Cancels an order of this user and puts its items back in stock. Fails with `"conflict"` if that was done before. */
  async cancel(userId: number, id: number): Promise<CancelResult> {
    const result = await this.#repo.transaction(async (db): Promise<CancelResult> => {
      const cancelled = await db
        .updateTable("orders")
        .set({ status: "cancelled" })
        .where("id", "=", id)
        .where("user_id", "=", userId)
        .where("status", "=", "placed")
        .returningAll()
        .executeTakeFirst();
      if (cancelled === undefined) {
        return { ok: false, error: (await orderOf(db, userId, id)) ? "conflict" : "not_found" };
      }
      const [order] = (await withItems(db, [cancelled])) as [Order];
      await putStockBack(db, order.items);
      return { ok: true, order };
    });
    if (result.ok) this.#tell({ type: "order_updated", order: result.order });
    return result;
  }

  order(userId: number, id: number): Promise<Order | undefined> {
    return orderOf(this.#repo.db, userId, id);
  }

  /** The orders of a user, the newest first. */
  async orders(userId: number, params: PageParams): Promise<PageResult<Order>> {
    const result = await ordersPage(this.#repo.db, { userId }, params);
    if (!result.ok) return result;
    const { data, meta } = result.value;
    return { ok: true, value: { data: await withItems(this.#repo.db, data), meta } };
  }

  #tell(event: OrderEvent): void {
    PubSub.broadcast(this.#runtime, this.#pubsub, topicOf(event.order.user_id), event);
  }
}

const productsPage = preparedPage((db: Kysely<Database>) => db.selectFrom("products").selectAll(), {
  orderBy: [{ column: "id", type: "number" }],
});

const ordersPage = preparedPage(
  (db: Kysely<Database>, { userId }: { readonly userId: number }) =>
    db.selectFrom("orders").selectAll().where("user_id", "=", userId),
  { orderBy: [{ column: "id", type: "number", direction: "desc" }] },
);

const insertItem = prepared((db: Kysely<Database>, item: Insertable<OrderItemTable>) => {
  const { order_id, product_id, quantity, price_cents } = item;
  return db.insertInto("order_items").values({ order_id, product_id, quantity, price_cents });
});

function topicOf(userId: number): string {
  return `user:${userId}:orders`;
}

function totalOf(items: readonly OrderItem[]): number {
  return items.reduce((sum, { quantity, price_cents }) => sum + quantity * price_cents, 0);
}

async function orderOf(db: Kysely<Database>, userId: number, id: number): Promise<Order | undefined> {
  const query = db.selectFrom("orders").selectAll().where("id", "=", id).where("user_id", "=", userId);
  const [order] = await withItems(db, await query.execute());
  return order;
}

async function withItems(db: Kysely<Database>, orders: readonly Selectable<OrderTable>[]): Promise<Order[]> {
  const ids = orders.map(({ id }) => id);
  const rows = await db
    .selectFrom("order_items as item")
    .innerJoin("products as product", "product.id", "item.product_id")
    .select(["item.order_id", "item.product_id", "product.name", "item.quantity", "item.price_cents"])
    .where("item.order_id", "in", ids)
    .orderBy("item.product_id")
    .execute();
  const items = Map.groupBy(rows, ({ order_id }) => order_id);
  return orders.map((order) => ({
    ...order,
    items: (items.get(order.id) ?? []).map(({ order_id: _, ...item }) => item),
  }));
}
