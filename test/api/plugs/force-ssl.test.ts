import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "vitest";
import { forceSsl, type ForceSslOptions } from "../../../api/plugs/force-ssl.ts";
import { endpointApp } from "../endpoint/endpoint-app.ts";
import { served } from "../endpoint/served.ts";

interface Asked {
  readonly method?: "GET" | "HEAD" | "POST" | "DELETE";
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trustProxy?: boolean;
}

async function answer(
  { method = "GET", url = "/a?b=c", headers = { host: "x.com" }, trustProxy = false }: Asked = {},
  options?: ForceSslOptions,
): Promise<[status: number, location: unknown, hsts: unknown]> {
  const app = await endpointApp((route) => route.get("/a", { show: () => ({ ok: true }) }, "show"), {
    plugs: [forceSsl(options)],
    fastify: { trustProxy },
  });
  const response = await app.inject({ method, url, headers });
  const { location, "strict-transport-security": hsts } = response.headers;
  return [response.statusCode, location, hsts];
}

const overTls: Asked = { headers: { host: "x.com", "x-forwarded-proto": "https" }, trustProxy: true };

describe("forceSsl", () => {
  for (const [method, status] of [
    ["GET", 301],
    ["HEAD", 301],
    ["POST", 307],
    ["DELETE", 307],
  ] as const) {
    test(`sends ${method} to the same address over TLS, with ${status}`, async () => {
      assert.deepEqual(await answer({ method }), [status, "https://x.com/a?b=c", undefined]);
    });
  }

  test("sends requests for routes that nobody has declared there, too", async () => {
    assert.deepEqual(await answer({ url: "/nowhere" }), [301, "https://x.com/nowhere", undefined]);
  });

  test("leaves the port out, which is another one with TLS", async () => {
    assert.equal((await answer({ headers: { host: "x.com:4000" } }))[1], "https://x.com/a?b=c");
    assert.equal((await answer({ headers: { host: "[2001:db8::1]:80" } }))[1], "https://[2001:db8::1]/a?b=c");
  });

  test("sends requests to the host that it is told", async () => {
    assert.equal((await answer({}, { host: "www.x.com:8443" }))[1], "https://www.x.com:8443/a?b=c");
  });

  test("tells browsers that came over TLS to do so for a year", async () => {
    assert.deepEqual(await answer(overTls), [200, undefined, "max-age=31536000"]);
  });

  test("tells them what `hsts` says", async () => {
    const hsts = { maxAge: 60, includeSubDomains: true, preload: true };
    assert.equal((await answer(overTls, { hsts }))[2], "max-age=60; includeSubDomains; preload");
    assert.equal((await answer(overTls, { hsts: false }))[2], undefined);
  });

  test("believes no x-forwarded-proto unless the proxy is trusted", async () => {
    assert.equal((await answer({ ...overTls, trustProxy: false }))[0], 301);
  });

  for (const host of ["localhost", "localhost:4000", "127.0.0.1:4000"]) {
    test(`leaves ${host} alone`, async () => {
      assert.deepEqual(await answer({ headers: { host } }), [200, undefined, undefined]);
    });
  }

  test("leaves alone what `exclude` names, instead", async () => {
    assert.equal((await answer({}, { exclude: ["x.com"] }))[0], 200);
    assert.equal((await answer({ headers: { host: "localhost" } }, { exclude: ["x.com"] }))[0], 301);
    assert.equal((await answer({}, { exclude: ({ url }) => url.startsWith("/a") }))[0], 200);
  });

  for (const host of ["x.com/evil", "x.com\\@y.com", "a b", "user@x.com"]) {
    test(`answers a request to the host ${JSON.stringify(host)} with 400`, async () => {
      assert.equal((await answer({ headers: { host } }))[0], 400);
    });
  }

  test("answers a request to no host, and one to a whole URL, with 400", async () => {
    const { endpoint } = await served(() => {}, { plugs: [forceSsl()] });
    for (const request of [
      "GET / HTTP/1.0\r\n\r\n",
      "GET http://x.com/ HTTP/1.1\r\nhost: x.com\r\nconnection: close\r\n\r\n",
    ]) {
      const socket = connect(endpoint.port, "127.0.0.1");
      socket.end(request);
      assert.match(await text(socket), /^HTTP\/1.1 400 /);
    }
  });

  test("refuses what can't work", () => {
    const wrong: object[] = [
      { host: "https://x.com" },
      { rewriteOn: [] },
      { hsts: { maxAge: -1 } },
      { hsts: { expires: 1 } },
    ];
    for (const options of wrong) assert.throws(() => forceSsl(options), { code: "ROOKERY_PLUG_OPTION" });
  });
});
