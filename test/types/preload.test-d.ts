import { associations, prepared, type Repo } from "rookery/api";
import type { Generated, Kysely } from "kysely";

interface Shop {
  users: { id: Generated<number>; name: string };
  orders: { id: Generated<number>; user_id: number; note: string | null };
  products: { id: Generated<number>; name: string };
  order_items: { order_id: number; product_id: number };
}

const shop = associations<Shop>()({
  users: { orders: { kind: "hasMany", table: "orders", foreignKey: "user_id" } },
  orders: {
    user: { kind: "belongsTo", table: "users", foreignKey: "user_id" },
    products: {
      kind: "manyToMany",
      table: "products",
      through: "order_items",
      foreignKey: "order_id",
      otherKey: "product_id",
    },
  },
});

declare const repo: Repo<Shop>;
declare const users: { id: number; name: string; extra: boolean }[];

const [user] = await repo.preload(users, shop.users, { orders: { products: true, user: true } });
user!.extra satisfies boolean;
user!.orders[0]!.note satisfies string | null;
user!.orders[0]!.products[0]!.name satisfies string;
user!.orders[0]!.user?.name satisfies string | undefined;
// @ts-expect-error -- an order may have lost its user
user!.orders[0]!.user.name satisfies string;
// @ts-expect-error -- a note is no number
user!.orders[0]!.note satisfies number | null;

const [plain] = await repo.preload(users, shop.users, { orders: true });
// @ts-expect-error -- products were not asked for
void plain!.orders[0]!.products;
// @ts-expect-error -- there is no such association
await repo.preload(users, shop.users, { invoices: true });

associations<Shop>()({
  // @ts-expect-error -- orders have no such column
  users: { orders: { kind: "hasMany", table: "orders", foreignKey: "owner_id" } },
});

const named = prepared((db: Kysely<Shop>, { name }: { name: string }) =>
  db.selectFrom("users").select("id").where("name", "=", name),
);
(await named(repo.db, { name: "Ada" })) satisfies { id: number }[];
// @ts-expect-error -- a name is no number
await named(repo.db, { name: 1 });

await repo.updateAll("orders", { note: null }, (row) => row("user_id", "=", 1));
// @ts-expect-error -- orders have no such column
await repo.updateAll("orders", { notes: null });
(await repo.max("orders", "user_id")) satisfies number | undefined;
// @ts-expect-error -- orders have no such column
await repo.sum("orders", "total");
// @ts-expect-error -- users have no such column
await repo.getBy("users", { email: "ada" });
