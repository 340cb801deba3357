import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import {
  protectFromForgery,
  type ProtectFromForgeryOptions,
} from "../../../api/plugs/protect-from-forgery.ts";
import { session } from "../../../api/plugs/session.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { checkCsrfToken, deleteCsrfToken, getCsrfToken } from "../../../api/session/csrf-token.ts";
import { getSession, putSession } from "../../../api/session/session.ts";
import { Browser, endpointApp } from "../endpoint/endpoint-app.ts";

const controller = {
  token: (request: FastifyRequest) => ({ token: getCsrfToken(request) }),
  show: (request: FastifyRequest) => ({ saved: getSession(request, "saved") ?? null }),
  save: (request: FastifyRequest) => {
    const before = getSession(request, "saved") ?? null;
    putSession(request, "saved", true);
    return { before };
  },
  forget: (request: FastifyRequest) => {
    deleteCsrfToken(request);
    return { ok: true };
  },
};

async function browse(options?: ProtectFromForgeryOptions): Promise<Browser> {
  const app = await endpointApp((route) => {
    route.pipeline("browser", [
      session({ key: "_app", signingSalt: "session salt" }),
      protectFromForgery(options),
    ]);
    route.scope("/", { through: "browser" }, (browser) => {
      browser.get("/token", controller, "token");
      browser.get("/saved", controller, "show");
      browser.options("/saved", controller, "show");
      browser.post("/saved", controller, "save");
      browser.put("/saved", controller, "save");
      browser.patch("/saved", controller, "save");
      browser.delete("/saved", controller, "save");
      browser.post("/forget", controller, "forget");
    });
    route.post("/without", controller, "save", { through: protectFromForgery() });
  });
  return new Browser(app);
}

async function tokenOf(browser: Browser): Promise<string> {
  return ((await browser.request("GET /token")).body as { token: string }).token;
}

const FORBIDDEN = { status: 403, body: { errors: { detail: "Forbidden" } }, setCookie: undefined };

describe("protectFromForgery", () => {
  test("lets a request pass with the token in its header or in its body", async () => {
    const browser = await browse();
    const token = await tokenOf(browser);
    assert.equal((await browser.request("POST /saved", {}, { "x-csrf-token": token })).status, 200);
    assert.equal((await browser.request("POST /saved", { _csrf_token: token })).status, 200);
  });

  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    test(`answers ${method} without the token with 403, whatever the session`, async () => {
      const browser = await browse();
      assert.deepEqual(await browser.request(`${method} /saved`), FORBIDDEN);
      await tokenOf(browser);
      assert.deepEqual(await browser.request(`${method} /saved`), FORBIDDEN);
    });
  }

  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    test(`lets ${method} pass`, async () => {
      assert.equal((await (await browse()).request(`${method} /saved`)).status, 200);
    });
  }

  test("refuses the token of another session, a changed one and what is none", async () => {
    const [browser, other] = [await browse(), await browse()];
    const own = await tokenOf(browser);
    const changed = (own.startsWith("A") ? "B" : "A") + own.slice(1);
    for (const token of [
      await tokenOf(other),
      changed,
      own.slice(1),
      "",
      "a".repeat(56),
      "\u00e9".repeat(56),
    ])
      assert.deepEqual(await browser.request("POST /saved", { _csrf_token: token }), FORBIDDEN);
    for (const token of [null, 1, [own], { own }])
      assert.deepEqual(await browser.request("POST /saved", { _csrf_token: token }), FORBIDDEN);
  });

  test("refuses all tokens from before one was forgotten", async () => {
    const browser = await browse();
    const headers = { "x-csrf-token": await tokenOf(browser) };
    assert.equal((await browser.request("POST /forget", {}, headers)).status, 200);
    assert.deepEqual(await browser.request("POST /saved", {}, headers), FORBIDDEN);
  });

  test("with clear_session, lets such a request go on without its session, which stays as it is", async () => {
    const browser = await browse({ otherwise: "clear_session" });
    const headers = { "x-csrf-token": await tokenOf(browser) };
    await browser.request("POST /saved", {}, headers);
    assert.deepEqual(await browser.request("POST /saved"), {
      status: 200,
      body: { before: null },
      setCookie: undefined,
    });
    assert.deepEqual((await browser.request("GET /saved")).body, { saved: true });
  });

  test("with clear_session, leaves a router behind it without the session, too", async () => {
    const plug = session({ key: "_app", signingSalt: "session salt" });
    const inner = defineRouter((route) => {
      route.get("/saved", controller, "show", { through: plug });
      route.post("/saved", controller, "save", { through: plug });
    });
    const app = await endpointApp((route) => {
      const through = [plug, protectFromForgery({ otherwise: "clear_session" })];
      route.get("/token", controller, "token", { through });
      route.scope("/", { through }, (outer) => outer.forward("/inner", inner));
    });
    const browser = new Browser(app);
    const token = await tokenOf(browser);
    assert.deepEqual((await browser.request("POST /inner/saved", { _csrf_token: token })).body, {
      before: null,
    });
    assert.deepEqual((await browser.request("GET /inner/saved")).body, { saved: true });
    assert.deepEqual((await browser.request("POST /inner/saved", {})).body, { before: null });
  });

  test("wants no token from whom `skip` knows", async () => {
    const browser = await browse({ skip: (request) => request.headers.authorization !== undefined });
    assert.equal((await browser.request("POST /saved", {}, { authorization: "Bearer x" })).status, 200);
    assert.equal((await browser.request("POST /saved")).status, 403);
  });

  test("wants no token behind a plug that says so on the request", async () => {
    const app = await endpointApp((route) => {
      const skip = (request: FastifyRequest): void => {
        request.skipsCsrfProtection = true;
      };
      const through = [session({ key: "_app", signingSalt: "session salt" }), skip, protectFromForgery()];
      route.post("/saved", controller, "save", { through });
    });
    assert.equal((await new Browser(app).request("POST /saved")).status, 200);
  });

  test("says that there is no session where none was fetched", async () => {
    assert.equal((await (await browse()).request("POST /without")).status, 500);
  });

  test("refuses options that it doesn't know", () => {
    for (const options of [{ with: "forbidden" }, { otherwise: "exception" }])
      assert.throws(() => protectFromForgery(options as ProtectFromForgeryOptions), {
        code: "ROOKERY_PLUG_OPTION",
      });
  });
});

describe("a CSRF token", () => {
  test("is of 56 characters, and another one each time, while the session has one", async () => {
    const browser = await browse();
    const tokens = [await tokenOf(browser), await tokenOf(browser)];
    for (const token of tokens) assert.match(token, /^[\w-]{56}$/);
    assert.notEqual(tokens[0], tokens[1]);
    for (const token of tokens)
      assert.equal((await browser.request("POST /saved", { _csrf_token: token })).status, 200);
  });

  test("is the session's own, bit by bit exchanged with its last 24 characters, as in Plug", () => {
    const session = { _csrf_token: "AAAAAAAAAAAAAAAAAAAAAAAA" };
    // 0x41 xor 0x42 = 0x03, 24 times; then what it was exchanged with.
    const masked = Buffer.alloc(24, 0x03).toString("base64url");
    assert.equal(masked, "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD");
    assert.equal(checkCsrfToken(session, `${masked}BBBBBBBBBBBBBBBBBBBBBBBB`), true);
    assert.equal(checkCsrfToken(session, `${masked}BBBBBBBBBBBBBBBBBBBBBBBC`), false);
    for (const none of [undefined, null, {}, { _csrf_token: 1 }, "AAAAAAAAAAAAAAAAAAAAAAAA"])
      assert.equal(checkCsrfToken(none, `${masked}BBBBBBBBBBBBBBBBBBBBBBBB`), false);
  });
});
