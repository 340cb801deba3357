import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { bearerAuth } from "../../../api/plugs/bearer-auth.ts";
import { mounted } from "../mounted.ts";

const requireAuth = bearerAuth(async (token) => {
  if (token === "broken") throw new Error("the database is gone");
  return token === "good.token-1" ? { id: 7, name: "Ada" } : undefined;
});

function app(): ReturnType<typeof mounted> {
  return mounted((route) => {
    const controller = {
      show: (request: Parameters<typeof requireAuth.currentUser>[0]) => ({
        name: requireAuth.currentUser(request).name,
        id: request.currentUser?.id,
      }),
    };
    route.get("/", controller, "show", { through: requireAuth });
    route.get("/open", controller, "show");
  });
}

describe("bearerAuth", () => {
  for (const authorization of ["Bearer good.token-1", "bearer  good.token-1"]) {
    test(`lets \`${authorization}\` pass and sets the current user`, async () => {
      const response = await app().inject({ url: "/", headers: { authorization } });
      assert.deepEqual(response.json(), { name: "Ada", id: 7 });
    });
  }

  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer bad",
    "Bearer good.token-1 x",
    "Basic good.token-1",
    "Bearer \u00e9",
  ]) {
    test(`answers \`${authorization}\` with 401`, async () => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await app().inject({ url: "/", headers });
      assert.deepEqual([response.statusCode, response.body], [401, '{"errors":{"detail":"Unauthorized"}}']);
      assert.equal(response.headers["www-authenticate"], "Bearer");
    });
  }

  test("takes an error of the check for an error of the server, not for a no", async () => {
    const response = await app().inject({ url: "/", headers: { authorization: "Bearer broken" } });
    assert.equal(response.statusCode, 500);
  });
});

describe("a bearerAuth that is optional", () => {
  const optional = bearerAuth((token) => (token === "good" ? { id: 7 } : undefined), { optional: true });
  const cases: [string | undefined, number | null][] = [
    ["Bearer good", 7],
    ["Bearer bad", null],
    [undefined, null],
  ];
  for (const [authorization, id] of cases) {
    test(`takes \`${authorization}\` for ${id === null ? "nobody" : "a user"}`, async () => {
      const show = (request: FastifyRequest): object => ({ id: request.currentUser?.id ?? null });
      const own = mounted((route) => {
        route.get("/", { show }, "show", { through: optional });
      });
      const headers = authorization === undefined ? {} : { authorization };
      const response = await own.inject({ url: "/", headers });
      assert.deepEqual([response.statusCode, response.json()], [200, { id }]);
      assert.equal(response.headers["www-authenticate"], undefined);
    });
  }
});

describe("currentUser", () => {
  test("throws for a route that does not go through the plug", async () => {
    assert.equal((await app().inject("/open")).statusCode, 500);
  });
});
