import type { Kysely } from "kysely";
import { columnTypes, type Migration } from "rookery/api";
import type { RoomTable } from "./room.ts";

export const chatMigrations: readonly Migration[] = [
  {
    version: 20261122060100,
    name: "create rooms and messages",
    async up(db: Kysely<unknown>) {
      const { id, integer, timestamp } = columnTypes(db);
      await db.schema
        .createTable("rooms")
        .addColumn("id", ...id)
        .addColumn("name", "text", (column) => column.notNull().unique())
        .execute();
      await db.schema
        .createTable("messages")
        .addColumn("id", ...id)
        .addColumn("room_id", integer, (column) => column.notNull().references("rooms.id"))
        .addColumn("user_id", integer, (column) => column.notNull().references("users.id"))
        .addColumn("body", "text", (column) => column.notNull())
        .addColumn("inserted_at", timestamp, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("messages_of_room").on("messages").columns(["room_id", "id"]).execute();
    },
    async down(db: Kysely<unknown>) {
      await db.schema.dropTable("messages").execute();
      await db.schema.dropTable("rooms").execute();
    },
  },
  {
    version: 20261122060200,
    name: "seed rooms",
    async up(db: Kysely<unknown>) {
      const rooms = ["General", "Field notes", "Night roost", "Off topic"].map((name) => ({ name }));
      await (db as Kysely<{ rooms: RoomTable }>).insertInto("rooms").values(rooms).execute();
    },
    down() {
      // The rooms go with their table.
    },
  },
];
