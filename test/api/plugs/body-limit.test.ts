import assert from "node:assert/strict";
import type { FastifyInstance } from "fastify";
import { describe, test } from "vitest";
import { bodyLimit } from "../../../api/plugs/body-limit.ts";
import { endpointApp } from "../endpoint/endpoint-app.ts";
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

  test("holds for what is handed over to a plugin of Fastify, whose own smaller limits stay", async () => {
    const plugin = async (inner: FastifyInstance): Promise<void> => {
      inner.post("/", ({ body }) => body);
      inner.post("/strict", { bodyLimit: 10 }, ({ body }) => body);
    };
    const outer = mounted((route) =>
      route.scope("/", { through: bodyLimit(20) }, (scope) => scope.forward("/jobs", plugin)),
    );
    const statusOf = async (url: string, text: string): Promise<number> =>
      (await outer.inject({ method: "POST", url, payload: { a: text } })).statusCode;
    assert.deepEqual(
      [await statusOf("/jobs", "1234567890"), await statusOf("/jobs", "1".repeat(20))],
      [200, 413],
    );
    assert.deepEqual(
      [await statusOf("/jobs/strict", "12"), await statusOf("/jobs/strict", "123")],
      [200, 413],
    );
  });

  test("among the plugs of an endpoint holds for all routes that don't say otherwise", async () => {
    const echo = { create: (request: { body: unknown }) => request.body };
    const whole = await endpointApp(
      (route) => {
        route.post("/", echo, "create");
        route.post("/larger", echo, "create", { through: bodyLimit(30) });
      },
      { plugs: [bodyLimit(20)] },
    );
    const statusOf = async (url: string, text: string): Promise<number> =>
      (await whole.inject({ method: "POST", url, payload: { a: text } })).statusCode;
    assert.deepEqual([await statusOf("/", "1234567890"), await statusOf("/", "1".repeat(20))], [200, 413]);
    assert.equal(await statusOf("/larger", "1".repeat(20)), 200);
  });
});
