import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { cors, type CorsOptions } from "../../../api/plugs/cors.ts";
import { endpointApp } from "../endpoint/endpoint-app.ts";

type Answer = readonly [status: number, headers: Record<string, unknown>, body: string];

async function ask(
  options: CorsOptions,
  method: "GET" | "OPTIONS" | "POST",
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const app = await endpointApp(
    (route) => {
      route.get("/users", { show: () => ({ ok: true }) }, "show");
      route.options("/own", { show: () => ({ own: true }) }, "show");
    },
    { plugs: [cors(options)] },
  );
  const response = await app.inject({ method, url, headers });
  const shown = Object.entries(response.headers).filter(
    ([name]) => name.startsWith("access-control-") || name === "vary",
  );
  return [response.statusCode, Object.fromEntries(shown), response.body];
}

const origin = "https://x.com";
const preflight = { origin, "access-control-request-method": "PUT" };

describe("cors", () => {
  for (const url of ["/users", "/nowhere"]) {
    test(`answers the preflight for ${url} with 204 and what pages may do`, async () => {
      const headers = { ...preflight, "access-control-request-headers": "x-a, x-b" };
      assert.deepEqual(await ask({ origin: [origin] }, "OPTIONS", url, headers), [
        204,
        {
          vary: "Origin, Access-Control-Request-Headers",
          "access-control-allow-origin": origin,
          "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
          "access-control-allow-headers": "x-a, x-b",
          "access-control-max-age": "1728000",
        },
        "",
      ]);
    });
  }

  test("tells pages of its origins that they may read the answer, also one that is an error", async () => {
    for (const [url, status] of [
      ["/users", 200],
      ["/nowhere", 404],
    ] as const) {
      const [got, headers] = await ask({ origin }, "GET", url, { origin });
      assert.equal(got, status);
      assert.deepEqual(headers, { vary: "Origin", "access-control-allow-origin": origin });
    }
  });

  test("serves other origins without telling their pages so", async () => {
    const [status, headers] = await ask({ origin }, "GET", "/users", { origin: "https://y.com" });
    assert.equal(status, 200);
    assert.deepEqual(headers, { vary: "Origin" });
  });

  const allowed: [string, CorsOptions["origin"], string, string | undefined][] = [
    ["all", "*", origin, "*"],
    ["a pattern", /^https:\/\/\w+\.x\.com$/, "https://a.x.com", "https://a.x.com"],
    ["a pattern that doesn't fit", /^https:\/\/\w+\.x\.com$/, origin, undefined],
    ["one of a list", ["https://y.com", origin], origin, origin],
    ["a function that says so", (asked) => asked === origin, origin, origin],
    ["a function that says so later", async (asked) => asked === origin, origin, origin],
    ["a function that refuses", () => false, origin, undefined],
  ];
  for (const [what, option, from, expected] of allowed) {
    test(`allows ${what}`, async () => {
      const [, headers] = await ask({ origin: option }, "GET", "/users", { origin: from });
      assert.equal(headers["access-control-allow-origin"], expected);
    });
  }

  test("asks no function about a request of no page", async () => {
    const never = (): never => assert.fail("asked");
    assert.equal((await ask({ origin: never }, "GET", "/users", {}))[0], 200);
  });

  test("says what its options say", async () => {
    const options = { credentials: true, methods: ["GET"], allowedHeaders: ["x-a"], maxAge: 60 };
    const [, headers] = await ask({ ...options, origin }, "OPTIONS", "/users", preflight);
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.equal(headers["access-control-allow-methods"], "GET");
    assert.equal(headers["access-control-allow-headers"], "x-a");
    assert.equal(headers["access-control-max-age"], "60");
    const [, read] = await ask({ origin, exposedHeaders: ["x-b", "x-c"] }, "GET", "/users", { origin });
    assert.equal(read["access-control-expose-headers"], "x-b, x-c");
  });

  test("leaves OPTIONS that is no preflight to the routes", async () => {
    assert.deepEqual((await ask({ origin }, "OPTIONS", "/own", {})).slice(0, 1), [200]);
    const [status, , body] = await ask({ origin }, "OPTIONS", "/users", { origin });
    assert.deepEqual([status, body], [404, '{"errors":{"detail":"Not Found"}}']);
  });

  test("refuses what can't work", () => {
    const wrong: object[] = [
      { origin: "*", credentials: true },
      { origin: ["*"], credentials: true },
      { origin: "x.com" },
      { origin: "https://x.com/" },
      { origin: undefined },
      { origin, maxAge: -1 },
      { origin, max_age: 1 },
    ];
    for (const options of wrong)
      assert.throws(() => cors(options as CorsOptions), { code: "ROOKERY_PLUG_OPTION" });
  });
});
