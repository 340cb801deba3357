import SqliteDatabase from "better-sqlite3";
import { Client } from "pg";
import { onTestFinished } from "vitest";
import type { Repo } from "rookery/api";
import {
  type Conn,
  type ConnCase,
  connCase,
  factoriesOf,
  type FactoryDefinition,
  jsonResponse,
} from "rookery/api/testing";
import { PubSub } from "rookery/channels";
import { VirtualClock } from "rookery/testing";
import { Accounts } from "../../demo/accounts/accounts.ts";
import type { User } from "../../demo/accounts/user.ts";
import { Chat } from "../../demo/chat/chat.ts";
import { type Database, databaseAt, isAnswering } from "../../demo/database.ts";
import { names } from "../../demo/demo-tree.ts";
import { Orders } from "../../demo/orders/orders.ts";
import { type Contexts, demoRouter } from "../../demo/router.ts";
import { SECRET } from "./running-demo.ts";

let postgres: { readonly postgres?: string } = {};

/** From now on the cases of this test file have their databases on the PostgreSQL of `url`. */
export function useDemoOn(url: string): void {
  postgres = { postgres: url };
}

/** What a query answers to somebody who has nothing to do with the demo. */
export async function readFrom(database: string, sql: string): Promise<unknown[]> {
  if (postgres.postgres === undefined) {
    const file = new SqliteDatabase(database, { readonly: true });
    const rows = file.prepare(sql).all();
    file.close();
    return rows;
  }
  const client = new Client(database);
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

/** Users whom `logInAs` lets in: nobody knows their passwords. */
export const users: FactoryDefinition<Database, "users"> = factoriesOf<Database>()("users", ({ n }) => ({
  name: "Ada",
  email: `user${n}@example.com`,
  password_hash: "",
  inserted_at: "2026-01-01T00:00:00.000Z",
}));

/** Somebody who is signed in. */
export interface SignedInUser extends User {
  readonly conn: Conn;
}

export interface DemoCase extends ConnCase<Repo<Database>, User>, Contexts {
  readonly clock: VirtualClock;
  /** Makes a user and signs it in. */
  signIn(this: void, name?: string): Promise<SignedInUser>;
}

/** The demo's API with its contexts, on a database of the test's own, without a network. Ends with the test. */
export async function demoCase(): Promise<DemoCase> {
  const clock = new VirtualClock();
  let contexts!: Contexts;
  const it = await connCase({
    repo: databaseAt,
    ...postgres,
    clock,
    children: [{ id: "pubsub", name: names.pubsub, start: [PubSub, {}] }],
    router: ({ repo, runtime }) => {
      contexts = {
        accounts: new Accounts({ repo, clock, secretKeyBase: SECRET }),
        chat: new Chat({ repo, clock }),
        orders: new Orders({ repo, runtime, pubsub: names.pubsub }),
      };
      return demoRouter(contexts, () => isAnswering(repo, clock));
    },
    logIn: (conn, user: User) => conn.putBearer(contexts.accounts.tokenFor(user)),
    onTestFinished,
  });
  const signIn = async (name: string = "Ada"): Promise<SignedInUser> => {
    const user = await it.factory.insert(users, { name });
    return { ...user, conn: it.logInAs(it.conn, user) };
  };
  return Object.assign(it, contexts, { clock, signIn });
}

/** The `data` of an answer that has to have this status. */
export function data<Data>(conn: Conn, status: number = 200): Data {
  return jsonResponse<{ readonly data: Data }>(conn, status).data;
}
