import { databasePath, placeAll, WISH } from "./orders-database.ts";
import { PlainOrders } from "./plain-orders.ts";
import { rate } from "./rate.ts";
import type { Workload } from "./workload.ts";

const ORDERS = 10_000;

/** Durable orders a second by plain better-sqlite3, with a commit for each. */
export const run: Workload = () => {
  const orders = new PlainOrders(databasePath());
  return rate(ORDERS, () => placeAll(ORDERS, async () => void orders.place(WISH.product_id, WISH.quantity)));
};
