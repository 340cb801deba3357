import { sql } from "kysely";
import type { Clock } from "rookery";
import { Repo } from "rookery/api";
import { accountsMigrations } from "./accounts/migrations.ts";
import type { UserTable } from "./accounts/user.ts";
import type { MessageTable } from "./chat/message.ts";
import { chatMigrations } from "./chat/migrations.ts";
import type { RoomTable } from "./chat/room.ts";
import { ordersMigrations } from "./orders/migrations.ts";
import type { OrderItemTable, OrderTable } from "./orders/order.ts";
import type { ProductTable } from "./orders/product.ts";

/** A transaction of nothing that takes longer than this says that the database is not there for requests either. */
const ANSWER_MS = 1_000;

/** All tables; which context owns which, their files say. */
export interface Database {
  readonly users: UserTable;
  readonly rooms: RoomTable;
  readonly messages: MessageTable;
  readonly products: ProductTable;
  readonly orders: OrderTable;
  readonly order_items: OrderItemTable;
}

/** The repo of the SQLite file at `place`, or of the PostgreSQL that it is the URL of; not running yet. */
export function databaseAt(place: string): Repo<Database> {
  const migrations = [...accountsMigrations, ...chatMigrations, ...ordersMigrations];
  const where = /^postgres(ql)?:/.test(place) ? { url: place } : { path: place };
  return new Repo<Database>({ ...where, migrations, name: "demo.repo" });
}

/** Whether the database reads and takes transactions: what a load balancer has to know before it sends requests here. */
export async function isAnswering(repo: Repo<Database>, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.setTimer(ANSWER_MS, () => late.resolve(false));
  try {
    const asked = repo.transaction(async (db) => {
      await sql`select 1`.execute(db);
      return true;
    });
    return await Promise.race([asked, late.promise]);
  } catch {
    // Why, its own reports say; nobody who asks is told.
    return false;
  } finally {
    timer.cancel();
  }
}
