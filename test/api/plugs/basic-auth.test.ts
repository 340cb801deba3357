import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { basicAuth, type BasicAuthOptions } from "../../../api/plugs/basic-auth.ts";
import { mounted } from "../mounted.ts";

const credentials = { username: "admin", password: "geheim: ü" };

async function answer(authorization?: string, options: Partial<BasicAuthOptions> = {}): Promise<unknown[]> {
  const app = mounted((route) => {
    const through = basicAuth({ ...credentials, ...options });
    route.get("/", { show: () => ({ ok: true }) }, "show", { through });
  });
  const headers = authorization === undefined ? {} : { authorization };
  const { statusCode, body, headers: answered } = await app.inject({ url: "/", headers });
  return [statusCode, body, answered["www-authenticate"]];
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

describe("basicAuth", () => {
  test("lets the name and password pass, with colons and letters of all kinds", async () => {
    assert.deepEqual(await answer(basic("admin:geheim: ü")), [200, '{"ok":true}', undefined]);
    assert.deepEqual(await answer(basic("admin:geheim: ü").replace("Basic", "basic")), [
      200,
      '{"ok":true}',
      undefined,
    ]);
  });

  const wrong = [
    undefined,
    "",
    "Basic",
    "Basic !",
    basic("admin"),
    basic("admin:"),
    basic("admin:geheim"),
    basic("Admin:geheim: ü"),
    basic("admin:geheim: ü "),
    basic("admin:geheim: ü").replace("Basic", "Bearer"),
  ];
  for (const authorization of wrong) {
    test(`answers \`${authorization}\` with 401 and asks for the name`, async () => {
      assert.deepEqual(await answer(authorization), [
        401,
        '{"errors":{"detail":"Unauthorized"}}',
        'Basic realm="Application"',
      ]);
    });
  }

  test("names the realm", async () => {
    assert.equal((await answer(undefined, { realm: "Dashboard" }))[2], 'Basic realm="Dashboard"');
  });

  test("refuses what can't work", () => {
    for (const options of [{ username: "a:b" }, { password: "" }, { realm: 'a"b' }, { user: "x" }])
      assert.throws(() => basicAuth({ ...credentials, ...options }), { code: "ROOKERY_PLUG_OPTION" });
  });
});
