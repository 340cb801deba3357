import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { redirect } from "../../api/redirect.ts";
import { mounted } from "./mounted.ts";

type Target = Parameters<typeof redirect>[1];

async function redirected(target: Target, status = 200): Promise<[number, unknown]> {
  const show = (_request: FastifyRequest, reply: FastifyReply): unknown =>
    redirect(reply.code(status), target);
  const response = await mounted((route) => route.get("/", { show }, "show")).inject("/");
  return [response.statusCode, response.headers.location];
}

describe("redirect", () => {
  test("answers 302 and the path", async () => {
    assert.deepEqual(await redirected({ to: "/users/1?tab=a#b" }), [302, "/users/1?tab=a#b"]);
    assert.deepEqual(await redirected({ to: "/" }), [302, "/"]);
  });

  test("keeps a status of its kind", async () => {
    assert.deepEqual(await redirected({ to: "/new" }, 308), [308, "/new"]);
    assert.deepEqual(await redirected({ to: "/new" }, 201), [302, "/new"]);
  });

  test("writes what a header can't hold as the escapes that stand for it", async () => {
    assert.deepEqual(await redirected({ to: "/größe/→?q=a b%20c" }), [
      302,
      "/gr%C3%B6%C3%9Fe/%E2%86%92?q=a%20b%20c",
    ]);
    assert.deepEqual(await redirected({ external: "https://x.com/ü\r\na: b" }), [
      302,
      "https://x.com/%C3%BC%0D%0Aa:%20b",
    ]);
  });

  test("leads elsewhere only if it is told so", async () => {
    assert.deepEqual(await redirected({ external: "https://example.com/x" }), [302, "https://example.com/x"]);
    for (const to of [
      "https://example.com",
      "//evil.example",
      "/\\evil.example",
      "users",
      "",
      "/%09/evil",
      "/\t/evil",
      "/a\\b",
      "/\n/evil",
      "/a\r\nset-cookie: a=b",
      "/\u0000",
    ])
      assert.throws(() => redirect({} as FastifyReply, { to }), { code: "ROOKERY_REDIRECT" }, to);
  });
});
