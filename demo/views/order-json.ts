import type { Page } from "rookery/api";
import { z } from "zod";
import type { Order, OrderItem, OrderStatus } from "../orders/order.ts";

/** An order as its user sees it, over HTTP and over a channel. */
export interface OrderJson {
  readonly id: number;
  readonly status: OrderStatus;
  readonly total_cents: number;
  readonly items: readonly OrderItem[];
  readonly inserted_at: string;
}

const item = z.object({ product_id: z.int(), name: z.string(), quantity: z.int(), price_cents: z.int() });

export const orderSchema: z.ZodType<OrderJson, OrderJson> = z
  .object({
    id: z.int(),
    status: z.enum(["placed", "cancelled"]),
    total_cents: z.int(),
    items: z.array(item).readonly(),
    inserted_at: z.string(),
  })
  .meta({ id: "Order" });

export function orderJson({ id, status, total_cents, items, inserted_at }: Order): OrderJson {
  return { id, status, total_cents, items, inserted_at };
}

export function ordersJson({ data, meta }: Page<Order>): Page<OrderJson> {
  return { data: data.map(orderJson), meta };
}
