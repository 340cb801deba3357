/** So many different quantities are ordered: by its quantity an order is told from others of its user. */
const QUANTITIES = 50;

/** Something said, once: nothing else has its body. */
export interface SaidMessage {
  readonly body: string;
  /** Its id, once it was acknowledged. */
  id: number | undefined;
}

export interface AskedOrder {
  readonly userId: number;
  /** Of the product that there is most of. */
  readonly quantity: number;
  /** Its id, once it was acknowledged. */
  id: number | undefined;
  cancel: "not asked" | "asked" | "acknowledged";
}

/** What clients have asked for, and what of it was acknowledged to them. */
export class Ledger {
  readonly messages: SaidMessage[] = [];
  readonly orders: AskedOrder[] = [];

  say(who: string): SaidMessage {
    const message = { body: `${who} says ${this.messages.length}`, id: undefined };
    this.messages.push(message);
    return message;
  }

  order(userId: number): AskedOrder {
    const quantity = (this.orders.length % QUANTITIES) + 1;
    const order: AskedOrder = { userId, quantity, id: undefined, cancel: "not asked" };
    this.orders.push(order);
    return order;
  }

  get acknowledgedMessages(): number {
    return this.messages.filter(({ id }) => id !== undefined).length;
  }

  get acknowledgedOrders(): number {
    return this.orders.filter(({ id }) => id !== undefined).length;
  }
}
