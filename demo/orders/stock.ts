import type { Kysely } from "kysely";
import { prepared, type StepResult } from "rookery/api";
import type { Database } from "../database.ts";
import type { OrderItem, Wish } from "./order.ts";

/** Without a row, if there is not so much of it. Prepared: with many orders a second, most of an order is here. */
const takeOne = prepared((db: Kysely<Database>, { product_id, quantity }: Wish) =>
  db
    .updateTable("products")
    .set((row) => ({ stock: row("stock", "-", quantity) }))
    .where("id", "=", product_id)
    .where("stock", ">=", quantity)
    .returning(["name", "price_cents"]),
);

/**
 * Takes what is wished for off the stock, at today's prices. Answers the items, or one sentence for each product of which there
 * is not enough; then the transaction that this is part of has to be undone.
 */
export async function takeStock(
  db: Kysely<Database>,
  wishes: readonly Wish[],
): Promise<StepResult<readonly OrderItem[], readonly string[]>> {
  const items: OrderItem[] = [];
  const problems: string[] = [];
  for (const { product_id, quantity } of wishes) {
    const [product] = await takeOne(db, { product_id, quantity });
    if (product === undefined) problems.push(await shortage(db, product_id));
    else items.push({ product_id, name: product.name, quantity, price_cents: product.price_cents });
  }
  return problems.length === 0 ? { ok: true, value: items } : { ok: false, error: problems };
}

export async function putStockBack(db: Kysely<Database>, items: readonly Wish[]): Promise<void> {
  for (const { product_id, quantity } of items) {
    await db
      .updateTable("products")
      .set((row) => ({ stock: row("stock", "+", quantity) }))
      .where("id", "=", product_id)
      .execute();
  }
}

async function shortage(db: Kysely<Database>, productId: number): Promise<string> {
  const product = await db
    .selectFrom("products")
    .select(["name", "stock"])
    .where("id", "=", productId)
    .executeTakeFirst();
  if (product === undefined) return `product ${productId} does not exist`;
  return product.stock === 0
    ? `${product.name} is sold out`
    : `only ${product.stock} of ${product.name} left`;
}
