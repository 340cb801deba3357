import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { routeInfo } from "../../../api/router/route-info.ts";
import { defineRouter } from "../../../api/router/router.ts";

const controller = { show: (): unknown => ({}), other: (): unknown => ({}) };
const router = defineRouter((route) => {
  route.get("/users/me", controller, "other");
  route.get("/users/:id", controller, "show");
  route.post("/users/:id", controller, "other");
  route.get("/files/*", controller, "show");
  route.get("/reports/:year(^\\d{4}$)-:month.json", controller, "show");
  route.get("/at/:hour(^\\d{2}$)h:minute(^(0|15|30|45)$)m", controller, "show");
  route.get("/posts/:page?", controller, "show");
  route.scope("/", { host: "api." }, (api) => api.get("/only", controller, "show"));
  route.get("/", controller, "show");
});

function found(method: string, path: string, host?: string): [string, string, unknown] | undefined {
  const info = routeInfo(router, method, path, host);
  return info && [info.route.path, info.route.action, info.params];
}

describe("routeInfo", () => {
  test("finds the route and the parameters, decoded", () => {
    assert.deepEqual(found("GET", "/users/me"), ["/users/me", "other", {}]);
    assert.deepEqual(found("GET", "/users/a%2Fb?tab=x"), ["/users/:id", "show", { id: "a/b" }]);
    assert.deepEqual(found("POST", "/users/me"), ["/users/:id", "other", { id: "me" }]);
    assert.deepEqual(found("GET", "/files/a/b.txt"), ["/files/*", "show", { "*": "a/b.txt" }]);
    assert.deepEqual(found("GET", "/reports/2026-11.json")?.[2], { year: "2026", month: "11" });
  });

  test("knows expressions side by side and a variable that can be left out", () => {
    const times = "/at/:hour(^\\d{2}$)h:minute(^(0|15|30|45)$)m";
    assert.deepEqual(found("GET", "/at/08h15m"), [times, "show", { hour: "08", minute: "15" }]);
    assert.equal(found("GET", "/at/08h16m"), undefined);
    assert.deepEqual(found("GET", "/posts"), ["/posts/:page?", "show", {}]);
    assert.deepEqual(found("GET", "/posts/2"), ["/posts/:page?", "show", { page: "2" }]);
    assert.equal(found("GET", "/posts/2/3"), undefined);
  });

  test("takes slashes as an endpoint does, and HEAD for GET", () => {
    assert.deepEqual(found("HEAD", "//users//7/"), ["/users/:id", "show", { id: "7" }]);
    assert.deepEqual(found("GET", "/")?.[0], "/");
  });

  test("finds nothing for another path, method or host, nor for what is no UTF-8", () => {
    for (const path of ["/users", "/users/1/2", "/reports/26-11.json", "/users/%ff", "/files"])
      assert.equal(found("GET", path), undefined, path);
    assert.equal(found("DELETE", "/users/1"), undefined);
    assert.equal(found("GET", "/only"), undefined);
    assert.equal(found("GET", "/only", "example.com"), undefined);
    assert.deepEqual(found("GET", "/only", "api.example.com"), ["/only", "show", {}]);
  });
});
