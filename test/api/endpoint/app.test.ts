import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "vitest";
import { served } from "./served.ts";

const ping = { show: () => ({ pong: true }) };

describe("the Fastify instance of an endpoint", () => {
  test("ignores slashes that are too many", async () => {
    const { endpoint } = await served((route) => route.get("/api/ping", ping, "show"));
    assert.equal((await fetch(`${endpoint.url}//api/ping/`)).status, 200);
  });

  test("adds what `configure` registers", async () => {
    const { endpoint } = await served(() => {}, {
      configure: (app) => {
        app.register(async (scope) => scope.get("/plugin", async () => "from a plugin"));
      },
    });
    assert.equal(await (await fetch(`${endpoint.url}/plugin`)).text(), "from a plugin");
  });
});

describe("what is no request of HTTP", () => {
  async function raw(endpoint: { port: number }, bytes: string): Promise<string> {
    const socket = connect(endpoint.port, "127.0.0.1");
    socket.end(bytes);
    return text(socket);
  }

  for (const [what, bytes, status] of [
    ["a line that is none", "hello\r\n\r\n", "400 Bad Request"],
    [
      "a path that is not encoded",
      "GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
      "400 Bad Request",
    ],
    [
      "headers without end",
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(20_000)}`,
      "431 Request Header Fields Too Large",
    ],
    [
      "an upgrade to nowhere",
      "GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      "404 Not Found",
    ],
  ] as const) {
    test(`${what} is answered with ${status} in the one shape`, async () => {
      const { endpoint } = await served((route) => route.get("/:id", ping, "show"));
      const answer = await raw(endpoint, bytes);
      assert.ok(answer.startsWith(`HTTP/1.1 ${status}\r\n`), answer);
      assert.ok(answer.endsWith(`{"errors":{"detail":"${status.slice(4)}"}}`), answer);
    });
  }

  test("a body that does not come in time is answered with 408, and its connection closed", async () => {
    // Node takes the shorter of the two for that of the headers.
    const fastify = { requestTimeout: 50, http: { headersTimeout: 50, connectionsCheckingInterval: 10 } };
    const { endpoint } = await served((route) => route.post("/", ping, "show"), { fastify });
    const socket = connect(endpoint.port, "127.0.0.1");
    socket.write(
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    );
    assert.match(await text(socket), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  test("a body in plain text is answered with 415", async () => {
    const { endpoint } = await served((route) => route.post("/", ping, "show"));
    assert.equal((await fetch(endpoint.url, { method: "POST", body: "hello" })).status, 415);
  });
});
