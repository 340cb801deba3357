import { type Channel, LongPoll, type Push, Socket, type SocketOptions } from "phoenix";
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { broadcastTo, defineSocket, ok, type SocketDefinition } from "../../channels/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { LongPollServer } from "./longpoll-server.ts";
import { RoomChannel, terminations } from "./room-channel.ts";
import { PUBSUB } from "./test-connection.ts";
import { TestServer } from "./websocket-server.ts";

/** A server as far as these tests are concerned. */
interface ServerUnderTest extends AsyncDisposable {
  readonly port: number;
  readonly runtime: Runtime;
}

interface StartOptions {
  readonly socket?: SocketDefinition;
  /** Of polls. */
  readonly windowMs?: number;
}

interface TransportUnderTest {
  readonly name: "websocket" | "longpoll";
  /** What the client is given as its transport. */
  readonly transport: unknown;
  start(options?: StartOptions): Promise<ServerUnderTest>;
  /** How the client is told of ends that mean the same. */
  readonly closes: { readonly malformed: number; readonly oversized: number; readonly disconnected: number };
  /** The reason for which its channels end after the client has closed. */
  readonly closed: readonly ["shutdown", string];
}

/** Not as short as it could be, for a client that polls is missed after one and a half, and the machine may be busy. */
const SHORT_WINDOW_MS = 1_500;

const PATIENT = { timeout: 120_000 };

const transports: readonly TransportUnderTest[] = [
  {
    name: "websocket",
    transport: WebSocket,
    start: ({ socket } = {}) => TestServer.start({ authToken: true, maxFrameSize: 100_000 }, socket),
    closes: { malformed: 1011, oversized: 1009, disconnected: 1001 },
    closed: ["shutdown", "closed"],
  },
  {
    name: "longpoll",
    transport: LongPoll,
    start: ({ socket, windowMs = 10_000 } = {}) => {
      const options = { authToken: true, maxBodySize: 100_000, windowMs };
      return LongPollServer.start(socket === undefined ? { options } : { options, socket });
    },
    closes: { malformed: 1011, oversized: 1011, disconnected: 3410 },
    closed: ["shutdown", "inactive"],
  },
];

/** The unmodified client of Phoenix, as a browser runs it, against a bare HTTP server. */

let server: ServerUnderTest;
let clients: Socket[];

function connectTo(transport: unknown, params: object = {}, options: SocketOptions = {}): Socket {
  const url = `ws://127.0.0.1:${server.port}/socket`;
  const soon = (): number => 5;
  const client = new Socket(url, {
    transport,
    params,
    reconnectAfterMs: soon,
    rejoinAfterMs: soon,
    ...options,
  });
  clients.push(client);
  client.connect();
  return client;
}

/** What a push is answered with: the status and the response. */
function answer(push: Push, ...statuses: string[]): Promise<[status: string, response: unknown]> {
  return new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout", ...statuses])
      push.receive(status, (response) => resolve([status, response]));
  });
}

/** The payload of the next event of that name. */
function event(channel: Channel, name: string): Promise<unknown> {
  return new Promise((resolve) => channel.on(name, resolve));
}

/** A channel that has joined. */
async function joined(client: Socket, topic: string): Promise<Channel> {
  const channel = client.channel(topic);
  assert.equal((await answer(channel.join()))[0], "ok");
  return channel;
}

const frameOf = (client: Socket): ((text: string) => void) => {
  const { conn } = client as unknown as { conn: WebSocket };
  return (text) => conn.send(text);
};

for (const { name: over, transport, start, closes: codes, closed: closedReason } of transports) {
  describe(`over ${over}`, () => {
    const connect = (params: object = {}, options: SocketOptions = {}): Socket =>
      connectTo(transport, params, options);

    beforeEach(async () => {
      terminations.length = 0;
      clients = [];
      server = await start();
    });

    afterEach(async () => {
      for (const client of clients) client.disconnect();
      await server[Symbol.asyncDispose]();
    });

    describe("join", () => {
      test("gives the reply, and what is pushed after it", async () => {
        const channel = connect().channel("room:1", { a: 1 });
        const info = event(channel, "info");
        const [status, response] = await answer(channel.join());
        assert.equal(status, "ok");
        assert.deepNestedInclude(response, { topic: "room:1", "assigns.userId": "anon" });
        assert.deepEqual(await info, { message: ["after_join", { a: 1 }], ref: null });
      });

      test("gives the reason of a refusal, a crash, an unknown topic", async () => {
        const client = connect();
        const refusal = async (topic: string): Promise<unknown> => {
          const channel = client.channel(topic);
          const result = await answer(channel.join());
          channel.leave();
          return result;
        };
        assert.deepEqual(await refusal("room:forbidden"), ["error", { reason: "unauthorized" }]);
        assert.deepEqual(await refusal("room:raise"), ["error", { reason: "join crashed" }]);
        assert.deepEqual(await refusal("nothing:1"), ["error", { reason: "unmatched topic" }]);
      });
    });

    describe("push", () => {
      test("is answered with any status", async () => {
        const channel = await joined(connect(), "room:plain");
        assert.deepEqual(await answer(channel.push("echo", { a: ["ž", null] })), ["ok", { a: ["ž", null] }]);
        assert.deepEqual(await answer(channel.push("refuse", {})), ["error", { reason: "nope" }]);
        assert.deepEqual(await answer(channel.push("status", {}), "maybe"), ["maybe", {}]);
        assert.deepEqual(await answer(channel.push("later", {})), ["ok", { later: true }]);
      });
    });

    describe("broadcast", () => {
      test("reaches all clients of the topic", async () => {
        const [one, other, elsewhere] = [
          await joined(connect(), "room:plain"),
          await joined(connect(), "room:plain"),
          await joined(connect(), "room:trap"),
        ];
        elsewhere.on("shout", () => assert.fail("it is in another topic"));
        const shouts = [event(one, "shout"), event(other, "shout")];
        assert.deepEqual(await answer(one.push("shout", { body: "hi" })), ["ok", {}]);
        assert.deepEqual(await Promise.all(shouts), [{ body: "hi" }, { body: "hi" }]);
        // A last round trip: nothing is on its way to the other topic any more.
        await answer(elsewhere.push("echo", {}));
      });

      test("is left out for its sender, and is changed for those who intercept it", async () => {
        const [one, other] = [await joined(connect(), "room:1"), await joined(connect(), "room:1")];
        one.on("whisper", () => assert.fail("it is the sender"));
        const whisper = event(other, "whisper");
        one.push("whisper", { a: 1 });
        assert.deepEqual(await whisper, { a: 1 });
        const intercepted = event(other, "intercepted");
        one.push("intercept", { a: 1 });
        assert.deepEqual(await intercepted, { a: 1, for: 0 });
        await answer(one.push("echo", {}));
      });
    });

    describe("the end of a channel", () => {
      test("after a crash the client joins again by itself", async () => {
        const channel = await joined(connect(), "room:plain");
        const error = new Promise((resolve) => channel.onError(resolve));
        channel.push("crash", {});
        assert.deepEqual(await error, { reason: "channel_crash" });
        await expect.poll(() => channel.state, PATIENT).toBe("joined");
        assert.deepEqual(await answer(channel.push("echo", { again: true })), ["ok", { again: true }]);
      });

      test("after a stop the client does not", async () => {
        const client = connect();
        const channel = await joined(client, "room:plain");
        const close = new Promise((resolve) => channel.onClose(resolve));
        assert.deepEqual(await answer(channel.push("stop_reply", {})), ["ok", { bye: true }]);
        await close;
        assert.equal(channel.state, "closed");
        await joined(client, "room:trap");
        assert.equal(channel.state, "closed");
      });

      test("a leave is answered, and the topic can be joined again", async () => {
        const client = connect();
        const channel = await joined(client, "room:plain");
        assert.equal((await answer(channel.leave()))[0], "ok");
        await expect
          .poll(() => terminations, PATIENT)
          .toEqual([{ topic: "room:plain", reason: ["shutdown", "left"], joined: true }]);
        const again = await joined(client, "room:plain");
        assert.deepEqual(await answer(again.push("echo", {})), ["ok", {}]);
      });

      test("a second join of a topic takes the place of the first", async () => {
        const client = connect();
        const first = await joined(client, "room:plain");
        const closed = new Promise((resolve) => first.onClose(resolve));
        const second = await joined(client, "room:plain");
        await closed;
        assert.deepEqual([first.state, second.state], ["closed", "joined"]);
        assert.deepEqual(await answer(second.push("echo", { a: 1 })), ["ok", { a: 1 }]);
      });
    });

    describe("the end of a connection", () => {
      const closes = (client: Socket): Promise<number> =>
        new Promise((resolve) => client.onClose(({ code }) => resolve(code)));

      for (const [what, frame, code] of [
        ["a malformed frame", "nonsense", codes.malformed],
        ["an oversized frame", "x".repeat(100_001), codes.oversized],
      ] as const) {
        test(`after ${what} the client comes back and joins again, the others notice nothing`, async () => {
          const other = connect();
          const witness = await joined(other, "room:trap");
          let otherCloses = 0;
          other.onClose(() => (otherCloses += 1));
          const client = connect();
          const channel = await joined(client, "room:plain");
          const closed = closes(client);
          frameOf(client)(frame);
          assert.equal(await closed, code);
          await expect.poll(() => channel.state, PATIENT).toBe("joined");
          assert.deepEqual(await answer(channel.push("echo", { again: true })), ["ok", { again: true }]);
          assert.deepEqual(await answer(witness.push("echo", {})), ["ok", {}]);
          assert.equal(otherCloses, 0);
        });
      }

      test("after a disconnect of its id the client comes back", async () => {
        const client = connect({ user_id: "7" });
        const channel = await joined(client, "room:plain");
        const closed = closes(client);
        broadcastTo(server.runtime, PUBSUB, "user_socket:7", "disconnect", {});
        assert.equal(await closed, codes.disconnected);
        await expect.poll(() => channel.state, PATIENT).toBe("joined");
      });

      test("the client's own disconnect ends its channels", async () => {
        await server[Symbol.asyncDispose]();
        server = await start({ windowMs: SHORT_WINDOW_MS });
        const client = connect();
        await joined(client, "room:plain");
        client.disconnect();
        await expect
          .poll(() => terminations, PATIENT)
          .toEqual([{ topic: "room:plain", reason: closedReason, joined: true }]);
      });
    });

    describe("connect", () => {
      for (const token of ["refuse", "reason", "raise"]) {
        test(`refuses: ${token}`, async () => {
          const client = connect({ token });
          await new Promise((resolve) => client.onError(resolve));
          assert.isFalse(client.isConnected());
        });
      }

      test("gets params and the token", async () => {
        const seen: unknown[] = [];
        await server[Symbol.asyncDispose]();
        const socket = defineSocket({
          channels: [["room:*", RoomChannel]],
          connect: (params, given, { auth_token }) => {
            seen.push(JSON.parse(JSON.stringify(params)), auth_token);
            return ok(given);
          },
        });
        server = await start({ socket });
        await joined(connect({ user: { name: "ann" } }, { authToken: "a.token" }), "room:plain");
        assert.deepEqual(seen, [{ user: { name: "ann" }, vsn: "2.0.0" }, "a.token"]);
      });
    });
  });
}

describe("over websocket only", () => {
  const connect = (params: object = {}, options: SocketOptions = {}): Socket =>
    connectTo(WebSocket, params, options);

  beforeEach(async () => {
    clients = [];
    server = await transports[0]!.start();
  });

  afterEach(async () => {
    for (const client of clients) client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test("a push carries bytes there and back", async () => {
    const channel = await joined(connect(), "room:plain");
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
    const [status, response] = await answer(channel.push("echo", bytes.buffer));
    assert.equal(status, "ok");
    assert.deepEqual(new Uint8Array(response as ArrayBuffer), bytes);
  });

  test("a broadcast reaches all clients as bytes", async () => {
    const [one, other] = [await joined(connect(), "room:plain"), await joined(connect(), "room:plain")];
    const shouts = [event(one, "shout"), event(other, "shout")];
    one.push("shout", Uint8Array.of(1, 2, 3).buffer);
    for (const bytes of await Promise.all(shouts))
      assert.deepEqual(new Uint8Array(bytes as ArrayBuffer), Uint8Array.of(1, 2, 3));
  });

  test("a heartbeat is answered", async () => {
    const client = connect({}, { heartbeatIntervalMs: 200 });
    const replies: string[] = [];
    client.onMessage(({ topic, event: name }) => replies.push(`${topic} ${name}`));
    await expect.poll(() => replies.length, PATIENT).toBeGreaterThan(2);
    assert.deepEqual([...new Set(replies)], ["phoenix phx_reply"]);
    assert.isTrue(client.isConnected());
  });
});

describe("over longpoll only", () => {
  const connect = (params: object = {}, options: SocketOptions = {}): Socket =>
    connectTo(LongPoll, params, options);

  beforeEach(async () => {
    clients = [];
    server = await transports[1]!.start();
  });

  afterEach(async () => {
    for (const client of clients) client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test("bytes reach the server; what would have to go back as bytes does not, and nothing else is lost", async () => {
    const channel = await joined(connect(), "room:plain");
    channel.on("shout", () => assert.fail("there are no binary frames"));
    const shouted = answer(channel.push("shout", Uint8Array.of(1, 2, 3).buffer));
    const echoed = answer(channel.push("echo", { a: 1 }));
    assert.deepEqual(await Promise.all([shouted, echoed]), [
      ["ok", {}],
      ["ok", { a: 1 }],
    ]);
  });

  test("a burst of pushes is answered in order, also one that needs several requests", async () => {
    const channel = await joined(connect(), "room:plain");
    const seen: number[] = [];
    const pushes = Array.from({ length: 250 }, (_, n) =>
      channel.push("echo", { n }).receive("ok", () => seen.push(n)),
    );
    await Promise.all(pushes.map((push) => answer(push)));
    assert.deepEqual(
      seen,
      Array.from({ length: 250 }, (_, n) => n),
    );
  });

  test("a client whose polls outlive the window stays connected", async () => {
    await server[Symbol.asyncDispose]();
    server = await transports[1]!.start({ windowMs: SHORT_WINDOW_MS });
    const client = connect();
    const channel = await joined(client, "room:plain");
    let closes = 0;
    client.onClose(() => (closes += 1));
    await new Promise((resolve) =>
      server.runtime.clock.setTimer(2 * SHORT_WINDOW_MS, () => resolve(undefined)),
    );
    assert.deepEqual(await answer(channel.push("echo", { still: true })), ["ok", { still: true }]);
    assert.equal(closes, 0);
  });

  test("a client that gets no WebSocket falls back, and remembers it", async () => {
    const stored = new Map<string, string>();
    const sessionStorage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    };
    const client = connectTo(WebSocket, {}, { longPollFallbackMs: 60_000, sessionStorage });
    const channel = await joined(client, "room:plain");
    assert.deepEqual(await answer(channel.push("echo", { a: 1 })), ["ok", { a: 1 }]);
    assert.deepEqual([...stored], [["phx:fallback:LongPoll", "true"]]);
  });
});
