import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Plug } from "../../../api/plug.ts";
import { putSecureBrowserHeaders } from "../../../api/plugs/secure-browser-headers.ts";
import { mounted } from "../mounted.ts";

async function headersOf(more?: Record<string, string>): Promise<Record<string, unknown>> {
  const app = mounted((route) => {
    const through = putSecureBrowserHeaders(more);
    route.get("/", { show: () => ({ ok: true }) }, "show", { through });
  });
  return { ...(await app.inject("/")).headers };
}

describe("putSecureBrowserHeaders", () => {
  test("sets the headers of Phoenix 1.8", async () => {
    const headers = await headersOf();
    assert.equal(headers["referrer-policy"], "strict-origin-when-cross-origin");
    assert.equal(headers["content-security-policy"], "base-uri 'self'; frame-ancestors 'self';");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["x-permitted-cross-domain-policies"], "none");
  });

  test("adds others and replaces its own, however they are spelled", async () => {
    const headers = await headersOf({ "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer" });
    assert.equal(headers["x-frame-options"], "DENY");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-content-type-options"], "nosniff");
  });

  test("leaves a content security policy that is there alone, unless it is given another", async () => {
    const strict = "default-src 'none'";
    const policy: Plug = (_request, reply) => void reply.header("Content-Security-Policy", strict);
    const policyBehind = async (plug: Plug): Promise<unknown> => {
      const show = (): unknown => ({ ok: true });
      const app = mounted((route) => route.get("/", { show }, "show", { through: [policy, plug] }));
      return (await app.inject("/")).headers["content-security-policy"];
    };
    assert.equal(await policyBehind(putSecureBrowserHeaders()), strict);
    const other = "default-src 'self'";
    assert.equal(await policyBehind(putSecureBrowserHeaders({ "content-security-policy": other })), other);
  });

  test("refuses headers that can't be sent", () => {
    for (const headers of [{ "a b": "c" }, { a: "b\r\nc: d" }])
      assert.throws(() => putSecureBrowserHeaders(headers), { code: "ROOKERY_PLUG_OPTION" });
  });
});
