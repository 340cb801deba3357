import type { Order } from "./order.ts";

/** What the subscribers of a user's orders receive, on whichever shard they are: plain data. */
export interface OrderEvent {
  readonly type: "order_created" | "order_updated";
  readonly order: Order;
}
