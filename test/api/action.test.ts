import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest, InjectOptions } from "fastify";
import { describe, test } from "vitest";
import { z } from "zod";
import { action } from "../../api/action.ts";
import type { ActionFallback } from "../../api/action-fallback.ts";
import type { Action } from "../../api/controller.ts";
import { InvalidRequest } from "../../api/invalid-request.ts";
import type { RouteSchemas } from "../../api/router/route-schemas.ts";
import { defineRouter, type RouterOptions } from "../../api/router/router.ts";
import type { StandardSchema } from "../../channels/index.ts";
import { Runtime } from "../../runtime/index.ts";
import { mounted } from "./mounted.ts";

const seen = (request: FastifyRequest): unknown => ({
  params: request.params,
  query: request.query,
  body: request.body ?? null,
});

async function answer(
  show: Action,
  ask: InjectOptions,
  options: RouterOptions = {},
): Promise<[status: number, json: unknown]> {
  const app = mounted((route) => route.match("*", "/users/:id", { show }, "show"), options);
  const response = await app.inject({ url: "/users/1", ...ask });
  return [response.statusCode, response.json()];
}

const byId = z.object({ id: z.coerce.number("is no number") });
const paging = z.object({ limit: z.coerce.number().max(100, "is too much").default(50) });
const signUp = z.object({
  user: z.object({ name: z.string("is missing"), tags: z.array(z.string("is no text")) }),
});
const ada = { user: { name: "Ada", tags: [] } };

describe("action", () => {
  test("runs with what the schemas make of the parts of a request", async () => {
    const show = action({ params: byId, query: paging, body: signUp }, seen);
    const [status, json] = await answer(show, { method: "POST", body: { ...ada, more: 1 } });
    assert.equal(status, 200);
    assert.deepEqual(json, { params: { id: 1 }, query: { limit: 50 }, body: ada });
  });

  test("leaves what has no schema as it came", async () => {
    const [, json] = await answer(action({ params: byId }, seen), { url: "/users/1?a=b" });
    assert.deepEqual(json, { params: { id: 1 }, query: { a: "b" }, body: null });
  });

  test("answers 400 and the name of the parameter for a path that does not fit", async () => {
    const show = action({ params: byId, query: paging }, seen);
    assert.deepEqual(await answer(show, { url: "/users/abc?limit=1000" }), [
      400,
      { errors: { id: ["is no number"] } },
    ]);
  });

  test("answers 422 and the names of the fields for a query or a body that does not fit", async () => {
    const show = action({ query: paging, body: signUp }, seen);
    const wrong = { user: { tags: ["x", 1] } };
    assert.deepEqual(await answer(show, { method: "POST", url: "/users/1?limit=101", body: ada }), [
      422,
      { errors: { limit: ["is too much"] } },
    ]);
    assert.deepEqual(await answer(show, { method: "POST", body: wrong }), [
      422,
      { errors: { "user.name": ["is missing"], "user.tags.1": ["is no text"] } },
    ]);
  });

  test("answers 400 without fields for a body that can have none", async () => {
    const show = action({ body: signUp }, seen);
    for (const body of [[], "null", undefined]) {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const ask: InjectOptions = { method: "POST", headers, ...(body === undefined ? {} : { body }) };
      assert.deepEqual(await answer(show, ask), [400, { errors: { detail: "Bad Request" } }]);
    }
  });

  test("puts what is wrong with the body as a whole under its name", async () => {
    const body = z.object({ a: z.string(), b: z.string() }).refine(({ a, b }) => a === b, "don't match");
    const ask: InjectOptions = { method: "POST", body: { a: "1", b: "2" } };
    assert.deepEqual(await answer(action({ body }, seen), ask), [422, { errors: { body: ["don't match"] } }]);
  });

  test("waits for schemas that answer later, each part once and in order", async () => {
    const asked: string[] = [];
    const later = (name: string): StandardSchema => ({
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => {
          await new Promise((resolve) => setImmediate(resolve));
          asked.push(name);
          return { value };
        },
      },
    });
    const show = action({ params: later("params"), query: paging, body: later("body") }, seen);
    const [status, json] = await answer(show, { method: "POST", body: {} });
    assert.deepEqual([status, json], [200, { params: { id: "1" }, query: { limit: 50 }, body: {} }]);
    assert.deepEqual(asked, ["params", "body"]);
    const refusing = z.looseObject({}).refine(async () => false, "is not free");
    const none = action({ params: later("params"), body: refusing }, seen);
    assert.deepEqual(await answer(none, { method: "POST", body: {} }), [
      422,
      { errors: { body: ["is not free"] } },
    ]);
  });

  test("is not asked before the pipeline has let the request pass", async () => {
    const app = mounted((route) => {
      const show = action({ params: byId }, seen);
      route.get("/users/:id", { show }, "show", { through: () => ({ error: "unauthorized" }) });
    });
    assert.equal((await app.inject("/users/abc")).statusCode, 401);
  });

  test("gives the failure to the action fallback of the router", async () => {
    const fallback: ActionFallback = (failure, _request, reply) => {
      const error = "error" in failure ? failure.error : undefined;
      return reply.code(418).send(error instanceof InvalidRequest ? [error.part, error.errors] : "other");
    };
    const got = await answer(action({ params: byId }, seen), { url: "/users/x" }, { fallback });
    assert.deepEqual(got, [418, ["params", { id: ["is no number"] }]]);
  });

  test("may be a field of a controller that uses what is private to it", async () => {
    class UserController {
      readonly #name = "Ada";
      readonly show: Action = action({ params: byId }, ({ params }) => ({ id: params.id, name: this.#name }));
    }
    const app = mounted((route) => route.get("/users/:id", UserController, "show"));
    assert.deepEqual((await app.inject("/users/7")).json(), { id: 7, name: "Ada" });
  });

  test("shows its schemas on the route", () => {
    const schemas: RouteSchemas = { params: byId, responses: { 200: signUp } };
    const router = defineRouter((route) => {
      route.get("/users/:id", { show: action(schemas, seen) }, "show");
      route.get("/plain", { show: seen }, "show");
    });
    assert.deepEqual(
      router.routes.map((route) => route.schemas),
      [schemas, {}],
    );
  });

  test("refuses what is no schema, and names that it does not know", () => {
    const wrong: [object, RegExp][] = [
      [{ params: { id: "number" } }, /a Standard Schema as params/],
      [{ headers: byId }, /only params, query, body and responses.*headers/],
      [{ responses: { 200: "x" } }, /a Standard Schema as response 200/],
      [{ responses: { ok: byId } }, /statuses from 200 to 599.*ok/],
    ];
    for (const [schemas, message] of wrong)
      assert.throws(() => action(schemas, seen), { code: "ROOKERY_ACTION_SCHEMA", message });
  });
});

describe("the answer of an action", () => {
  const responses = { 200: z.object({ id: z.int() }), 202: z.object({ queued: z.boolean() }) };
  /** While developing, or in production. */
  async function sent(freezeMessages: boolean, show: Action): Promise<[number, unknown]> {
    const runtime = await Runtime.start({ freezeMessages });
    const app = mounted((route) => route.get("/", { show }, "show"));
    app.decorate("endpoint", { runtime } as never);
    const response = await app.inject("/");
    await runtime.shutdown();
    return [response.statusCode, response.json()];
  }
  const internal = [500, { errors: { detail: "Internal Server Error" } }];
  const unchecked = (make: (reply: FastifyReply) => unknown): Action =>
    action({ responses }, (_request, reply) => make(reply) as { id: number });

  test("is checked against the schema of its status while developing, at once or later", async () => {
    assert.deepEqual(
      await sent(
        true,
        unchecked(() => ({ id: 1 })),
      ),
      [200, { id: 1 }],
    );
    assert.deepEqual(
      await sent(
        true,
        unchecked(() => ({ id: "1" })),
      ),
      internal,
    );
    assert.deepEqual(
      await sent(
        true,
        unchecked(async () => ({ id: "1" })),
      ),
      internal,
    );
    assert.deepEqual(
      await sent(
        true,
        unchecked((reply) => (reply.code(202), { id: 1 })),
      ),
      internal,
    );
  });

  test("is not checked in production", async () => {
    assert.deepEqual(
      await sent(
        false,
        unchecked(() => ({ id: "1" })),
      ),
      [200, { id: "1" }],
    );
  });

  test("is not checked if it is a failure, has a status without a schema, or was sent by the action", async () => {
    assert.equal(
      (
        await sent(
          true,
          unchecked(() => ({ error: "conflict" })),
        )
      )[0],
      409,
    );
    assert.equal(
      (
        await sent(
          true,
          unchecked((reply) => (reply.code(201), [1])),
        )
      )[0],
      201,
    );
    assert.equal(
      (
        await sent(
          true,
          unchecked((reply) => reply.send({ id: "1" })),
        )
      )[0],
      200,
    );
  });
});
