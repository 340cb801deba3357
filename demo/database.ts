import { Repo } from "rookery/api";
import { accountsMigrations } from "./accounts/migrations.ts";
import type { UserTable } from "./accounts/user.ts";
import type { MessageTable } from "./chat/message.ts";
import { chatMigrations } from "./chat/migrations.ts";
import type { RoomTable } from "./chat/room.ts";
import { ordersMigrations } from "./orders/migrations.ts";
import type { OrderItemTable, OrderTable } from "./orders/order.ts";
import type { ProductTable } from "./orders/product.ts";

/** All tables; which context owns which, their files say. */
export interface Database {
  readonly users: UserTable;
  readonly rooms: RoomTable;
  readonly messages: MessageTable;
  readonly products: ProductTable;
  readonly orders: OrderTable;
  readonly order_items: OrderItemTable;
}

/** The repo of the SQLite file at `path`; not running yet. */
export function databaseAt(path: string): Repo<Database> {
  const migrations = [...accountsMigrations, ...chatMigrations, ...ordersMigrations];
  return new Repo<Database>({ path, migrations, name: "demo.repo" });
}
