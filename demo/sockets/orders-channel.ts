import {
  Channel,
  type ChannelSocket,
  error,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  push,
} from "rookery/channels";
import type { OrderEvent } from "../orders/order-event.ts";
import type { Orders } from "../orders/orders.ts";
import { orderJson } from "../views/order-json.ts";
import type { UserAssigns } from "./user-socket.ts";

interface OrdersContract {
  readonly assigns: UserAssigns & { readonly orders: Orders };
  readonly info: OrderEvent;
}

type OrdersSocket = ChannelSocket<OrdersContract>;

/** Tells a user, and nobody else, what becomes of their orders. */
export class OrdersChannel extends Channel<OrdersContract> {
  override join(topic: string, _payload: unknown, socket: OrdersSocket): JoinReturn {
    const { orders, userId } = socket.assigns;
    if (topic !== `orders:${userId}`) return error({ reason: "unauthorized" });
    orders.subscribe(this.self, userId);
    return ok(socket);
  }

  override handleInfo({ type, order }: OrderEvent, socket: OrdersSocket): HandleReturn {
    push(socket, type, orderJson(order));
    return noReply(socket);
  }
}
