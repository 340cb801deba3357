// A case knows its repo and its users, a factory its columns.
import type { Generated } from "kysely";
import { defineRouter, type Repo } from "rookery/api";
import { type Conn, connCase, dataCase, factoriesOf } from "rookery/api/testing";

interface Shop {
  users: { id: Generated<number>; email: string; name: string | null };
  posts: { id: Generated<number>; user_id: number };
}

declare function shopAt(path: string): Repo<Shop>;
const router = defineRouter(() => []);
const defineFactory = factoriesOf<Shop>();
const users = defineFactory("users", ({ n }) => ({ email: `user${n}@example.com`, name: "Ada" }));
const posts = defineFactory("posts", ({ parent }) => ({ user_id: parent(users) }));

export async function cases(): Promise<void> {
  const shop = await connCase({
    repo: shopAt,
    router: ({ repo }) => {
      repo satisfies Repo<Shop>;
      return router;
    },
    logIn: (conn, user: { readonly id: number }) => conn.putBearer(String(user.id)),
  });
  shop.repo satisfies Repo<Shop>;
  shop.logInAs(shop.conn, { id: 1 }) satisfies Conn;
  // @ts-expect-error -- no user of this application
  shop.logInAs(shop.conn, { email: "ada@example.com" });

  const plain = await connCase({ router });
  plain.repo satisfies undefined;
  // @ts-expect-error -- nothing says how to log in
  plain.logInAs(plain.conn, { id: 1 });

  const { factory } = await dataCase({ repo: shopAt });
  const user = await factory.insert(users, { name: null });
  user.id satisfies number;
  factory.build(users).email satisfies string;
  factory.build(posts).user_id satisfies number | undefined;
  // @ts-expect-error -- no such column
  await factory.insert(users, { age: 7 });
  // @ts-expect-error -- a parent with an id of another type
  defineFactory("users", ({ parent }) => ({ email: parent(users) }));
}
