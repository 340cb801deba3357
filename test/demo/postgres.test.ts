import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { startDemo } from "../support/demo-process.ts";
import { hasPostgres, startPostgres } from "../support/postgres-server.ts";

describe.runIf(hasPostgres)("npm start with DATABASE_URL", () => {
  test("serves the same demo on every shard, answers 503 while PostgreSQL is away, and goes on afterwards", async () => {
    await using server = await startPostgres();
    await using demo = await startDemo({
      DATABASE_URL: await server.freshUrl(),
      SHARDS: "2",
      LOG_LEVEL: "silent",
    });
    const statusOf = async (path: string): Promise<number> => {
      const response = await fetch(demo.url + path);
      await response.text();
      return response.status;
    };
    const signUp = async (email: string): Promise<number> => {
      const user = { name: "Ada", email, password: "correct horse" };
      const response = await fetch(`${demo.url}/api/v1/users`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user }),
      });
      await response.text();
      return response.status;
    };
    const emails = ["a", "b", "c", "d"].map((name) => `${name}@example.com`);
    assert.deepEqual(await Promise.all(emails.map(signUp)), [201, 201, 201, 201]);
    assert.equal(await signUp("a@example.com"), 422);
    // Which a text there can't hold.
    assert.equal(await signUp("\u0000@example.com"), 400);
    const products = (await (await fetch(`${demo.url}/api/v1/products`)).json()) as {
      data: { id: number }[];
    };
    assert.deepEqual(products.data[0]?.id, 1);
    await server.stop();
    assert.equal(await statusOf("/api/v1/products"), 503);
    assert.equal(await signUp("e@example.com"), 503);
    await server.restart();
    assert.equal(await statusOf("/api/v1/products"), 200);
    assert.equal(await signUp("e@example.com"), 201);
    assert.equal(await signUp("d@example.com"), 422);
  });
});
