import { Supervisor } from "rookery";
import { PubSub } from "rookery/channels";
import { databaseAt } from "../../demo/database.ts";
import { Orders } from "../../demo/orders/orders.ts";
import { databasePath, placeAll, STOCK, WISH } from "./orders-database.ts";
import { rate } from "./rate.ts";
import type { Workload } from "./workload.ts";

const ORDERS = 40_000;

/** Durable orders a second by the demo's context: a Multi each, committed in groups. */
export const run: Workload = async (runtime) => {
  const repo = databaseAt(databasePath());
  const tree = await Supervisor.start(runtime, {
    strategy: "one_for_one",
    children: [repo.childSpec(), { id: "pubsub", start: [PubSub], name: "bench.pubsub" }],
  });
  await repo.transaction(async (db) => {
    const user = { name: "Ada", email: "ada@example.com", password_hash: "-", inserted_at: "-" };
    await db.insertInto("users").values(user).execute();
    await db.updateTable("products").set({ stock: STOCK }).execute();
  });
  const orders = new Orders({ repo, runtime, pubsub: "bench.pubsub" });
  const figure = await rate(ORDERS, () =>
    placeAll(ORDERS, async () => {
      const { ok } = await orders.place(1, { items: [WISH] });
      if (!ok) throw new Error("an order was refused");
    }),
  );
  await runtime.stop(tree);
  return figure;
};
