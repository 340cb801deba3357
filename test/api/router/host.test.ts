import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { completeHosts, hostConstraint, hostsMeet } from "../../../api/router/host.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { mounted } from "../mounted.ts";

const controller = { api: (): string => "api", one: (): string => "one", any: (): string => "any" };

describe("the host of a scope", () => {
  const app = mounted((route) => {
    route.scope("/", { host: "api." }, (api) => {
      api.get("/", controller, "api");
      api.scope("/in", {}, (inner) => inner.get("/", controller, "api"));
    });
    route.scope("/", { host: ["one.example", "Two.Example"] }, (one) => one.get("/", controller, "one"));
    route.get("/", controller, "any");
  });
  const answered = async (host: string, url = "/"): Promise<string> =>
    (await app.inject({ url, headers: { host } })).body;

  test("is a whole one or the beginning of one, whatever the port and the case", async () => {
    for (const host of ["api.example.com", "API.example.com:4000", "api.localhost"])
      assert.equal(await answered(host), "api", host);
    for (const host of ["one.example", "one.example:80", "two.example"])
      assert.equal(await answered(host), "one", host);
    for (const host of ["example.com", "xapi.example", "one.example.org", "oneXexample", "a.one.example"])
      assert.equal(await answered(host), "any", host);
  });

  test("counts for the scopes in it", async () => {
    assert.equal(await answered("api.example.com", "/in"), "api");
    assert.match(await answered("example.com", "/in"), /Not Found/);
  });

  test("is not the same address as another one", () => {
    const twice = (first: string | undefined, second: string | undefined): unknown =>
      defineRouter((route) => {
        for (const host of [first, second])
          route.scope("/", host === undefined ? {} : { host }, (scope) => scope.get("/", controller, "any"));
      });
    twice("a.example", "b.example");
    twice("a.example", undefined);
    for (const [first, second] of [
      ["a.example", "a.example"],
      ["a.", "a.example"],
      [undefined, "a.example"],
    ]) {
      assert.throws(() => twice(first, second), { code: "ROOKERY_DUPLICATE_ROUTE" }, `${first} ${second}`);
    }
  });

  test("is refused when it is none", () => {
    for (const host of ["", ".", "example.com:80", "*.example.com", "https://x", []]) {
      assert.throws(() => completeHosts(host), { code: "ROOKERY_ROUTE_HOST" });
    }
  });
});

test("hostsMeet finds a host that two lists have in common", () => {
  assert.equal(hostsMeet([], ["a.example"]), true);
  assert.equal(hostsMeet(["a."], ["b.example", "a.example"]), true);
  assert.equal(hostsMeet(["a.example"], ["a."]), true);
  assert.equal(hostsMeet(["a.b."], ["a."]), true);
  assert.equal(hostsMeet(["a.example"], ["b.example", "c."]), false);
});

test("hostConstraint takes a dot for a dot", () => {
  assert.equal(hostConstraint(["a.example"]).test("aXexample"), false);
});
