import type { Kysely } from "kysely";
import { columnTypes, type Migration } from "rookery/api";

export const accountsMigrations: readonly Migration[] = [
  {
    version: 20261122060000,
    name: "create users",
    async up(db: Kysely<unknown>) {
      const { id, timestamp } = columnTypes(db);
      await db.schema
        .createTable("users")
        .addColumn("id", ...id)
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("email", "text", (column) => column.notNull().unique())
        .addColumn("password_hash", "text", (column) => column.notNull())
        .addColumn("inserted_at", timestamp, (column) => column.notNull())
        .execute();
    },
    async down(db: Kysely<unknown>) {
      await db.schema.dropTable("users").execute();
    },
  },
];
