import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { bodyLimit } from "../../../api/plugs/body-limit.ts";
import { mounted } from "../mounted.ts";

describe("bodyLimit", () => {
  const app = mounted((route) => {
    const echo = { create: (request: { body: unknown }) => request.body };
    route.post("/small", echo, "create", { through: bodyLimit(10) });
    route.post("/large", echo, "create", { through: bodyLimit(2 ** 21) });
  });

  test("answers a larger body with 413 and lets one of exactly its size pass", async () => {
    const statusOf = async (payload: object): Promise<number> =>
      (await app.inject({ method: "POST", url: "/small", payload })).statusCode;
    assert.equal(await statusOf({ a: "1234" }), 413);
    assert.equal(await statusOf({ a: "12" }), 200);
  });

  test("may also allow more than the endpoint does", async () => {
    const payload = { a: "a".repeat(2 ** 20) };
    assert.equal((await app.inject({ method: "POST", url: "/large", payload })).statusCode, 200);
  });
});
