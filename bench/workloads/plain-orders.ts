import Database from "better-sqlite3";
import { STOCK } from "./orders-database.ts";

/** As many as the demo has. */
const PRODUCTS = 8;

export interface PlainOrder {
  readonly id: number;
  readonly status: "placed";
  readonly total_cents: number;
  readonly items: readonly {
    readonly product_id: number;
    readonly name: string;
    readonly quantity: number;
    readonly price_cents: number;
  }[];
}

/** Orders as plain SQL with a commit for each, in a database of the same shape and with the same durability. */
export class PlainOrders {
  readonly #products: Database.Statement;
  readonly #take: Database.Statement;
  readonly #insertOrder: Database.Statement;
  readonly #insertItem: Database.Statement;
  readonly #place: (productId: number, quantity: number) => PlainOrder;

  constructor(path: string) {
    const database = new Database(path);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec(`
      CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, name TEXT NOT NULL, price_cents INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0));
      CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, status TEXT NOT NULL, total_cents INTEGER NOT NULL, inserted_at TEXT NOT NULL);
      CREATE INDEX orders_of_user ON orders (user_id, id);
      CREATE TABLE order_items (order_id INTEGER NOT NULL REFERENCES orders (id), product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL, PRIMARY KEY (order_id, product_id));
    `);
    const insertProduct = database.prepare("INSERT INTO products VALUES (?, ?, ?, 790, ?)");
    for (let id = 1; id <= PRODUCTS; id += 1)
      insertProduct.run(id, `SEED-${id}`, "Sunflower hearts, 1 kg", STOCK);
    this.#products = database.prepare("SELECT * FROM products ORDER BY id LIMIT 51");
    this.#take = database.prepare(
      "UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ? RETURNING name, price_cents",
    );
    this.#insertOrder = database.prepare(
      "INSERT INTO orders (user_id, status, total_cents, inserted_at) VALUES (?, 'placed', ?, ?)",
    );
    this.#insertItem = database.prepare("INSERT INTO order_items VALUES (?, ?, ?, ?)");
    this.#place = database.transaction((productId: number, quantity: number) =>
      this.#write(productId, quantity),
    );
  }

  /** Once this returns, the order is on the disk. */
  place(productId: number, quantity: number): PlainOrder {
    return this.#place(productId, quantity);
  }

  products(): unknown[] {
    return this.#products.all();
  }

  #write(product_id: number, quantity: number): PlainOrder {
    const taken = this.#take.get(quantity, product_id, quantity) as
      | { name: string; price_cents: number }
      | undefined;
    if (taken === undefined) throw new Error("sold out");
    const total_cents = taken.price_cents * quantity;
    const { lastInsertRowid } = this.#insertOrder.run(1, total_cents, new Date().toISOString());
    this.#insertItem.run(lastInsertRowid, product_id, quantity, taken.price_cents);
    return {
      id: Number(lastInsertRowid),
      status: "placed",
      total_cents,
      items: [{ product_id, quantity, ...taken }],
    };
  }
}
