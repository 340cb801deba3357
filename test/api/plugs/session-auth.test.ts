import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { bearerAuth } from "../../../api/plugs/bearer-auth.ts";
import { protectFromForgery } from "../../../api/plugs/protect-from-forgery.ts";
import { sessionAuth } from "../../../api/plugs/session-auth.ts";
import { session } from "../../../api/plugs/session.ts";
import { getSession, putSession } from "../../../api/session/session.ts";
import { Browser, endpointApp } from "../endpoint/endpoint-app.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

interface Users {
  readonly browser: Browser;
  readonly users: Map<string | number, User>;
}

async function browse(): Promise<Users> {
  const users = new Map<string | number, User>([[7, { id: 7, name: "Ada" }]]);
  const withSession = session({ key: "_app", signingSalt: "session salt" });
  const bySession = sessionAuth<User>(async (credential) => users.get(credential));
  const maybe = sessionAuth<User>((credential) => users.get(credential), { optional: true });
  const byToken = bearerAuth<User>((token) => (token === "good" ? { id: 8, name: "Eve" } : undefined), {
    optional: true,
  });
  const forgetful = protectFromForgery({ otherwise: "clear_session" });
  const unforged = protectFromForgery({ skip: ({ currentUser }) => currentUser !== undefined });
  const controller = {
    show: (request: FastifyRequest) => ({ name: bySession.currentUser(request).name }),
    maybe: (request: FastifyRequest) => ({ id: request.currentUser?.id ?? null }),
    slip: (request: FastifyRequest) => {
      putSession(request, "slipped", true);
      return { ok: true };
    },
    slipped: (request: FastifyRequest) => ({ slipped: getSession(request, "slipped") ?? null }),
    logIn: (request: FastifyRequest) => {
      const { credential } = request.body as { credential?: string };
      bySession.logIn(request, users.get(7)!, credential);
      return { name: bySession.currentUser(request).name };
    },
    logInAnew: (request: FastifyRequest) => {
      bySession.logOut(request);
      bySession.logIn(request, users.get(7)!);
      return { ok: true };
    },
    logOut: (request: FastifyRequest) => {
      bySession.logOut(request);
      return { id: request.currentUser ?? null };
    },
  };
  const app = await endpointApp((route) => {
    route.scope("/", { through: withSession }, (pages) => {
      pages.post("/session", controller, "logIn");
      pages.delete("/session", controller, "logOut");
      pages.put("/session", controller, "logInAnew");
      pages.post("/forged", controller, "logIn", { through: [withSession, forgetful] });
      pages.post("/slip", controller, "slip");
      pages.get("/slip", controller, "slipped");
      pages.get("/me", controller, "show", { through: [withSession, bySession] });
      pages.get("/maybe", controller, "maybe", { through: [withSession, maybe] });
      pages.get("/either", controller, "show", { through: [withSession, byToken, bySession] });
      pages.post("/either", controller, "show", { through: [withSession, byToken, unforged, bySession] });
    });
  });
  return { browser: new Browser(app), users };
}

const UNAUTHORIZED = { status: 401, body: { errors: { detail: "Unauthorized" } }, setCookie: undefined };

describe("sessionAuth", () => {
  test("lets pass whoever has logged in, until the log-out", async () => {
    const { browser } = await browse();
    assert.deepEqual(await browser.request("GET /me"), UNAUTHORIZED);
    assert.deepEqual((await browser.request("POST /session", {})).body, { name: "Ada" });
    assert.deepEqual((await browser.request("GET /me")).body, { name: "Ada" });
    assert.deepEqual((await browser.request("DELETE /session")).body, { id: null });
    assert.equal(browser.cookies.size, 0);
    assert.deepEqual(await browser.request("GET /me"), UNAUTHORIZED);
  });

  test("starts the session anew at a log-in: what was in it before is gone", async () => {
    const { browser } = await browse();
    await browser.request("POST /slip");
    assert.deepEqual((await browser.request("GET /slip")).body, { slipped: true });
    const { setCookie } = await browser.request("POST /session", {});
    assert.notEqual(setCookie, undefined);
    assert.deepEqual((await browser.request("GET /slip")).body, { slipped: null });
  });

  test("sets the cookie anew at each log-in", async () => {
    const { browser } = await browse();
    await browser.request("POST /session", {});
    assert.notEqual((await browser.request("POST /session", {})).setCookie, undefined);
  });

  test("takes a log-in after a log-out in the same request", async () => {
    const { browser } = await browse();
    await browser.request("POST /session", {});
    await browser.request("PUT /session", {});
    assert.deepEqual((await browser.request("GET /me")).body, { name: "Ada" });
  });

  test("logs nobody in by a request without a CSRF token, though it may go on without its session", async () => {
    const { browser } = await browse();
    const { status, setCookie } = await browser.request("POST /forged", {});
    assert.deepEqual([status, setCookie], [200, undefined]);
  });

  test("doesn't let pass a user who is gone", async () => {
    const { browser, users } = await browse();
    await browser.request("POST /session", {});
    users.clear();
    assert.deepEqual(await browser.request("GET /me"), UNAUTHORIZED);
  });

  test("asks with the credential of the log-in, which can be taken back", async () => {
    const { browser, users } = await browse();
    users.set("token-1", users.get(7)!);
    await browser.request("POST /session", { credential: "token-1" });
    assert.deepEqual((await browser.request("GET /me")).body, { name: "Ada" });
    users.delete("token-1");
    assert.deepEqual(await browser.request("GET /me"), UNAUTHORIZED);
  });

  test("that is optional lets everybody pass and knows who has logged in", async () => {
    const { browser } = await browse();
    assert.deepEqual((await browser.request("GET /maybe")).body, { id: null });
    await browser.request("POST /session", {});
    assert.deepEqual((await browser.request("GET /maybe")).body, { id: 7 });
  });

  test("stands beside an optional bearerAuth: a token or a session is enough", async () => {
    const { browser } = await browse();
    assert.deepEqual(await browser.request("GET /either"), UNAUTHORIZED);
    const bad = await browser.request("GET /either", undefined, { authorization: "Bearer bad" });
    assert.equal(bad.status, 401);
    const good = await browser.request("GET /either", undefined, { authorization: "Bearer good" });
    assert.deepEqual(good.body, { name: "Eve" });
    await browser.request("POST /session", {});
    assert.deepEqual((await browser.request("GET /either")).body, { name: "Ada" });
  });

  test("wants a CSRF token of those with a session only, where skip knows who has shown a token before", async () => {
    const { browser } = await browse();
    const good = { authorization: "Bearer good" };
    assert.deepEqual((await browser.request("POST /either", {}, good)).body, { name: "Eve" });
    await browser.request("POST /session", {});
    for (const headers of [{}, { authorization: "Bearer bad" }])
      assert.equal((await browser.request("POST /either", {}, headers)).status, 403);
    assert.deepEqual((await browser.request("POST /either", {}, good)).body, { name: "Eve" });
  });
});
