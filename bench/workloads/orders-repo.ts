import { type Runtime, Supervisor } from "rookery";
import type { Repo } from "rookery/api";
import { PubSub } from "rookery/channels";
import { type Database, databaseAt } from "../../demo/database.ts";
import { databasePath, placeAll, STOCK } from "./orders-database.ts";
import { rate } from "./rate.ts";

const ORDERS = 40_000;

/** The name of the PubSub that runs beside the repo. */
export const PUBSUB = "bench.pubsub";
/** The user who orders. */
export const USER_ID = 1;

/** Orders a second that `placing` places in the demo's repo, on a fresh file and with more stock than is ever taken. */
export async function ordersRate(
  runtime: Runtime,
  placing: (repo: Repo<Database>) => () => Promise<void>,
): Promise<number> {
  const repo = databaseAt(databasePath());
  const tree = await Supervisor.start(runtime, {
    strategy: "one_for_one",
    children: [repo.childSpec(), { id: "pubsub", start: [PubSub], name: PUBSUB }],
  });
  await repo.transaction(async (db) => {
    const user = { id: USER_ID, name: "Ada", email: "ada@example.com", password_hash: "-", inserted_at: "-" };
    await db.insertInto("users").values(user).execute();
    await db.updateTable("products").set({ stock: STOCK }).execute();
  });
  const place = placing(repo);
  const figure = await rate(ORDERS, () => placeAll(ORDERS, place));
  await runtime.stop(tree);
  return figure;
}
