import { Orders } from "../../demo/orders/orders.ts";
import { WISH } from "./orders-database.ts";
import { ordersRate, PUBSUB, USER_ID } from "./orders-repo.ts";
import type { Workload } from "./workload.ts";

/** Durable orders a second by the demo's context: what a client sent is validated, a Multi writes it, subscribers are told. */
export const run: Workload = (runtime) =>
  ordersRate(runtime, (repo) => {
    const orders = new Orders({ repo, runtime, pubsub: PUBSUB });
    return async () => {
      const { ok } = await orders.place(USER_ID, { items: [WISH] });
      if (!ok) throw new Error("an order was refused");
    };
  });
