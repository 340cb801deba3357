import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { session } from "../../../api/plugs/session.ts";
import type { Plug } from "../../../api/plug.ts";
import { defineRouter } from "../../../api/router/router.ts";
import type { Scope } from "../../../api/router/scope.ts";
import type { SessionOptions } from "../../../api/session/session-options.ts";
import {
  clearSession,
  configureSession,
  deleteSession,
  getSession,
  putSession,
} from "../../../api/session/session.ts";
import { checkCsrfToken, getCsrfToken } from "../../../api/session/csrf-token.ts";
import { defineSocket, ok, PubSub, Token } from "../../../channels/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { served } from "../endpoint/served.ts";
import { Browser, endpointApp, SECRET } from "../endpoint/endpoint-app.ts";

const signed: SessionOptions = { key: "_app", signingSalt: "session salt" };
const encrypted: SessionOptions = { key: "_app", encryptionSalt: "session salt" };

const controller = {
  show: (request: FastifyRequest) => ({ cart: getSession(request, "cart") ?? null }),
  look: () => ({ ok: true }),
  put: (request: FastifyRequest) => {
    putSession(request, "cart", (request.body as { cart: unknown }).cart);
    return { ok: true };
  },
  delete: (request: FastifyRequest) => {
    deleteSession(request, "cart");
    return { ok: true };
  },
  clear: (request: FastifyRequest) => {
    clearSession(request);
    return { ok: true };
  },
  configure: (request: FastifyRequest) => {
    configureSession(request, (request.params as { fate: "renew" | "drop" | "ignore" }).fate);
    putSession(request, "cart", "changed");
    return { ok: true };
  },
  add: (request: FastifyRequest) => {
    const cart = (getSession(request, "cart") ?? []) as number[];
    cart.push(cart.length);
    putSession(request, "cart", cart);
    return { cart };
  },
  fail: (request: FastifyRequest) => {
    putSession(request, "cart", "never");
    throw new Error("the database is gone");
  },
};

const declare =
  (options: SessionOptions) =>
  (route: Scope): void => {
    const through = session(options);
    route.get("/cart", controller, "show", { through });
    route.get("/look", controller, "look", { through });
    route.post("/cart", controller, "put", { through });
    route.delete("/cart", controller, "delete", { through });
    route.post("/clear", controller, "clear", { through });
    route.post("/configure/:fate", controller, "configure", { through });
    route.post("/fail", controller, "fail", { through });
    route.post("/add", controller, "add", { through });
    route.get("/without", controller, "show");
  };

async function browse(
  options: SessionOptions = signed,
  { clock = new VirtualClock(), secretKeyBase = SECRET } = {},
): Promise<Browser> {
  return new Browser(await endpointApp(declare(options), { secretKeyBase }, clock));
}

for (const [kind, options] of Object.entries({ signed, encrypted })) {
  describe(`a session that is ${kind}`, () => {
    test("is there in the next request, whatever plain data it holds", async () => {
      const browser = await browse(options);
      const cart = [{ sku: "Ä1", price: 1.5, count: 2, tags: ["a", null, true] }];
      assert.equal((await browser.request("POST /cart", { cart })).status, 200);
      assert.deepEqual((await browser.request("GET /cart")).body, { cart });
    });

    test("sets no cookie unless it has changed", async () => {
      const browser = await browse(options);
      assert.equal((await browser.request("GET /cart")).setCookie, undefined);
      await browser.request("POST /cart", { cart: "full" });
      for (const line of ["GET /cart", "GET /look"])
        assert.equal((await browser.request(line)).setCookie, undefined);
      assert.equal((await browser.request("POST /cart", { cart: "full" })).setCookie, undefined);
    });

    test("is empty when its cookie was changed, cut, or made with another secret or salt", async () => {
      const browser = await browse(options);
      await browser.request("POST /cart", { cart: "full" });
      const value = browser.cookies.get("_app")!;
      const stranger = await browse(options, { secretKeyBase: `another ${SECRET}` });
      await stranger.request("POST /cart", { cart: "full" });
      const middle = value.length >> 1;
      const changed = value.slice(0, middle) + (value[middle] === "A" ? "B" : "A") + value.slice(middle + 1);
      for (const cookie of [changed, value.slice(0, -1), "", "x", stranger.cookies.get("_app")!]) {
        browser.cookies.set("_app", cookie);
        assert.deepEqual(await browser.request("GET /cart"), {
          status: 200,
          body: { cart: null },
          setCookie: undefined,
        });
      }
    });

    test("and made with a former secret is taken, and made anew with that of today", async () => {
      const before = await browse(options, { secretKeyBase: `former ${SECRET}` });
      await before.request("POST /cart", { cart: "full" });
      const rotated = { ...options, previousSecretKeyBases: [`former ${SECRET}`] };
      const browser = await browse(rotated);
      browser.cookies.set("_app", before.cookies.get("_app")!);
      assert.deepEqual((await browser.request("GET /cart")).body, { cart: "full" });
      const today = await browse(options);
      today.cookies.set("_app", browser.cookies.get("_app")!);
      assert.deepEqual((await today.request("GET /cart")).body, { cart: "full" });
    });

    test("ends maxAge seconds after it was written, also for a client that keeps the cookie", async () => {
      const clock = new VirtualClock();
      const browser = await browse({ ...options, maxAge: 60 }, { clock });
      const { setCookie } = await browser.request("POST /cart", { cart: "full" });
      assert.match(setCookie!, /; Max-Age=60;/);
      clock.advance(60_000);
      assert.deepEqual((await browser.request("GET /cart")).body, { cart: "full" });
      clock.advance(1);
      assert.deepEqual((await browser.request("GET /cart")).body, { cart: null });
    });

    test("grown beyond 4,096 bytes is an error of the server, and the cookie stays as it was", async () => {
      const browser = await browse(options);
      await browser.request("POST /cart", { cart: "full" });
      const result = await browser.request("POST /cart", { cart: "x".repeat(4_096) });
      assert.deepEqual(result, {
        status: 500,
        body: { errors: { detail: "Internal Server Error" } },
        setCookie: undefined,
      });
      assert.deepEqual((await browser.request("GET /cart")).body, { cart: "full" });
    });
  });
}

describe("a session", () => {
  test("that is signed is a Token of its data, one that is encrypted shows nothing", async () => {
    const clock = new VirtualClock();
    const browser = await browse(signed, { clock });
    await browser.request("POST /cart", { cart: "full" });
    const result = Token.verify(SECRET, "session salt", browser.cookies.get("_app"), { clock });
    assert.deepEqual(result.ok && { ...(result.data as object) }, { cart: "full" });

    const other = await browse(encrypted);
    await other.request("POST /cart", { cart: "plaintext" });
    const bytes = Buffer.from(other.cookies.get("_app")!.slice("XCP.".length), "base64url");
    assert.ok(!bytes.includes("plaintext"));
  });

  test("has a cookie for all paths that scripts don't see and other sites don't send", async () => {
    const { setCookie } = await (await browse()).request("POST /cart", { cart: 1 });
    assert.match(setCookie!, /^_app=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test("has the cookie that its options describe", async () => {
    const options = {
      httpOnly: false,
      secure: true,
      sameSite: "none",
      path: "/cart",
      domain: "x.com",
    } as const;
    const { setCookie } = await (await browse({ ...signed, ...options })).request("POST /cart", { cart: 1 });
    assert.match(setCookie!, /^_app=[\w.-]+; Domain=x.com; Path=\/cart; Secure; SameSite=None$/);
  });

  test("has a cookie for TLS only when it is made over TLS", async () => {
    const app = await endpointApp(declare(signed), { fastify: { trustProxy: true } });
    const headers = { "x-forwarded-proto": "https" };
    const { setCookie } = await new Browser(app).request("POST /cart", { cart: 1 }, headers);
    assert.match(setCookie!, /; Secure/);
  });

  test("forgets what is deleted, and with the last of it the cookie", async () => {
    const browser = await browse();
    await browser.request("POST /cart", { cart: "full" });
    const { setCookie } = await browser.request("DELETE /cart");
    assert.equal(
      setCookie,
      "_app=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    );
    assert.equal((await browser.request("DELETE /cart")).setCookie, undefined);
  });

  test("is empty once it is cleared", async () => {
    const browser = await browse();
    await browser.request("POST /cart", { cart: "full" });
    await browser.request("POST /clear");
    assert.equal(browser.cookies.size, 0);
    assert.equal((await browser.request("POST /clear")).setCookie, undefined);
  });

  test("is written with what was changed in place and put again", async () => {
    const browser = await browse(signed);
    await browser.request("POST /add");
    await browser.request("POST /add");
    assert.deepEqual((await browser.request("GET /cart")).body, { cart: [0, 1] });
  });

  test("is one, however often the same plug stands on the way", async () => {
    const plug = session(signed);
    const put: Plug = (request) => putSession(request, "cart", "full");
    const inner = defineRouter((route) => route.get("/cart", controller, "show", { through: plug }));
    const app = await endpointApp((route) => {
      route.scope("/", { through: [plug, put] }, (outer) => outer.forward("/inner", inner));
    });
    const browser = new Browser(app);
    assert.deepEqual((await browser.request("GET /inner/cart")).body, { cart: "full" });
    assert.equal(browser.cookies.has("_app"), true);
  });

  test("is written by `renew`, forgotten by `drop` and left alone by `ignore`", async () => {
    const browser = await browse();
    await browser.request("POST /cart", { cart: "full" });
    assert.equal((await browser.request("POST /configure/ignore")).setCookie, undefined);
    assert.deepEqual((await browser.request("GET /cart")).body, { cart: "full" });
    assert.notEqual((await browser.request("POST /configure/renew")).setCookie, undefined);
    assert.deepEqual((await browser.request("GET /cart")).body, { cart: "changed" });
    assert.notEqual((await browser.request("POST /configure/renew")).setCookie, undefined);
    await browser.request("POST /configure/drop");
    assert.equal(browser.cookies.size, 0);
  });

  test("is not written by a request that fails", async () => {
    const browser = await browse();
    const { status, setCookie } = await browser.request("POST /fail");
    assert.deepEqual([status, setCookie], [500, undefined]);
  });

  test("is refused where no session plug is on the way", async () => {
    assert.equal((await (await browse()).request("GET /without")).status, 500);
  });

  test("has its cookie beside others that the action sets", async () => {
    const app = await endpointApp((route) => {
      const both = {
        create: (request: FastifyRequest, reply: FastifyReply) => {
          putSession(request, "cart", "full");
          return reply.setCookie("theme", "dark").send({ before: request.cookies["theme"] ?? null });
        },
      };
      route.post("/both", both, "create", { through: session(signed) });
    });
    const browser = new Browser(app);
    assert.deepEqual((await browser.request("POST /both")).body, { before: null });
    assert.deepEqual([...browser.cookies.keys()].toSorted(), ["_app", "theme"]);
    assert.deepEqual((await browser.request("POST /both")).body, { before: "dark" });
  });

  test("tells a socket whose it is, if its page knows the CSRF token", async () => {
    const plug = session(signed);
    const page = {
      create: (request: FastifyRequest) => {
        putSession(request, "user", 7);
        return { token: getCsrfToken(request) };
      },
    };
    const connected: unknown[] = [];
    const socket = defineSocket({
      channels: [],
      connect: (_params, connecting, info) => {
        connected.push(info.session);
        return ok(connecting);
      },
    });
    const { endpoint } = await served(
      (route) => route.post("/page", page, "create", { through: plug }),
      {
        sockets: {
          "/socket": {
            handler: socket,
            longpoll: { connectInfo: [{ session: plug.read }], checkCsrf: checkCsrfToken },
          },
        },
        pubsub: "session.pubsub",
        secretKeyBase: SECRET,
      },
      { children: [{ id: "pubsub", start: [PubSub, {}], name: "session.pubsub" }] },
    );
    const loaded = await fetch(`${endpoint.url}/page`, { method: "POST" });
    const { token } = (await loaded.json()) as { token: string };
    const headers = { cookie: loaded.headers.get("set-cookie")!.split(";")[0]! };
    for (const csrfToken of [token, "another"])
      await fetch(`${endpoint.url}/socket/longpoll?vsn=2.0.0&_csrf_token=${csrfToken}`, { headers });
    assert.equal((connected[0] as { user: number }).user, 7);
    assert.deepEqual(connected.slice(1), [undefined]);
  });

  test("can be read for a socket, from the request alone", async () => {
    const plug = session(signed);
    const declareCart = (route: Scope): void => {
      route.post("/cart", controller, "put", { through: plug });
    };
    const request = { headers: {}, url: "/" } as IncomingMessage;
    assert.throws(() => plug.read(request), { code: "ROOKERY_NO_SESSION" });
    const browser = new Browser(await endpointApp(declareCart));
    assert.equal(plug.read(request), undefined);
    await browser.request("POST /cart", { cart: "full" });
    request.headers.cookie = `a=b; _app=${browser.cookies.get("_app")}`;
    assert.deepEqual(plug.read(request), { cart: "full" });
    request.headers.cookie = "_app=x";
    assert.equal(plug.read(request), undefined);
  });

  test("can be one of all requests, also of those to plugins, as a plug of the endpoint", async () => {
    const plug = session(signed);
    const app = await endpointApp((route) => route.post("/cart", controller, "put"), {
      plugs: [plug],
      configure: (own) => {
        own.register(async (scope) => scope.get("/plugin", controller.show));
      },
    });
    const browser = new Browser(app);
    assert.equal((await browser.request("POST /cart", { cart: "full" })).status, 200);
    assert.deepEqual((await browser.request("GET /plugin")).body, { cart: "full" });
  });
});

describe("session options", () => {
  const wrong: [string, object][] = [
    ["no salt", { signingSalt: undefined }],
    ["a short salt", { signingSalt: "short" }],
    ["a name that no cookie can have", { key: "a b" }],
    ["a misspelled name", { httponly: true }],
    ["a maxAge that is none", { maxAge: 0.5 }],
    ["an unknown sameSite", { sameSite: "Lax" }],
    ["sameSite none without secure", { sameSite: "none" }],
    ["__Host- with a domain", { key: "__Host-app", domain: "x.com" }],
    ["__Host- with a path", { key: "__Host-app", path: "/a" }],
    ["__Secure- without secure", { key: "__Secure-app", secure: false }],
    ["a former secret that is too short", { previousSecretKeyBases: ["short"] }],
  ];
  for (const [what, options] of wrong) {
    test(`refuse ${what}`, () => {
      assert.throws(() => session({ ...signed, ...options }), { code: "ROOKERY_PLUG_OPTION" });
    });
  }

  test("need an endpoint that has a secret", async () => {
    await assert.rejects(browse(signed, { secretKeyBase: "" }), { code: "ROOKERY_ENDPOINT_OPTION" });
  });
});
