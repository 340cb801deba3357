import type { Order } from "./order.ts";

/** What the subscribers of a user's orders receive. */
export class OrderCreated {
  readonly order: Order;

  constructor(order: Order) {
    this.order = order;
  }
}

export class OrderUpdated {
  readonly order: Order;

  constructor(order: Order) {
    this.order = order;
  }
}

export type OrderEvent = OrderCreated | OrderUpdated;
