import { factoriesOf, type FactoryDefinition } from "../../../api/testing.ts";
import type { Shop } from "./shop.ts";

const defineFactory = factoriesOf<Shop>();

export const users: FactoryDefinition<Shop, "users"> = defineFactory("users", ({ n }) => ({
  email: `user${n}@example.com`,
  name: "Ada",
}));

export const orders: FactoryDefinition<Shop, "orders"> = defineFactory("orders", ({ parent, random }) => ({
  user_id: parent(users),
  total_cents: random.below(1_000_000),
}));
