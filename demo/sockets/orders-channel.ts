import { type ChannelClass, defineChannel, defineContract, error, noReply, ok, push } from "rookery/channels";
import { z } from "zod";
import type { OrderEvent } from "../orders/order-event.ts";
import type { Orders } from "../orders/orders.ts";
import { orderJson } from "../views/order-json.ts";
import type { UserAssigns } from "./user-socket.ts";

const item = z.object({
  product_id: z.int(),
  name: z.string(),
  quantity: z.int(),
  price_cents: z.int(),
});
const order = z.object({
  id: z.int(),
  status: z.enum(["placed", "cancelled"]),
  total_cents: z.int(),
  items: z.array(item).readonly(),
  inserted_at: z.string(),
});

const ordersContract = defineContract({
  join: { error: z.object({ reason: z.literal("unauthorized") }) },
  out: { order_created: order, order_updated: order },
});

interface OrdersTypes {
  readonly assigns: UserAssigns & { readonly orders: Orders };
  readonly info: OrderEvent;
}

/** Tells a user, and nobody else, what becomes of their orders. */
export const OrdersChannel: ChannelClass = defineChannel<typeof ordersContract, OrdersTypes>(ordersContract, {
  name: "OrdersChannel",
  join(topic, _params, socket) {
    const { orders, userId } = socket.assigns;
    if (topic !== `orders:${userId}`) return error({ reason: "unauthorized" });
    orders.subscribe(this.self, userId);
    return ok(socket);
  },
  handleInfo(event, socket) {
    push(socket, event.type, orderJson(event.order));
    return noReply(socket);
  },
});
