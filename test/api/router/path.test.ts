import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { path, paths } from "../../../api/router/path.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { mounted } from "../mounted.ts";

const controller = { show: ({ params }: { params: unknown }): unknown => params, index: (): unknown => ({}) };
const router = defineRouter((route) => [
  route.get("/", controller, "index"),
  route.scope("/api/v1", {}, (v1) => [v1.get("/users/:id", controller, "show")]),
  route.get("/files/*", controller, "show"),
  route.get("/reports/:year-:month.json", controller, "show"),
  route.get("/numbers/:id(^\\d+$)", controller, "show"),
  route.get("/at/:hour(^\\d{2}$)h:minute(^(0|15|30|45)$)m", controller, "show"),
]);

describe("path", () => {
  test("fills in the parameters", () => {
    assert.equal(path(router, "/"), "/");
    assert.equal(path(router, "/api/v1/users/:id", { id: 7 }), "/api/v1/users/7");
    assert.equal(
      path(router, "/reports/:year-:month.json", { year: 2026, month: "11" }),
      "/reports/2026-11.json",
    );
    assert.equal(path(router, "/numbers/:id(^\\d+$)", { id: 7n }), "/numbers/7");
    assert.equal(
      path(router, "/at/:hour(^\\d{2}$)h:minute(^(0|15|30|45)$)m", { hour: "08", minute: 15 }),
      "/at/08h15m",
    );
    assert.equal(path(router, "/files/*", { "*": "a b/c.txt" }), "/files/a%20b/c.txt");
  });

  test("takes a record for its id", () => {
    assert.equal(path(router, "/api/v1/users/:id", { id: { id: 7 } }), "/api/v1/users/7");
  });

  test("encodes so that the route finds the same value again", async () => {
    const app = mounted((route) => route.get("/users/:id", controller, "show"));
    const users = defineRouter((route) => [route.get("/users/:id", controller, "show")]);
    for (const id of ["a/b", "ä ö", "50%", "a?b#c", "x;y=z", "\u{1f985}"]) {
      assert.deepEqual((await app.inject(path(users, "/users/:id", { id }))).json(), { id });
    }
  });

  test("adds a query, each item of a list under the same name, nothing for undefined", () => {
    assert.equal(
      path(router, "/", {}, { q: "a&b c", tag: ["x", "y"], page: undefined }),
      "/?q=a%26b+c&tag=x&tag=y",
    );
    assert.equal(path(router, "/", {}, { page: undefined }), "/");
  });

  test("takes half of a pair of surrogates, which no URL can hold, for the replacement character, as in a query", () => {
    const half = "a\ud83e";
    assert.equal(path(router, "/api/v1/users/:id", { id: half }), "/api/v1/users/a%EF%BF%BD");
    assert.equal(path(router, "/files/*", { "*": half }), "/files/a%EF%BF%BD");
    assert.equal(path(router, "/", {}, { q: half }), "/?q=a%EF%BF%BD");
  });

  test("refuses a path that the router does not have", () => {
    assert.throws(() => path(router, "/users" as "/"), { code: "ROOKERY_PATH", message: /got \/users/ });
  });

  test("refuses a parameter that would lead elsewhere, is missing, or is one too many", () => {
    for (const id of ["", ".", "..", undefined, null, {}, []]) {
      assert.throws(() => path(router, "/api/v1/users/:id", { id: id as string }), {
        code: "ROOKERY_PATH_PARAM",
      });
    }
    assert.throws(() => path(router, "/files/*", { "*": "../etc" }), { code: "ROOKERY_PATH_PARAM" });
    const extra = { id: 1, tab: 2 };
    assert.throws(() => path(router, "/api/v1/users/:id", extra), {
      code: "ROOKERY_PATH_PARAM",
      message: /got tab/,
    });
  });
});

test("paths makes the same ones without the router", () => {
  const pathTo = paths<"/api/v1/users/:id">();
  assert.equal(pathTo("/api/v1/users/:id", { id: "a/b" }, { q: 1 }), "/api/v1/users/a%2Fb?q=1");
});
