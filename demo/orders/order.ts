import type { Generated, Selectable } from "kysely";
import { cast, type Changeset, validateLength, validateRequired } from "rookery/api";
import { z } from "zod";

const ITEMS_MAX = 50;
const QUANTITY_MAX = 1_000;

export type OrderStatus = "placed" | "cancelled";

export interface OrderTable {
  readonly id: Generated<number>;
  readonly user_id: number;
  readonly status: OrderStatus;
  readonly total_cents: number;
  readonly inserted_at: string;
}

/** `price_cents` is the price of one when the order was placed. */
export interface OrderItemTable {
  readonly order_id: number;
  readonly product_id: number;
  readonly quantity: number;
  readonly price_cents: number;
}

/** An item with the name of its product. */
export interface OrderItem {
  readonly product_id: number;
  readonly name: string;
  readonly quantity: number;
  readonly price_cents: number;
}

export interface Order extends Selectable<OrderTable> {
  readonly items: readonly OrderItem[];
}

/** What a client wants of a product. */
export interface Wish {
  readonly product_id: number;
  readonly quantity: number;
}

export interface OrderRequest {
  readonly items: readonly Wish[];
}

const between = { error: `must have quantities from 1 to ${QUANTITY_MAX}` };
const wish = z.object({ product_id: z.int(), quantity: z.int().min(1, between).max(QUANTITY_MAX, between) });
/** A body has room for 300,000 items: what is wrong with each would take seconds, in which nobody else is served. */
const wishes = z
  .array(z.unknown())
  .max(ITEMS_MAX, { error: `should have at most ${ITEMS_MAX} item(s)` })
  .pipe(z.array(wish));

export function orderRequest(params: unknown): Changeset<OrderRequest> {
  let changeset: Changeset<OrderRequest> = cast({}, params, { items: wishes });
  changeset = validateRequired(changeset, ["items"]);
  return validateLength(changeset, "items", { min: 1 });
}

/** One wish a product, whatever a client repeats, in the order of the products. */
export function summed(items: readonly Wish[]): readonly Wish[] {
  const quantities = new Map<number, number>();
  for (const { product_id, quantity } of items) {
    quantities.set(product_id, (quantities.get(product_id) ?? 0) + quantity);
  }
  const wishes = [...quantities].map(([product_id, quantity]) => ({ product_id, quantity }));
  return wishes.sort((a, b) => a.product_id - b.product_id);
}
