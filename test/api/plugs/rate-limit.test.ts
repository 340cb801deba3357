import assert from "node:assert/strict";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { rateLimit } from "../../../api/plugs/rate-limit.ts";
import type { RateLimitOptions } from "../../../api/rate-limit/rate-limit-options.ts";
import type { EndpointOptions } from "../../../api/endpoint/endpoint-options.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { endpointApp } from "../endpoint/endpoint-app.ts";
import { mounted } from "../mounted.ts";

const show = { show: () => ({ ok: true }) };
const minute = { max: 2, windowMs: 60_000 };

interface Limited {
  readonly app: FastifyInstance;
  readonly clock: VirtualClock;
}

async function limited(limit: RateLimitOptions, options: Partial<EndpointOptions> = {}): Promise<Limited> {
  const clock = new VirtualClock();
  const logIn = (request: FastifyRequest): void => {
    const id = request.headers["x-user"];
    if (typeof id === "string") request.currentUser = { id };
  };
  const app = await endpointApp(
    (route) => {
      const through = rateLimit(limit);
      route.get("/", show, "show", { through: [logIn, through] });
      route.get("/same", show, "show", { through: [logIn, through] });
      route.get("/other", show, "show", { through: rateLimit(limit) });
      route.get("/both", show, "show", {
        through: [rateLimit({ max: 1, windowMs: 1_000 }), rateLimit({ max: 2, windowMs: 60_000 })],
      });
    },
    options,
    clock,
  );
  return { app, clock };
}

async function statusOf(
  app: FastifyInstance,
  headers: Readonly<Record<string, string>> = {},
  url = "/",
  remoteAddress = "192.0.2.1",
): Promise<number> {
  return (await app.inject({ url, headers, remoteAddress })).statusCode;
}

describe("rateLimit", () => {
  test("lets max requests of a window pass and answers the others with 429, until the next window", async () => {
    const { app, clock } = await limited(minute);
    assert.deepEqual([await statusOf(app), await statusOf(app)], [200, 200]);
    assert.equal(await statusOf(app), 429);
    clock.advance(59_999);
    assert.equal(await statusOf(app), 429);
    clock.advance(1);
    assert.equal(await statusOf(app), 200);
  });

  test("tells where the client stands, and when to come back", async () => {
    const { app, clock } = await limited(minute);
    const headersOf = async (): Promise<unknown[]> => {
      const { headers } = await app.inject("/");
      return ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"].map(
        (name) => headers[name],
      );
    };
    assert.deepEqual(await headersOf(), ["2", "1", "60", undefined]);
    clock.advance(10_500);
    assert.deepEqual(await headersOf(), ["2", "0", "50", undefined]);
    assert.deepEqual(await headersOf(), ["2", "0", "50", "50"]);
    clock.advance(49_499);
    assert.deepEqual(await headersOf(), ["2", "0", "1", "1"]);
  });

  test("answers in the one shape of errors", async () => {
    const { app } = await limited({ max: 0, windowMs: 1_000 });
    assert.equal((await app.inject("/")).body, '{"errors":{"detail":"Too Many Requests"}}');
  });

  test("counts for all routes that go through the same plug, and another plug for itself", async () => {
    const { app } = await limited({ max: 1, windowMs: 60_000 });
    assert.equal(await statusOf(app), 200);
    assert.equal(await statusOf(app, {}, "/same"), 429);
    assert.equal(await statusOf(app, {}, "/other"), 200);
  });

  test("can stand on a way more than once", async () => {
    const { app, clock } = await limited(minute);
    const both = (): Promise<number> => statusOf(app, {}, "/both");
    assert.deepEqual([await both(), await both()], [200, 429]);
    clock.advance(1_000);
    assert.equal(await both(), 200);
    clock.advance(1_000);
    assert.equal(await both(), 429);
  });

  test("counts each address for itself, those of IPv6 by their network", async () => {
    const { app } = await limited({ max: 1, windowMs: 60_000 });
    const from = (address: string): Promise<number> => statusOf(app, {}, "/", address);
    assert.deepEqual([await from("192.0.2.1"), await from("192.0.2.2")], [200, 200]);
    assert.equal(await from("::ffff:192.0.2.1"), 429);
    assert.equal(await from("2001:db8:1:2::1"), 200);
    assert.equal(await from("2001:db8:1:2:ffff::9"), 429);
    assert.equal(await from("2001:db8:1:3::1"), 200);
  });

  test("believes no x-forwarded-for unless the proxy is trusted", async () => {
    for (const [trustProxy, second] of [
      [false, 429],
      [true, 200],
    ] as const) {
      const { app } = await limited({ max: 1, windowMs: 60_000 }, { fastify: { trustProxy } });
      assert.equal(await statusOf(app, { "x-forwarded-for": "192.0.2.7" }), 200);
      assert.equal(await statusOf(app, { "x-forwarded-for": "192.0.2.8" }), second);
    }
  });

  test("counts by user, wherever he comes from, and nobody by the address", async () => {
    const { app } = await limited({ max: 1, windowMs: 60_000, by: "user" });
    assert.equal(await statusOf(app, { "x-user": "1" }), 200);
    assert.equal(await statusOf(app, { "x-user": "1" }, "/", "192.0.2.2"), 429);
    assert.equal(await statusOf(app, { "x-user": "2" }), 200);
    assert.equal(await statusOf(app), 200);
    assert.equal(await statusOf(app), 429);
  });

  test("counts by what a function answers, and not at all if that is undefined", async () => {
    const by = (request: FastifyRequest): string | undefined =>
      request.headers["x-key"] as string | undefined;
    const { app } = await limited({ max: 1, windowMs: 60_000, by });
    const long = "x".repeat(4_000);
    for (const key of ["a", "b", "", `${long}1`, `${long}2`]) {
      assert.equal(await statusOf(app, { "x-key": key }), 200);
      assert.equal(await statusOf(app, { "x-key": key }), 429);
    }
    assert.deepEqual([await statusOf(app), await statusOf(app)], [200, 200]);
  });

  test("stands before all routes as a plug of the endpoint, also those that nobody has declared", async () => {
    const app = await endpointApp((route) => route.get("/", show, "show"), {
      plugs: [rateLimit({ max: 2, windowMs: 60_000 })],
      configure: (own) => {
        own.register(async (scope) => scope.get("/plugin", show.show));
      },
    });
    assert.equal(await statusOf(app, {}, "/nowhere"), 404);
    assert.equal(await statusOf(app, {}, "/plugin"), 200);
    assert.equal(await statusOf(app), 429);
  });

  test("leaves those alone that the program registers", async () => {
    const { default: plugin } = await import("@fastify/rate-limit");
    const { app } = await limited(minute, {
      configure: async (own) => {
        await own.register(plugin, { max: 1, global: false });
        own.get("/plugin", { config: { rateLimit: { max: 1 } } }, async () => ({ ok: true }));
      },
    });
    assert.deepEqual([await statusOf(app, {}, "/plugin"), await statusOf(app, {}, "/plugin")], [200, 429]);
    assert.deepEqual([await statusOf(app), await statusOf(app), await statusOf(app)], [200, 200, 429]);
  });

  test("refuses what can't work", () => {
    const wrong: object[] = [
      { max: -1 },
      { max: 1.5 },
      { windowMs: 0 },
      { by: "address" },
      { keysMax: 0 },
      { timeWindow: 1 },
      { redis: { url: "redis://127.0.0.1" } },
    ];
    for (const options of wrong)
      assert.throws(() => rateLimit({ ...minute, ...options }), { code: "ROOKERY_PLUG_OPTION" });
    const declareLimited = (): unknown =>
      mounted((route) => {
        route.get("/", show, "show", { through: rateLimit(minute) });
      });
    assert.throws(declareLimited, { code: "ROOKERY_PLUG_OPTION" });
  });
});
