import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import {
  type CookieOptions,
  type CookieSeal,
  deleteCookie,
  getCookie,
  putCookie,
} from "../../../api/cookies.ts";
import { fetchCookies } from "../../../api/plugs/fetch-cookies.ts";
import { session } from "../../../api/plugs/session.ts";
import { Token } from "../../../channels/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { Browser, endpointApp, SECRET } from "../endpoint/endpoint-app.ts";

interface Put {
  readonly value: unknown;
  readonly options?: CookieOptions;
}

const controller = {
  show: (request: FastifyRequest) => {
    const { seal } = request.query as { seal?: CookieSeal };
    return { value: getCookie(request, "theme", seal) ?? null };
  },
  put: (request: FastifyRequest, reply: FastifyReply) => {
    const { value, options } = request.body as Put;
    putCookie(reply, "theme", "replaced", options);
    putCookie(reply, "theme", value, options);
    return { ok: true };
  },
  delete: (_request: FastifyRequest, reply: FastifyReply) => {
    deleteCookie(reply, "theme");
    return { ok: true };
  },
};

async function browse(clock: VirtualClock = new VirtualClock()): Promise<Browser> {
  const app = await endpointApp(
    (route) => {
      route.scope("/", { through: fetchCookies() }, (pages) => {
        pages.get("/theme", controller, "show");
        pages.post("/theme", controller, "put");
        pages.delete("/theme", controller, "delete");
      });
      const both = [session({ key: "_app", signingSalt: "session salt" }), fetchCookies()];
      route.get("/both", controller, "show", { through: both });
    },
    {},
    clock,
  );
  return new Browser(app);
}

describe("fetchCookies", () => {
  test("lets actions set a cookie, read it and delete it", async () => {
    const browser = await browse();
    const { setCookie } = await browser.request("POST /theme", { value: "dark" });
    assert.equal(setCookie, "theme=dark; Path=/; HttpOnly; SameSite=Lax");
    assert.deepEqual((await browser.request("GET /theme")).body, { value: "dark" });
    await browser.request("DELETE /theme");
    assert.equal(browser.cookies.size, 0);
    assert.deepEqual((await browser.request("GET /theme")).body, { value: null });
  });

  test("deletes over TLS as browsers want it for a cookie that is for TLS only", async () => {
    const app = await endpointApp(
      (route) => {
        const forget = (_request: FastifyRequest, reply: FastifyReply): unknown => {
          deleteCookie(reply, "__Host-theme");
          deleteCookie(reply, "ad", { path: "/ads", secure: true, sameSite: "none" });
          return {};
        };
        route.delete("/", { forget }, "forget", { through: fetchCookies() });
      },
      { fastify: { trustProxy: true } },
    );
    const headers = { "x-forwarded-proto": "https" };
    const { headers: sent } = await app.inject({ method: "DELETE", url: "/", headers });
    const past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure";
    assert.deepEqual(sent["set-cookie"], [
      `__Host-theme=; Max-Age=0; Path=/; ${past}; SameSite=Lax`,
      `ad=; Max-Age=0; Path=/ads; ${past}; SameSite=None`,
    ]);
  });

  test("stands beside a session", async () => {
    const browser = await browse();
    browser.cookies.set("theme", "dark");
    assert.deepEqual((await browser.request("GET /both")).body, { value: "dark" });
  });

  test("sets what the options say", async () => {
    const options = {
      maxAge: 60,
      httpOnly: false,
      secure: true,
      sameSite: "none",
      path: "/a",
      domain: "x.com",
    };
    const { setCookie } = await (await browse()).request("POST /theme", { value: "dark", options });
    assert.equal(setCookie, "theme=dark; Max-Age=60; Domain=x.com; Path=/a; Secure; SameSite=None");
  });

  test("refuses what browsers would drop", async () => {
    assert.equal((await (await browse()).request("POST /theme", { value: "x".repeat(4_096) })).status, 500);
  });
});

for (const [seal, open] of [
  ["signed", Token.verify],
  ["encrypted", Token.decrypt],
] as const) {
  describe(`a cookie that is ${seal}`, () => {
    test("holds plain data, as a Token for its name with `_cookie`, which is Plug's", async () => {
      const clock = new VirtualClock();
      const browser = await browse(clock);
      await browser.request("POST /theme", { value: [7, "dark"], options: { seal } });
      assert.deepEqual((await browser.request(`GET /theme?seal=${seal}`)).body, { value: [7, "dark"] });
      const result = open(SECRET, "theme_cookie", browser.cookies.get("theme"), { clock });
      assert.deepEqual(result, { ok: true, data: [7, "dark"] });
    });

    test("is none when it was changed, or made for another name", async () => {
      const browser = await browse();
      await browser.request("POST /theme", { value: "dark", options: { seal } });
      const value = browser.cookies.get("theme")!;
      const clock = new VirtualClock();
      const other = (seal === "signed" ? Token.sign : Token.encrypt)(SECRET, "other_cookie", "dark", {
        clock,
      });
      for (const wrong of [value.slice(0, -1), other, "dark"]) {
        browser.cookies.set("theme", wrong);
        assert.deepEqual((await browser.request(`GET /theme?seal=${seal}`)).body, { value: null });
      }
    });

    test("ends after its maxAge, also for a client that keeps it", async () => {
      const clock = new VirtualClock();
      const browser = await browse(clock);
      await browser.request("POST /theme", { value: "dark", options: { seal, maxAge: 60 } });
      clock.advance(60_000);
      assert.deepEqual((await browser.request(`GET /theme?seal=${seal}`)).body, { value: "dark" });
      clock.advance(1);
      assert.deepEqual((await browser.request(`GET /theme?seal=${seal}`)).body, { value: null });
    });
  });
}

describe("cookies", () => {
  test("are refused where no plug has fetched them", async () => {
    const app = await endpointApp((route) => {
      route.get("/theme", controller, "show");
      route.delete("/theme", controller, "delete");
    });
    for (const method of ["GET", "DELETE"] as const)
      assert.equal((await app.inject({ method, url: "/theme" })).statusCode, 500);
  });
});
