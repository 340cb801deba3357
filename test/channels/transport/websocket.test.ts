import type { IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { assert, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  Channel,
  type ConnectInfo,
  defineSocket,
  type HandleInReturn,
  type JoinReturn,
  ok,
  type Params,
  PubSub,
  reply,
  type Socket,
  type SocketConnected,
} from "../../../channels/index.ts";
import { fastlaneDispatcher } from "../../../channels/fastlane.ts";
import { Broadcast } from "../../../channels/message.ts";
import { realtimeJson } from "../../../channels/serializer/realtime-json.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";
import { transportsSupervisor } from "../../../channels/socket-supervisor.ts";
import { socketConnected } from "../../../channels/telemetry.ts";
import type { WebSocketOptions } from "../../../channels/transport/websocket-options.ts";
import { attachTelemetry, detachTelemetry } from "../../../runtime/index.ts";
import { systemClock } from "../../../runtime/internal.ts";
import { settle } from "../../../runtime/testing.ts";
import { DynamicSupervisor } from "../../../supervisors/index.ts";
import { closeGate, RoomChannel, terminations } from "../room-channel.ts";
import { PUBSUB, SOCKETS, type TestLogger } from "../test-connection.ts";
import { exchange, TestServer, TestSocket } from "../websocket-server.ts";

class BroadcastChannel extends Channel {
  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }
  readonly handleIn = {
    broadcast: (payload: unknown, socket: Socket): HandleInReturn => reply("ok", payload, socket),
  };
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

interface Handshake {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The bytes of a handshake in which some things are otherwise. */
function handshake({
  method = "GET",
  path = "/socket/websocket?vsn=2.0.0",
  headers = {},
}: Handshake): string {
  const all = {
    host: "app.example",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) =>
    value === undefined ? "" : `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Status and body of a refused handshake. */
async function refused(server: TestServer, request: Handshake): Promise<[status: number, body: string]> {
  const answer = (await exchange(server.port, handshake(request))).toString();
  const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
  assert.match(head, new RegExp(`content-length: ${body.length}\\b`, "i"));
  return [Number(head.split(" ", 2)[1]), body];
}

/** The head of an accepted handshake. */
async function accepted(server: TestServer, request: Handshake): Promise<string> {
  // A close frame, so that the server closes.
  const answer = await exchange(server.port, handshake(request), Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
  const head = answer.toString("latin1").split("\r\n\r\n", 1)[0]!;
  assert.match(head, /^HTTP\/1\.1 101 /);
  return head.toLowerCase();
}

describe("the handshake", () => {
  test("is answered as RFC 6455 wants it, without protocol and extension", async () => {
    await using server = await TestServer.start();
    const head = await accepted(server, {
      headers: { "sec-websocket-protocol": "phoenix, x", "sec-websocket-extensions": "permessage-deflate" },
    });
    assert.include(head, "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=");
    assert.notInclude(head, "sec-websocket-protocol");
    assert.notInclude(head, "sec-websocket-extensions");
  });

  test("needs the method GET", async () => {
    await using server = await TestServer.start();
    assert.deepEqual(await refused(server, { method: "POST" }), [400, ""]);
    assert.deepEqual(
      await refused(server, { method: "POST", headers: { connection: "close", upgrade: undefined } }),
      [400, ""],
    );
  });

  const wrong: readonly (readonly [headers: Record<string, string | undefined>, text: string])[] = [
    [{ connection: "close" }, `'connection' header must contain 'upgrade', got ["close"]`],
    [
      { connection: "close", upgrade: undefined },
      `'connection' header must contain 'upgrade', got ["close"]`,
    ],
    [{ upgrade: "h2c" }, `'upgrade' header must contain 'websocket', got ["h2c"]`],
    [{ "sec-websocket-key": undefined }, "'sec-websocket-key' header is absent"],
    [{ "sec-websocket-key": "x" }, `'sec-websocket-key' header must be 16 bytes in base64, got ["x"]`],
    [{ "sec-websocket-version": "8" }, `'sec-websocket-version' header must equal '13', got ["8"]`],
  ];
  for (const [headers, text] of wrong) {
    test(`is refused with a reason: ${text}`, async () => {
      await using server = await TestServer.start();
      assert.deepEqual(await refused(server, { headers }), [400, text]);
    });
  }

  test("needs a version that is spoken; connect is not asked for another", async () => {
    let asked = 0;
    const socket = defineSocket({
      channels: [],
      connect: (_, given) => {
        asked += 1;
        return ok(given);
      },
    });
    await using server = await TestServer.start({}, socket);
    for (const query of ["?vsn=", "?vsn=2.1.0", "?vsn=3.0.0", "?vsn=banana", "?vsn[]=2.0.0", "?vsn=1.1.0"]) {
      assert.deepEqual(await refused(server, { path: `/socket/websocket${query}` }), [403, ""], query);
    }
    assert.equal(asked, 0);
    for (const query of ["", "?vsn=1.0.0", "?vsn=1.0.7", "?vsn=2.0.9"]) {
      await accepted(server, { path: `/socket/websocket${query}` });
    }
    assert.equal(asked, 4);
  });

  test("needs a version that one of the mount's serializers speaks", async () => {
    await using server = await TestServer.start({ serializers: [v2Json] });
    assert.deepEqual(await refused(server, { path: "/socket/websocket" }), [403, ""]);
    await accepted(server, { path: "/socket/websocket?vsn=2.0.0" });
  });

  test("is refused for a query that is no UTF-8", async () => {
    await using server = await TestServer.start();
    const [status] = await refused(server, { path: "/socket/websocket?vsn=2.0.0&a=%ff" });
    assert.equal(status, 400);
  });

  test("is answered as connect says: 403, what the errorHandler makes of a reason, 500 when it throws", async () => {
    const path = (token: string): Handshake => ({ path: `/socket/websocket?vsn=2.0.0&token=${token}` });
    await using server = await TestServer.start();
    assert.deepEqual(await refused(server, path("refuse")), [403, ""]);
    assert.deepEqual(await refused(server, path("reason")), [403, ""]);
    assert.deepEqual(await refused(server, path("wrong")), [403, ""]);
    assert.deepEqual(await refused(server, path("x&user_id=wrong")), [403, ""]);
    assert.deepEqual(await refused(server, path("raise")), [500, "Internal Server Error"]);
    assert.deepEqual(
      (server.runtime.logger as TestLogger).lines
        .filter((line) => /^(warn|error) .*RoomSocket/.test(line))
        .map((line) => line.slice(0, 40)),
      [
        "error Expected the connect of RoomSocket",
        "warn Expected the id of RoomSocket to be ",
        "error The connect of RoomSocket failed",
      ].map((line) => line.slice(0, 40)),
    );
    await using other = await TestServer.start({
      errorHandler: (request, reason) => ({
        status: 429,
        headers: { "x-a": "b" },
        body: `${request.method} ${String(reason)}`,
      }),
    });
    assert.deepEqual(await refused(other, path("refuse")), [403, ""]);
    assert.deepEqual(await refused(other, path("reason")), [429, "GET unauthorized"]);
  });

  test("checks the origin", async () => {
    await using server = await TestServer.start();
    const from = (origin: string): Handshake => ({ headers: { origin } });
    assert.deepEqual(await refused(server, from("http://evil.example")), [403, ""]);
    await accepted(server, from("https://app.example"));
    await using same = await TestServer.start({ checkOrigin: "conn" });
    assert.deepEqual(await refused(same, from("https://app.example")), [403, ""]);
    assert.deepEqual(await refused(same, from("http://app.example:81")), [403, ""]);
    await accepted(same, from("http://app.example"));
    await using other = await TestServer.start({ checkOrigin: ["http://allowed.example"] });
    assert.deepEqual(await refused(other, from("https://app.example")), [403, ""]);
    await accepted(other, from("http://allowed.example"));
  });

  test("is answered with 500 when checkOrigin or errorHandler throws", async () => {
    const fails = (): never => {
      throw new Error("failed");
    };
    await using server = await TestServer.start({ checkOrigin: fails, errorHandler: fails });
    assert.deepEqual(await refused(server, { headers: { origin: "http://x" } }), [
      500,
      "Internal Server Error",
    ]);
    const [status] = await refused(server, { path: "/socket/websocket?vsn=2.0.0&token=reason" });
    assert.equal(status, 500);
  });

  test("takes a token from the subprotocols and answers phoenix", async () => {
    const seen: ConnectInfo[] = [];
    const socket = defineSocket({
      channels: [],
      connect: (_, given, info) => {
        seen.push(info);
        return ok(given);
      },
    });
    await using server = await TestServer.start({ authToken: true }, socket);
    // A slash is in the alphabet of btoa, but not among the characters of a subprotocol.
    const offer = `phoenix, base64url.bearer.phx.${Buffer.from("a?b>c?").toString("base64").replaceAll("=", "")}`;
    assert.include(offer, "/");
    assert.include(
      await accepted(server, { headers: { "sec-websocket-protocol": offer } }),
      "sec-websocket-protocol: phoenix",
    );
    assert.notInclude(await accepted(server, {}), "sec-websocket-protocol");
    assert.deepEqual(seen, [{ auth_token: "a?b>c?" }, { auth_token: undefined }]);
    assert.deepEqual(await refused(server, { headers: { "sec-websocket-protocol": "other" } }), [403, ""]);
  });

  test("answers the first of the mount's subprotocols that the client offers", async () => {
    await using server = await TestServer.start({ subprotocols: ["chat.v2", "chat.v1"] });
    const offering = (protocols: string): Handshake => ({ headers: { "sec-websocket-protocol": protocols } });
    assert.include(
      await accepted(server, offering("chat.v1, x, chat.v2")),
      "sec-websocket-protocol: chat.v2",
    );
    assert.include(await accepted(server, offering("x, chat.v1")), "sec-websocket-protocol: chat.v1");
    assert.notInclude(await accepted(server, {}), "sec-websocket-protocol");
    assert.deepEqual(await refused(server, offering("x, phoenix")), [403, ""]);
  });

  test("tells connect what the mount names, and the params", async () => {
    const seen: [Params, ConnectInfo][] = [];
    const socket = defineSocket({
      channels: [],
      connect: (params, given, info) => {
        seen.push([params, info]);
        return ok(given);
      },
    });
    const connectInfo = [
      "peer_data",
      "uri",
      "user_agent",
      "x_headers",
      "trace_context_headers",
      "sec_websocket_headers",
    ] as const;
    await using server = await TestServer.start({ connectInfo }, socket);
    await accepted(server, {
      path: "/socket/websocket?a[b]=c&vsn=2.0.0",
      headers: { "User-Agent": "test", "X-One": "1", "x-two": "2", traceparent: "00-1-2-01" },
    });
    const [[params, info]] = seen as [[Params, ConnectInfo]];
    assert.equal(JSON.stringify(params), '{"a":{"b":"c"},"vsn":"2.0.0"}');
    expect(info).toEqual({
      peer_data: { address: "127.0.0.1", port: expect.any(Number) },
      uri: {
        scheme: "http",
        host: "app.example",
        port: 80,
        path: "/socket/websocket",
        query: "a[b]=c&vsn=2.0.0",
      },
      user_agent: "test",
      x_headers: [
        ["x-one", "1"],
        ["x-two", "2"],
      ],
      trace_context_headers: [["traceparent", "00-1-2-01"]],
      sec_websocket_headers: [
        ["sec-websocket-key", KEY],
        ["sec-websocket-version", "13"],
      ],
    });
  });

  test("tells connect what the mount itself says, under a name of its own", async () => {
    const seen: ConnectInfo[] = [];
    const socket = defineSocket({
      channels: [],
      connect: (_, given, info) => {
        seen.push(info);
        return ok(given);
      },
    });
    await using server = await TestServer.start({ connectInfo: [{ region: "eu" }, "user_agent"] }, socket);
    await accepted(server, { headers: { "user-agent": "test" } });
    assert.deepEqual(seen, [{ region: "eu", user_agent: "test" }]);
  });

  describe("with a session", () => {
    const session = ({ headers: { cookie } }: IncomingMessage): object | undefined =>
      cookie === undefined ? undefined : { _csrf_token: "secret", user: cookie };

    /** What connect is told of the session of a request with these. */
    async function told(
      options: WebSocketOptions,
      cookie: string | undefined,
      query: string,
    ): Promise<unknown> {
      const seen: unknown[] = [];
      const socket = defineSocket({
        channels: [],
        connect: (_, given, info) => {
          seen.push(info.session);
          return ok(given);
        },
      });
      await using server = await TestServer.start({ connectInfo: [{ session }], ...options }, socket);
      await accepted(server, { path: `/socket/websocket?vsn=2.0.0${query}`, headers: { cookie } });
      assert.lengthOf(seen, 1);
      return seen[0];
    }

    test("tells connect of it if the request knows its CSRF token", async () => {
      assert.deepEqual(await told({}, "ada", "&_csrf_token=secret"), { _csrf_token: "secret", user: "ada" });
      for (const query of [
        "",
        "&_csrf_token=",
        "&_csrf_token=secre",
        "&_csrf_token=Secret",
        "&_csrf_token[]=secret",
      ])
        assert.isUndefined(await told({}, "ada", query), query);
      assert.isUndefined(await told({}, undefined, "&_csrf_token=secret"));
    });

    test("lets a function check the token, or nobody", async () => {
      const checkCsrf = (given: unknown, token: unknown): boolean =>
        (given as { user: string }).user === token;
      assert.isDefined(await told({ checkCsrf }, "ada", "&_csrf_token=ada"));
      assert.isUndefined(await told({ checkCsrf }, "ada", "&_csrf_token=bob"));
      assert.isUndefined(await told({ checkCsrf }, "ada", ""));
      assert.isDefined(await told({ checkCsrf: false }, "ada", ""));
      assert.isUndefined(await told({ checkCsrf: false }, undefined, ""));
    });

    test("waits for it, and answers 500 if it can't be read", async () => {
      const later = async (request: IncomingMessage): Promise<unknown> => {
        await Promise.resolve();
        return session(request);
      };
      const connectInfo = [{ session: later }];
      assert.isDefined(await told({ connectInfo }, "ada", "&_csrf_token=secret"));
      const fails = (): never => {
        throw new Error("no store");
      };
      await using server = await TestServer.start({ connectInfo: [{ session: fails }], checkCsrf: false });
      assert.deepEqual(await refused(server, {}), [500, "Internal Server Error"]);
    });

    test("needs one of the two checks", async () => {
      await expect(
        TestServer.start({ connectInfo: [{ session }], checkOrigin: false, checkCsrf: false }),
      ).rejects.toMatchObject({ code: "ROOKERY_WEBSOCKET_OPTION" });
      await using server = await TestServer.start({ checkOrigin: false, checkCsrf: false });
      await accepted(server, {});
    });
  });

  test("is answered with 503 while the mount's processes are not there", async () => {
    await using server = await TestServer.start();
    await server.runtime.stop("test", "shutdown");
    assert.deepEqual(await refused(server, {}), [503, ""]);
  });

  test("leaves no process behind for a client that goes away while connect runs", async () => {
    const { promise: mayConnect, resolve: letConnect } = Promise.withResolvers<void>();
    const { promise: connecting, resolve: connectRuns } = Promise.withResolvers<void>();
    const socket = defineSocket({
      channels: [],
      connect: async (_, given) => {
        connectRuns();
        await mayConnect;
        return ok(given);
      },
    });
    await using server = await TestServer.start({}, socket);
    const tcp = connectTcp(server.port, "127.0.0.1", () => tcp.write(handshake({})));
    await connecting;
    const gone = new Promise((resolve) => tcp.on("close", resolve));
    tcp.resetAndDestroy();
    await gone;
    letConnect();
    await expect.poll(() => server.openConnections).toBe(0);
    await settle(server.runtime);
    assert.deepEqual(
      await DynamicSupervisor.whichChildren(server.runtime, transportsSupervisor(SOCKETS)),
      [],
    );
  });

  test("is told by telemetry", async () => {
    const seen: [vsn: string, result: string, transport: string][] = [];
    attachTelemetry("test", [socketConnected], (_, { vsn, result, transport }: SocketConnected) =>
      seen.push([vsn, result, transport]),
    );
    try {
      await using server = await TestServer.start();
      await accepted(server, {});
      await refused(server, { path: "/socket/websocket?vsn=2.0.1&token=refuse" });
      await refused(server, { path: "/socket/websocket?vsn=9.0.0" });
    } finally {
      detachTelemetry("test");
    }
    assert.deepEqual(seen, [
      ["2.0.0", "ok", "websocket"],
      ["2.0.1", "error", "websocket"],
    ]);
  });

  const options: readonly object[] = [
    { path: "websocket" },
    { timeout: 0 },
    { maxFrameSize: "1" },
    { connectInfo: ["peer"] },
    { connectInfo: [null] },
    { connectInfo: [{ session: "cookie" }] },
    { checkCsrf: "no" },
    { serializers: [] },
    { authToken: 1 },
    { errorHandler: "none" },
    { idleTimeout: 7 },
  ];
  for (const wrongOptions of options) {
    test(`refuses the options ${JSON.stringify(wrongOptions)}`, async () => {
      await expect(TestServer.start(wrongOptions as WebSocketOptions)).rejects.toMatchObject({
        code: "ROOKERY_WEBSOCKET_OPTION",
      });
    });
  }
});

describe("a connection", () => {
  const join = (topic: string, ref = "1"): unknown[] => [ref, ref, topic, "phx_join", {}];
  const heartbeat = [null, "9", "phoenix", "heartbeat", {}];
  const heartbeatReply = [null, "9", "phoenix", "phx_reply", { response: {}, status: "ok" }];

  test("carries text and binary frames", async () => {
    await using server = await TestServer.start();
    const client = await TestSocket.open(server.url());
    assert.deepEqual(await client.ask(heartbeat), heartbeatReply);
    await client.ask(join("room:plain", "3"));
    const push = Buffer.from([0, 1, 1, 10, 4, ...Buffer.from("34room:plainecho"), 1, 2]);
    assert.deepEqual(
      await client.ask(push),
      Buffer.from([1, 1, 1, 10, 2, ...Buffer.from("34room:plainok"), 1, 2]),
    );
    const large = { text: "ž".repeat(100_000) };
    assert.deepEqual(await client.ask(["3", "5", "room:plain", "echo", large]), [
      "3",
      "5",
      "room:plain",
      "phx_reply",
      { response: large, status: "ok" },
    ]);
    client.websocket.close();
    assert.equal(await client.closed(), 1005);
  });

  test("speaks version 1 with a client that names no version, and with others version 2", async () => {
    await using server = await TestServer.start();
    const old = await TestSocket.open(server.url(""));
    const client = await TestSocket.open(server.url());
    const push = (topic: string, event: string, ref: string): string =>
      JSON.stringify({ topic, event, payload: { a: 1 }, ref });
    const reply = (topic: string, ref: string, response: object): object => ({
      topic,
      event: "phx_reply",
      payload: { response, status: "ok" },
      ref,
    });
    assert.deepEqual(await old.ask(push("phoenix", "heartbeat", "1")), reply("phoenix", "1", {}));
    assert.deepEqual(await old.ask(push("room:plain", "phx_join", "2")), reply("room:plain", "2", {}));
    await client.ask(join("room:plain", "3"));
    assert.deepEqual(await old.ask(push("room:plain", "echo", "3")), reply("room:plain", "3", { a: 1 }));
    old.send(push("room:plain", "shout", "4"));
    assert.deepEqual(await old.next(), { topic: "room:plain", event: "shout", payload: { a: 1 }, ref: null });
    assert.deepEqual(await old.next(), reply("room:plain", "4", {}));
    assert.deepEqual(await client.next(), [null, null, "room:plain", "shout", { a: 1 }]);
    // Bytes reach those who can read them.
    assert.deepEqual(
      await client.ask(Buffer.from([0, 1, 1, 10, 5, ...Buffer.from("34room:plainshout"), 7])),
      Buffer.from([2, 10, 5, ...Buffer.from("room:plainshout"), 7]),
    );
    assert.deepEqual(await old.ask(push("room:plain", "phx_leave", "5")), reply("room:plain", "5", {}));
    assert.deepEqual(await old.next(), { topic: "room:plain", event: "phx_close", payload: {}, ref: null });
    old.send("[]");
    assert.equal(await old.closed(), 1011);
    client.websocket.terminate();
  });

  test("takes the frames of realtime-js on a mount that names their serializer, and on no other", async () => {
    const cursor = { type: "broadcast", event: "cursor", payload: { x: 1 } };
    // kind, five sizes, JSON; joinRef "1", ref "2", room:plain, cursor
    const push = Buffer.from([3, 1, 1, 10, 6, 0, 1, ...Buffer.from('12room:plaincursor{"x":1}')]);
    const socket = defineSocket({
      channels: [["room:*", BroadcastChannel]],
      connect: (_, given) => ok(given),
    });
    await using server = await TestServer.start({ serializers: [realtimeJson] }, socket);
    const client = await TestSocket.open(server.url());
    await client.ask(join("room:plain"));
    const reply = ["1", "2", "room:plain", "phx_reply", { response: cursor, status: "ok" }];
    assert.deepEqual(await client.ask(push), reply);
    client.websocket.terminate();
    await using plain = await TestServer.start({}, socket);
    const other = await TestSocket.open(plain.url());
    other.send(push);
    assert.equal(await other.closed(), 1011);
  });

  test("answers frames that come in one packet in one write, in order", async () => {
    await using server = await TestServer.start();
    // Masked with zeros; eleven heartbeats and a close.
    const frames = Array.from({ length: 11 }, (_, i) => {
      const text = Buffer.from(JSON.stringify([null, String(i + 10), "phoenix", "heartbeat", {}]));
      return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
    });
    // The slice ends when there is nothing left to do, and not because a busy machine took its millisecond.
    const clock = vi.spyOn(systemClock, "nowMs").mockReturnValue(systemClock.nowMs());
    onTestFinished(() => clock.mockRestore());
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const tcp = connectTcp(server.port, "127.0.0.1", () => tcp.write(handshake({})));
      tcp.once("data", () => {
        tcp.on("data", (chunk) => {
          chunks.push(chunk);
          tcp.destroy();
        });
        tcp.on("close", () => resolve());
        tcp.write(Buffer.concat(frames));
      });
    });
    const text = Buffer.concat(chunks).toString("latin1");
    assert.deepEqual(
      [...text.matchAll(/\[null,"(\d+)"/g)].map(([, ref]) => Number(ref)),
      Array.from({ length: 11 }, (_, i) => i + 10),
    );
    assert.lengthOf(chunks, 1);
  });

  test("puts a fragmented message together", async () => {
    await using server = await TestServer.start();
    const client = await TestSocket.open(server.url());
    const text = JSON.stringify(heartbeat);
    client.websocket.send(text.slice(0, 5), { fin: false });
    client.websocket.send(text.slice(5, 6), { fin: false });
    client.websocket.ping("between");
    client.websocket.send(text.slice(6), { fin: true });
    assert.deepEqual(await client.next(), heartbeatReply);
    client.websocket.terminate();
  });

  test("answers a ping with the same bytes", async () => {
    await using server = await TestServer.start();
    const client = await TestSocket.open(server.url());
    const pong = new Promise<string>((resolve) =>
      client.websocket.on("pong", (data) => resolve(data.toString())),
    );
    client.websocket.ping("hello");
    assert.equal(await pong, "hello");
    client.websocket.terminate();
  });

  for (const compress of [true, { zlibDeflateOptions: { level: 1 } }]) {
    test(`compresses where it may: ${JSON.stringify(compress)}`, async () => {
      await using server = await TestServer.start({ compress });
      const client = await TestSocket.open(server.url(), { compress: true });
      assert.equal(client.websocket.extensions, "permessage-deflate");
      await client.ask(join("room:plain"));
      const payload = { text: "a".repeat(10_000) };
      assert.deepEqual(((await client.ask(["1", "2", "room:plain", "echo", payload])) as unknown[])[4], {
        response: payload,
        status: "ok",
      });
      const plain = await TestSocket.open(server.url());
      assert.deepEqual(await plain.ask(heartbeat), heartbeatReply);
      client.websocket.terminate();
      plain.websocket.terminate();
    });
  }

  test("reads on after more frames than may wait at once", async () => {
    await using server = await TestServer.start();
    const client = await TestSocket.open(server.url());
    for (let i = 0; i < 5_000; i += 1) client.send(heartbeat);
    for (let i = 0; i < 5_000; i += 1) assert.deepEqual(await client.next(), heartbeatReply);
    client.websocket.terminate();
  });

  for (const [sent, code] of [
    [1000, 1000],
    [4001, 4001],
    [undefined, 1005],
  ] as const) {
    test(`is closed with the client's own code: ${String(sent)}`, async () => {
      await using server = await TestServer.start();
      const client = await TestSocket.open(server.url());
      client.websocket.close(sent);
      assert.equal(await client.closed(), code);
    });
  }

  test("ends its channels when the client closes, and when the network breaks", async () => {
    await using server = await TestServer.start();
    for (const end of ["close", "terminate"] as const) {
      terminations.length = 0;
      const client = await TestSocket.open(server.url());
      await client.ask(join("room:plain"));
      client.websocket[end]();
      await expect
        .poll(() => terminations)
        .toEqual([{ topic: "room:plain", reason: ["shutdown", "closed"], joined: true }]);
    }
  });

  const malformed: readonly (readonly [what: string, bytes: string, code: number])[] = [
    ["no JSON", "81 83 00000000 6e6f21", 1011],
    ["nothing", "81 80 00000000", 1011],
    ["JSON of too few elements", "81 82 00000000 5b5d", 1011],
    ["an unknown binary kind", "82 81 00000000 09", 1011],
    ["a push cut short", "82 83 00000000 000101", 1011],
    ["text that is no UTF-8", "81 81 00000000 ff", 1007],
    ["a frame that is not masked", "81 02 5b5d", 1002],
    ["a reserved bit", "c1 80 00000000", 1002],
    ["a reserved opcode", "83 80 00000000", 1002],
    ["a close with half a code", "88 81 00000000 03", 1002],
    ["a close with a code that is none", "88 82 00000000 03ec", 1002],
    ["a frame larger than 1,000 bytes", "81 fe 03e9 00000000", 1009],
  ];
  for (const [what, bytes, code] of malformed) {
    test(`is closed with ${code} for ${what}, and its channels end, nobody else's`, async () => {
      terminations.length = 0;
      await using server = await TestServer.start({ maxFrameSize: 1_000 });
      const other = await TestSocket.open(server.url());
      await other.ask(join("room:plain"));
      const client = await TestSocket.open(server.url());
      await client.ask(join("room:trap"));
      const raw = client.websocket as unknown as { _socket: { write(data: Buffer): void } };
      raw._socket.write(Buffer.from(bytes.replaceAll(" ", ""), "hex"));
      assert.equal(await client.closed(), code);
      await expect.poll(() => terminations.map(({ topic }) => topic)).toEqual(["room:trap"]);
      assert.deepEqual(await other.ask(heartbeat), heartbeatReply);
      other.websocket.terminate();
    });
  }

  test("takes a frame of just the size that is allowed", async () => {
    await using server = await TestServer.start({ maxFrameSize: 1_000 });
    const client = await TestSocket.open(server.url());
    const frame = JSON.stringify(heartbeat);
    assert.deepEqual(await client.ask(frame + " ".repeat(1_000 - frame.length)), heartbeatReply);
    client.send(frame + " ".repeat(1_001 - frame.length));
    assert.equal(await client.closed(), 1009);
  });

  test("is closed with 1001 when its id is disconnected, with all its frames before", async () => {
    await using server = await TestServer.start();
    const { runtime } = server;
    const client = await TestSocket.open(server.url("vsn=2.0.0&user_id=7"));
    const other = await TestSocket.open(server.url("vsn=2.0.0&user_id=8"));
    await client.ask(join("room:plain"));
    runtime.spawn((self) => {
      const topic = "user_socket:7";
      PubSub.broadcast(
        self,
        PUBSUB,
        "room:plain",
        new Broadcast("room:plain", "last", {}),
        fastlaneDispatcher,
      );
      PubSub.broadcast(self, PUBSUB, topic, new Broadcast(topic, "disconnect", {}));
    });
    assert.deepEqual(await client.next(), [null, null, "room:plain", "last", {}]);
    assert.equal(await client.closed(), 1001);
    assert.deepEqual(await other.ask(heartbeat), heartbeatReply);
    other.websocket.terminate();
  });

  test("is closed with 1012 when its supervisor is shut down, and with 1011 when its process is killed", async () => {
    await using server = await TestServer.start();
    const { runtime } = server;
    const killed = await TestSocket.open(server.url());
    const [child] = await DynamicSupervisor.whichChildren(runtime, transportsSupervisor(SOCKETS));
    runtime.exit(child!.pid as never, "kill");
    assert.equal(await killed.closed(), 1011);
    const client = await TestSocket.open(server.url());
    await client.ask(join("room:plain"));
    await runtime.stop("test", "shutdown");
    assert.equal(await client.closed(), 1012);
  });

  test(
    "is closed at once when its process ends, however many frames still come",
    { timeout: 10_000 },
    async () => {
      await using server = await TestServer.start();
      const { runtime } = server;
      const openGate = closeGate();
      const client = await TestSocket.open(server.url());
      client.send(join("room:gate"));
      for (let i = 0; i < 20_000; i += 1) client.send(heartbeat);
      const transports = (): ReturnType<typeof DynamicSupervisor.whichChildren> =>
        DynamicSupervisor.whichChildren(runtime, transportsSupervisor(SOCKETS));
      const [child] = await transports();
      const waiting = (): number => runtime.info(child!.pid as never)?.messageQueueLength ?? 0;
      // Of 64 one is at work.
      await expect.poll(waiting).toBeGreaterThanOrEqual(63);
      runtime.exit(child!.pid as never, "shutdown");
      assert.equal(await client.closed(), 1012);
      openGate();
    },
  );

  test("is closed with 1002 when the client is silent for the timeout", async () => {
    await using server = await TestServer.start({ timeout: 40 });
    const client = await TestSocket.open(server.url());
    assert.equal(await client.closed(), 1002);
  });

  test("is cut off when the client does not read", async () => {
    await using server = await TestServer.start({ maxBufferedSize: 100_000 });
    const client = await TestSocket.open(server.url());
    await client.ask(join("room:plain"));
    client.websocket.pause();
    const event = new Broadcast("room:plain", "flood", { text: "x".repeat(1_000_000) });
    await expect
      .poll(() => {
        PubSub.broadcast(server.runtime, PUBSUB, "room:plain", event, fastlaneDispatcher);
        return terminations.at(-1);
      })
      .toMatchObject({ reason: ["shutdown", "slow_consumer"] });
    client.websocket.terminate();
  });

  test("a channel that crashes closes nothing", async () => {
    await using server = await TestServer.start();
    const client = await TestSocket.open(server.url());
    await client.ask(join("room:plain"));
    const crashed = ["1", "1", "room:plain", "phx_error", { reason: "channel_crash" }];
    assert.deepEqual(await client.ask(["1", "2", "room:plain", "crash", {}]), crashed);
    assert.deepEqual(await client.ask(heartbeat), heartbeatReply);
    client.websocket.terminate();
  });
});

test("path variables are params, and win over the query", async () => {
  const seen: Params[] = [];
  const socket = defineSocket({
    channels: [["room:*", RoomChannel]],
    connect: (params, given) => {
      seen.push(params);
      return ok(given);
    },
  });
  await using server = await TestServer.start({}, socket, { room: "lobby" });
  await accepted(server, { path: "/socket/websocket?vsn=2.0.0&room=other" });
  assert.equal(JSON.stringify(seen), '[{"vsn":"2.0.0","room":"lobby"}]');
});
