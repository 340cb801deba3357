import type { Generated } from "kysely";
import { sql } from "kysely";
import type { Migration } from "../../../api/repo/migrator.ts";
import { Repo } from "../../../api/repo/repo.ts";

/** The database of the tests of tests. */
export interface Shop {
  users: { id: Generated<number>; email: string; name: string | null };
  orders: { id: Generated<number>; user_id: number; status: Generated<string>; total_cents: number };
}

let migrated = 0;

/** How often a database was migrated in this process. */
export function migrations(): number {
  return migrated;
}

const shopMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "create users and orders",
    up: async (db) => {
      migrated += 1;
      await sql`CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT)`.execute(
        db,
      );
      await sql`CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES users (id),
        status TEXT DEFAULT 'placed',
        total_cents INTEGER NOT NULL
      )`.execute(db);
    },
  },
];

export function shopAt(path: string): Repo<Shop> {
  return new Repo<Shop>({ path, migrations: shopMigrations, name: "shop" });
}
