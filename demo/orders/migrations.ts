import { type Kysely, sql } from "kysely";
import { columnTypes, type Migration } from "rookery/api";
import type { ProductTable } from "./product.ts";

export const ordersMigrations: readonly Migration[] = [
  {
    version: 20261122060300,
    name: "create products and orders",
    async up(db: Kysely<unknown>) {
      const { id, integer, timestamp } = columnTypes(db);
      await db.schema
        .createTable("products")
        .addColumn("id", ...id)
        .addColumn("sku", "text", (column) => column.notNull().unique())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("price_cents", integer, (column) => column.notNull())
        .addColumn("stock", integer, (column) => column.notNull().check(sql`stock >= 0`))
        .execute();
      await db.schema
        .createTable("orders")
        .addColumn("id", ...id)
        .addColumn("user_id", integer, (column) => column.notNull().references("users.id"))
        .addColumn("status", "text", (column) => column.notNull())
        .addColumn("total_cents", integer, (column) => column.notNull())
        .addColumn("inserted_at", timestamp, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("orders_of_user").on("orders").columns(["user_id", "id"]).execute();
      await db.schema
        .createTable("order_items")
        .addColumn("order_id", integer, (column) => column.notNull().references("orders.id"))
        .addColumn("product_id", integer, (column) => column.notNull().references("products.id"))
        .addColumn("quantity", integer, (column) => column.notNull().check(sql`quantity > 0`))
        .addColumn("price_cents", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("order_items_key", ["order_id", "product_id"])
        .execute();
    },
    async down(db: Kysely<unknown>) {
      for (const table of ["order_items", "orders", "products"]) await db.schema.dropTable(table).execute();
    },
  },
  {
    version: 20261122060400,
    name: "seed products",
    async up(db: Kysely<unknown>) {
      const products = [
        { sku: "BOX-SWIFT", name: "Swift nest box", price_cents: 3450, stock: 120 },
        { sku: "BOX-OWL", name: "Little owl nest box", price_cents: 6900, stock: 4 },
        { sku: "SEED-SUN", name: "Sunflower hearts, 1 kg", price_cents: 790, stock: 100_000 },
        { sku: "SEED-WINTER", name: "Winter seed mix, 2 kg", price_cents: 1150, stock: 240 },
        { sku: "GLASS-8X32", name: "Field binoculars 8×32", price_cents: 18900, stock: 3 },
        { sku: "BOOK-GUIDE", name: "Pocket field guide", price_cents: 1890, stock: 60 },
        { sku: "MUG-ROOK", name: "Enamel mug with a rook", price_cents: 1490, stock: 80 },
        { sku: "BATH-STONE", name: "Stone bird bath", price_cents: 8900, stock: 1 },
      ];
      await (db as Kysely<{ products: ProductTable }>).insertInto("products").values(products).execute();
    },
    down() {
      // The products go with their table.
    },
  },
];
