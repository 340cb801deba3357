import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { broadcastTo } from "../../../channels/broadcast.ts";
import { ok } from "../../../channels/channel-returns.ts";
import { defineSocket, type SocketDefinition } from "../../../channels/socket-definition.ts";
import { sessionsSupervisor, transportsSupervisor } from "../../../channels/socket-supervisor.ts";
import { socketConnected, type SocketConnected } from "../../../channels/telemetry.ts";
import { Token } from "../../../channels/token.ts";
import type { LongPollOptions } from "../../../channels/transport/longpoll-options.ts";
import { attachTelemetry, detachTelemetry } from "../../../runtime/index.ts";
import { DynamicSupervisor } from "../../../supervisors/index.ts";
import { ask, type HttpRequest, LongPollServer, PollingClient, SECRET } from "../longpoll-server.ts";
import { closeGate, RoomChannel, roomSocket, terminations } from "../room-channel.ts";
import { PUBSUB, SOCKETS, type TestLogger } from "../test-connection.ts";

const HEADERS = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
};
const PATH = "/socket/longpoll";
const NDJSON = { "content-type": "application/x-ndjson" };

let server: LongPollServer;

/** A server whose polls don't wait long for nothing. */
async function serve(options: LongPollOptions = {}, socket: SocketDefinition = roomSocket): Promise<void> {
  server = await LongPollServer.start({
    options: { windowMs: 2_000, pubsubTimeoutMs: 500, ...options },
    socket,
  });
}

beforeEach(() => {
  terminations.length = 0;
});
afterEach(() => server[Symbol.asyncDispose]());

const join = (topic: string, ref = "1"): unknown[] => [ref, ref, topic, "phx_join", {}];
const heartbeat = (ref: string): unknown[] => [null, ref, "phoenix", "heartbeat", {}];
const refsOf = (frames: readonly unknown[]): unknown[] => frames.map((frame) => (frame as unknown[])[1]);
const connected = (path?: string): Promise<PollingClient> => PollingClient.connected(server.port, path);
const asked = (path: string, request: HttpRequest = {}): ReturnType<typeof ask> =>
  ask(server.port, path, request);
const logged = (): readonly string[] => (server.runtime.logger as TestLogger).lines;

/** What stands in the body of an answer that is 200 for HTTP and has the headers that every one has. */
async function body(path: string, request: HttpRequest = {}): Promise<string> {
  const answer = await asked(path, request);
  assert.equal(answer.status, 200);
  assert.deepInclude(answer.headers, HEADERS);
  return answer.body;
}

async function sessions(): Promise<number> {
  return (await DynamicSupervisor.countChildren(server.runtime, sessionsSupervisor(SOCKETS))).active;
}

/** Ends the session of the only client. */
async function endSession(): Promise<void> {
  const [child] = await DynamicSupervisor.whichChildren(server.runtime, transportsSupervisor(SOCKETS));
  server.runtime.exit(child!.pid as never, "kill");
  await expect.poll(sessions).toBe(0);
}

describe("GET", () => {
  const OPENED = /^\{"messages":\[\],"status":410,"token":"[\w.-]+"\}$/;

  for (const [what, query] of [
    ["without a token", "vsn=2.0.0"],
    ["as the client without a token sends it", "vsn=2.0.0&"],
    ["with a token that is none", "vsn=2.0.0&token=abc"],
    ["with a list for a token", "vsn=2.0.0&token[]=abc"],
    ["of the first version", ""],
  ] as const) {
    test(`${what} opens a session: 410 and its token`, async () => {
      await serve();
      assert.match(await body(`${PATH}?${query}`), OPENED);
      assert.equal(await sessions(), 1);
    });
  }

  test("with a token that has expired opens a session", async () => {
    await serve();
    const { clock } = server.runtime;
    const client = await connected();
    await client.post([heartbeat("1")]);
    const read = Token.verify(SECRET, SOCKETS, client.token, { clock });
    assert.isTrue(read.ok);
    const signed = (signedAt: number): string => {
      const token = Token.sign(SECRET, SOCKETS, read.ok && read.data, { clock, signedAt });
      return `${PATH}?vsn=2.0.0&token=${token}`;
    };
    const nowS = clock.systemTimeMs() / 1_000;
    const twoWeeksS = 1_209_600;
    assert.include(await body(signed(nowS - twoWeeksS + 60)), '"status":200');
    assert.match(await body(signed(nowS - twoWeeksS - 1)), OPENED);
  });

  for (const [what, query] of [
    ["whom connect refuses", "vsn=2.0.0&token=refuse"],
    ["whom connect refuses with a reason", "vsn=2.0.0&token=reason"],
    ["whose version nobody speaks", "vsn=3.0.0"],
    ["whose version is none", "vsn[]=2.0.0"],
  ] as const) {
    test(`of a client ${what} is answered with 403`, async () => {
      await serve();
      assert.equal(await body(`${PATH}?${query}`), '{"status":403}');
      assert.equal(await sessions(), 0);
    });
  }

  test("of a client for which connect fails is answered with 500, which clients know", async () => {
    await serve();
    assert.equal(await body(`${PATH}?vsn=2.0.0&token=raise`), '{"status":500}');
  });

  test("is answered with all frames that wait, as strings, oldest first, and only once", async () => {
    await serve();
    const client = await connected();
    assert.equal(await client.post([join("room:plain"), ["1", "2", "room:plain", "echo", { a: "ž" }]]), 200);
    await client.post([heartbeat("3")]);
    const frames = [
      String.raw`"[\"1\",\"1\",\"room:plain\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"`,
      String.raw`"[\"1\",\"2\",\"room:plain\",\"phx_reply\",{\"response\":{\"a\":\"ž\"},\"status\":\"ok\"}]"`,
      String.raw`"[null,\"3\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"`,
    ];
    assert.equal(
      await body(client.url),
      `{"messages":[${frames.join()}],"status":200,"token":"${client.token}"}`,
    );
    await client.post([heartbeat("4")]);
    assert.deepEqual(refsOf(await client.frames(1)), ["4"]);
  });

  test("waits for a frame, and is answered with it at once", async () => {
    await serve({ windowMs: 60_000 });
    const client = await connected();
    const polled = client.poll();
    await client.post([heartbeat("1")]);
    const { status, messages } = await polled;
    assert.deepEqual(
      [status, messages],
      [200, ['[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]']],
    );
  });

  test("is answered with 204 after the window", async () => {
    await serve({ windowMs: 1_000 });
    const client = await connected();
    assert.equal(await body(client.url), `{"messages":[],"status":204,"token":"${client.token}"}`);
  });

  test("with the token of a session that has ended opens another: 410 and a new token", async () => {
    await serve();
    const client = await connected();
    await endSession();
    const again = await client.poll();
    assert.equal(again.status, 410);
    assert.notEqual(again.token, client.token);
    client.token = again.token;
    assert.equal(await client.post([heartbeat("1")]), 200);
  });

  test("which waits when its session ends is answered as one that comes then", async () => {
    await serve({ windowMs: 60_000 });
    const client = await connected("/socket/longpoll?vsn=2.0.0&user_id=7");
    const polled = client.poll();
    await client.post([heartbeat("1")]);
    await polled;
    const waits = client.poll();
    broadcastTo(server.runtime, PUBSUB, "user_socket:7", "disconnect", {});
    const { status, token } = await waits;
    assert.equal(status, 410);
    assert.notEqual(token, client.token);
  });

  test("opens no session while the server drains, and the client is to come back", async () => {
    await serve();
    server.open = false;
    assert.equal(await body(`${PATH}?vsn=2.0.0`), '{"status":500}');
  });

  test("is answered with 500 while the mount's processes are not there", async () => {
    await serve();
    const client = await connected();
    await server.runtime.stop("test", "shutdown");
    for (const path of [`${PATH}?vsn=2.0.0`, client.url]) assert.equal(await body(path), '{"status":500}');
  });
});

describe("POST", () => {
  const post = (
    path: string,
    lines: string | Uint8Array,
    headers: HttpRequest["headers"] = NDJSON,
  ): Promise<string> => body(path, { method: "POST", headers, body: lines });

  test("without a session is answered with 410", async () => {
    await serve();
    const frame = JSON.stringify(heartbeat("1"));
    assert.equal(await post(`${PATH}?vsn=2.0.0`, frame), '{"status":410}');
    assert.equal(await post(`${PATH}?vsn=2.0.0&token=abc`, frame), '{"status":410}');
    const client = await connected();
    await endSession();
    assert.equal(await post(client.url, frame), '{"status":410}');
  });

  test("of a frame that is not handled within the window is answered with 408", async () => {
    await serve({ windowMs: 1_000 });
    const client = await connected();
    const open = closeGate();
    assert.equal(await post(client.url, JSON.stringify(join("room:gate"))), '{"status":408}');
    open();
  });

  test("of a malformed frame is answered with 408, the next with 410, and the channels end", async () => {
    await serve();
    for (const malformed of ["[]", "[", "CQ==", "AAEB"]) {
      terminations.length = 0;
      const client = await connected();
      await client.post([join("room:plain")]);
      assert.equal(await post(client.url, malformed), '{"status":408}');
      assert.equal(await post(client.url, malformed), '{"status":410}');
      assert.equal((await client.poll()).status, 410);
      assert.lengthOf(terminations, 1);
    }
  });

  test("takes the whole body as one text frame unless it is ndjson", async () => {
    await serve();
    const client = await connected();
    const frame = JSON.stringify(heartbeat("1"));
    for (const type of ["application/json", "text/plain"])
      assert.equal(await post(client.url, ` ${frame}\n`, { "content-type": type }), '{"status":200}');
    assert.equal(await post(client.url, frame, {}), '{"status":200}');
    assert.lengthOf(await client.frames(3), 3);
  });

  test("takes frames of the first version from its clients", async () => {
    await serve();
    const client = await connected(`${PATH}?`);
    const frame = '{"topic":"room:plain","event":"phx_join","payload":{},"ref":"1"}';
    assert.equal(await post(client.url, frame, { "content-type": "application/json" }), '{"status":200}');
    assert.deepEqual(await client.frames(1), [
      { topic: "room:plain", event: "phx_reply", ref: "1", payload: { status: "ok", response: {} } },
    ]);
  });

  test("takes text and binary frames together, in their order", async () => {
    await serve();
    const client = await connected();
    // kind 0, sizes, joinRef, ref, topic, event: a push of the bytes 1 and 2
    const push = Buffer.from([0, 1, 1, 10, 5, ...Buffer.from("12room:plainshout"), 1, 2]);
    await client.post([join("room:plain"), push, ["1", "3", "room:plain", "echo", {}]]);
    const frames = (await client.frames(3)) as unknown[][];
    assert.deepEqual(
      frames.map(([, ref, , event]) => [ref, event]),
      [
        ["1", "phx_reply"],
        ["2", "phx_reply"],
        ["3", "phx_reply"],
      ],
    );
  });

  test("handles the first 100 lines and drops the rest", async () => {
    await serve();
    const client = await connected();
    const beats = Array.from({ length: 101 }, (_, index) => heartbeat(String(index)));
    assert.equal(await client.post(beats), 200);
    const refs = refsOf(await client.frames(100));
    assert.deepEqual(
      refs,
      beats.slice(0, 100).map(([, ref]) => ref),
    );
    await client.post([heartbeat("next")]);
    assert.deepEqual(refsOf(await client.frames(1)), ["next"]);
  });

  test("of a body that can't be read or is too large is an HTTP 400, and none of it is handled", async () => {
    await serve({ maxBodySize: 1_000 });
    const client = await connected();
    const frame = JSON.stringify(heartbeat("1"));
    for (const lines of [`${frame}\nAAE`, `${frame}\n${" ".repeat(1_000)}`, Buffer.from([0x5b, 0xff])]) {
      const { status, headers } = await asked(client.url, { method: "POST", headers: NDJSON, body: lines });
      assert.equal(status, 400);
      assert.equal(headers["access-control-allow-origin"], "*");
    }
    await client.post([heartbeat("next")]);
    assert.deepEqual(refsOf(await client.frames(1)), ["next"]);
  });
});

describe("what is sent back as bytes", () => {
  test("is dropped with a line in the log, and the frames beside it arrive", async () => {
    await serve();
    const client = await connected();
    const echo = Buffer.from([0, 1, 1, 10, 4, ...Buffer.from("12room:plainecho"), 1, 2]);
    await client.post([join("room:plain"), echo, ["1", "3", "room:plain", "echo", {}]]);
    assert.deepEqual(
      ((await client.frames(2)) as unknown[][]).map(([, ref]) => ref),
      ["1", "3"],
    );
    assert.include(logged(), "warn A binary frame can't be sent to a client that polls, and is dropped");
  });
});

describe("other requests", () => {
  test("OPTIONS is answered for HTTP with what may be asked from elsewhere", async () => {
    await serve();
    const headers = { "access-control-request-headers": "x-phoenix-authtoken, content-type" };
    const answer = await asked(PATH, { method: "OPTIONS", headers });
    assert.deepEqual([answer.status, answer.body], [200, ""]);
    assert.deepInclude(answer.headers, {
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "x-phoenix-authtoken, content-type",
      "access-control-allow-methods": "get, post, options",
      "access-control-max-age": "3600",
      "cache-control": "no-store",
    });
  });

  for (const method of ["PUT", "DELETE", "PATCH", "HEAD"]) {
    test(`${method} is an HTTP 400`, async () => {
      await serve();
      const { status, body: text } = await asked(`${PATH}?vsn=2.0.0`, { method });
      assert.deepEqual([status, text], [400, ""]);
      assert.equal(await sessions(), 0);
    });
  }

  test("an escape in the query that is no UTF-8 is an HTTP 400", async () => {
    await serve();
    assert.equal((await asked(`${PATH}?vsn=%ff`)).status, 400);
  });
});

describe("the token", () => {
  test("may be in a header, which wins over the query, and stays the same", async () => {
    await serve();
    const client = await connected();
    for (const path of [`${PATH}?vsn=2.0.0`, `${PATH}?vsn=2.0.0&token=abc`]) {
      const headers = { "x-phoenix-longpoll-token": client.token };
      const posted = {
        method: "POST",
        headers: { ...headers, ...NDJSON },
        body: JSON.stringify(heartbeat("1")),
      };
      assert.equal(await body(path, posted), '{"status":200}');
      assert.include(await body(path, { headers }), `"status":200,"token":"${client.token}"}`);
    }
    const headers = { "x-phoenix-longpoll-token": "abc" };
    assert.notInclude(await body(client.url, { headers }), client.token);
  });

  test("does not stand in the way of a parameter of the same name", async () => {
    const seen: unknown[] = [];
    const socket = defineSocket({
      channels: [],
      connect: ({ token }, given) => {
        seen.push(token);
        return ok(given);
      },
    });
    await serve({}, socket);
    const client = await connected(`${PATH}?token=of%20the%20user&vsn=2.0.0`);
    await endSession();
    await client.poll();
    assert.deepEqual(seen, ["of the user", "of the user"]);
  });

  test("can't be changed", async () => {
    await serve();
    const client = await connected();
    const [algorithm, , signature] = client.token.split(".");
    client.token = `${algorithm}.${Buffer.from("room:plain").toString("base64url")}.${signature}`;
    assert.equal((await client.poll()).status, 410);
  });
});

describe("the origin", () => {
  test("is checked for each method: 403 in the body", async () => {
    await serve({ checkOrigin: ["http://allowed.example"] });
    const client = await connected();
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const request = { method, headers: { origin: "http://other.example" } };
      assert.equal(await body(client.url, request), '{"status":403}');
    }
    const headers = { origin: "http://allowed.example" };
    assert.include(await body(`${PATH}?vsn=2.0.0`, { headers }), '"status":410');
    assert.include(logged(), `warn Refused the origin of a request in ${SOCKETS}`);
  });

  test("is checked by a function, too; if that throws, the answer is 500", async () => {
    await serve({
      checkOrigin: () => {
        throw new Error("boom");
      },
    });
    assert.equal(await body(PATH, { headers: { origin: "http://a.example" } }), '{"status":500}');
  });
});

describe("connect", () => {
  test("gets the params of the query and the path, what the mount names of the request, and the token", async () => {
    const seen: unknown[] = [];
    const socket = defineSocket({
      channels: [["room:*", RoomChannel]],
      connect: (params, given, info) => {
        seen.push(JSON.parse(JSON.stringify(params)), info, given.transport);
        return ok(given);
      },
    });
    server = await LongPollServer.start({
      options: { authToken: true, connectInfo: ["user_agent"] },
      socket,
      pathParams: { room: "lobby" },
    });
    const headers = { "x-phoenix-authtoken": "a token", "user-agent": "test" };
    await asked(`${PATH}?user[name]=ann&room=other&vsn=2.0.0&`, { headers });
    assert.deepEqual(seen, [
      { user: { name: "ann" }, room: "lobby", vsn: "2.0.0" },
      { auth_token: "a token", user_agent: "test" },
      "longpoll",
    ]);
  });

  test("does not get the token where the mount has none", async () => {
    const seen: unknown[] = [];
    const socket = defineSocket({
      channels: [],
      connect: (_, given, info) => {
        seen.push(info);
        return ok(given);
      },
    });
    await serve({}, socket);
    await asked(PATH, { headers: { "x-phoenix-authtoken": "a token" } });
    assert.deepEqual(seen, [{}]);
  });

  test("may have its reason answered by the mount", async () => {
    await serve({
      errorHandler: (_, reason) => ({
        status: 200,
        headers: { "x-reason": "1" },
        body: JSON.stringify({ status: 403, reason }),
      }),
    });
    const refused = await asked(`${PATH}?vsn=2.0.0&token=reason`);
    assert.equal(refused.body, '{"status":403,"reason":"unauthorized"}');
    assert.deepInclude(refused.headers, { "x-reason": "1", "access-control-allow-origin": "*" });
    assert.equal(await body(`${PATH}?vsn=2.0.0&token=refuse`), '{"status":403}');
  });

  test("is told by telemetry", async () => {
    const seen: [result: string, transport: string][] = [];
    attachTelemetry("test", [socketConnected], (_, { result, transport }: SocketConnected) =>
      seen.push([result, transport]),
    );
    try {
      await serve();
      await connected();
      await asked(`${PATH}?vsn=2.0.0&token=refuse`);
    } finally {
      detachTelemetry("test");
    }
    assert.deepEqual(seen, [
      ["ok", "longpoll"],
      ["error", "longpoll"],
    ]);
  });
});

describe("the options", () => {
  const wrong: readonly object[] = [
    { path: "longpoll" },
    { windowMs: 0 },
    { pubsubTimeoutMs: "1" },
    { maxBodySize: -1 },
    { maxBufferedSize: Number.NaN },
    { maxBodySize: 1.5 },
    { windowMs: Infinity },
    { crypto: {} },
    { crypto: null },
    { authToken: 1 },
    { errorHandler: "none" },
    { crypto: { maxAge: 1, salt: "a" } },
    { connectInfo: ["peer"] },
    { slowConsumer: "wait" },
    { serializers: [] },
    { timeout: 7 },
  ];
  for (const options of wrong) {
    test(`refuse ${JSON.stringify(options)}`, async () => {
      await serve();
      await expect(LongPollServer.start({ options, runtime: server.runtime })).rejects.toMatchObject({
        code: "ROOKERY_LONGPOLL_OPTION",
      });
    });
  }
});
