import assert from "node:assert/strict";
import { once } from "node:events";
import Database from "better-sqlite3";
import { describe, test } from "vitest";
import { SeededRandom } from "../../../runtime/testing.ts";
import { startDemo } from "../../support/demo-process.ts";
import { TemporaryFolder } from "./temporary-repo.ts";

/** So often the server is killed; KILL_ROUNDS makes it more. */
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 4);
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const CLIENTS = 16;
/** The product of which there are most. */
const PRODUCT = 3;
const SECRET = "a secret for this test, and no other: it has 64 bytes, at least.";
const ROUND_MS = 60_000;

type Json = Record<string, unknown>;

async function post(url: string, body: Json, token?: string): Promise<{ status: number; data: Json }> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const { data = {} } = (await response.json()) as { data?: Json };
  return { status: response.status, data };
}

async function signUp(url: string): Promise<string> {
  const user = { name: "Ada", email: "ada@example.com", password: "correct horse battery" };
  await post(`${url}/api/v1/users`, { user });
  const { data } = await post(`${url}/api/v1/sessions`, { email: user.email, password: user.password });
  return data["token"] as string;
}

/** Orders until the server is gone; `answered` hears of each order that it was answered for. */
async function orderOn(url: string, token: string, answered: (id: number) => void): Promise<void> {
  for (;;) {
    try {
      const order = { items: [{ product_id: PRODUCT, quantity: 1 }] };
      const { status, data } = await post(`${url}/api/v1/orders`, { order }, token);
      if (status === 201) answered(data["id"] as number);
    } catch {
      return;
    }
  }
}

const column = (database: Database.Database, sql: string): unknown[] => database.prepare(sql).pluck().all();

describe(`a server that is killed with SIGKILL under load (SEED=${SEED})`, () => {
  for (const shards of ["1", "2"]) {
    test(
      `has every order that it has answered, once, and a sound file, with ${shards === "1" ? "one shard" : "two shards"}`,
      { timeout: ROUNDS * ROUND_MS },
      async () => {
        using folder = new TemporaryFolder();
        const random = new SeededRandom(SEED);
        const DATABASE_PATH = folder.file("demo.db");
        const answered: number[] = [];
        let token: string | undefined;
        for (let round = 1; round <= ROUNDS; round += 1) {
          const { url, child } = await startDemo({ DATABASE_PATH, SHARDS: shards, SECRET_KEY_BASE: SECRET });
          token ??= await signUp(url);
          const exited = once(child, "exit");
          const killAt = answered.length + 10 + random.below(200);
          const hear = (id: number): void => {
            answered.push(id);
            if (answered.length === killAt) child.kill("SIGKILL");
          };
          const clients = Array.from({ length: CLIENTS }, () => orderOn(url, token as string, hear));
          await Promise.all(clients);
          assert.deepEqual(await exited, [null, "SIGKILL"]);

          // The first to open the file recovers it, as a server that starts anew would.
          const database = new Database(DATABASE_PATH);
          assert.deepEqual(column(database, "PRAGMA integrity_check"), ["ok"]);
          assert.deepEqual(column(database, "PRAGMA foreign_key_check"), []);
          const ids = column(database, "SELECT id FROM orders") as number[];
          const placed = new Set(ids);
          assert.deepEqual(
            answered.filter((id) => !placed.has(id)),
            [],
            "lost",
          );
          assert.equal(new Set(answered).size, answered.length, "answered twice");
          // Each client had at most one order on its way that nobody heard of.
          assert.ok(ids.length <= answered.length + round * CLIENTS);
          const items = column(database, "SELECT order_id FROM order_items ORDER BY order_id");
          assert.deepEqual(
            items,
            ids.toSorted((a, b) => a - b),
          );
          const [stock] = column(database, `SELECT stock FROM products WHERE id = ${PRODUCT}`);
          assert.equal(stock, 100_000 - ids.length);
          database.close();
        }
      },
    );
  }
});
