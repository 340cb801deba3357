import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Channel, Socket } from "phoenix";
import { type Pid, Runtime, silentLogger, Supervisor } from "rookery";
import { endpointUrl } from "rookery/api";
import { afterEach, beforeEach, describe, test } from "vitest";
import { answer, connected, nextEvent } from "./phoenix-client.ts";
import { names } from "./wire/names.ts";
import { wireTree } from "./wire/wire-tree.ts";

let runtime: Runtime;
let pid: Pid;
let url: string;
let sockets: Socket[];

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  const children = [wireTree({ port: 0 })];
  pid = await runtime.start(Supervisor, { strategy: "one_for_one", children });
  url = await endpointUrl(runtime, names.endpoint);
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.disconnect();
  await runtime.stop(pid, "shutdown");
  await runtime.shutdown();
});

async function connect(params: object = {}, mount: string = "/socket"): Promise<Socket> {
  const socket = await connected(url.replace("http", "ws") + mount, params);
  sockets.push(socket);
  return socket;
}

async function joined(topic: string, params: object = {}): Promise<Channel> {
  const channel = (await connect(params)).channel(topic);
  assert.equal((await answer(channel.join())).status, "ok");
  return channel;
}

async function post(path: string, body: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  return response.json();
}

describe("connecting", () => {
  test("is refused for the tokens refuse, reason and raise", async () => {
    for (const token of ["refuse", "reason", "raise"]) {
      await assert.rejects(connect({ token }), /closed with 1006/);
    }
  });

  test("works on every mount without an origin", async () => {
    for (const mount of ["/socket", "/socket_origin", "/socket_small", "/socket_idle"]) {
      assert.ok((await connect({}, mount)).isConnected());
    }
  });

  test("may carry the token as a subprotocol", async () => {
    const socket = await connected(`${url.replace("http", "ws")}/socket`, {}, "a token/with+characters");
    sockets.push(socket);
    assert.ok(socket.isConnected());
  });
});

describe("joining room:*", () => {
  const join = async (topic: string, payload: object = {}): Promise<unknown> =>
    answer((await connect()).channel(topic, payload).join());

  test("answers with the room", async () => {
    assert.deepEqual(await join("room:lobby"), { status: "ok", response: { room: "lobby" } });
  });

  test("answers the same after a while when asked to be slow", async () => {
    assert.deepEqual(await join("room:lobby", { slow: 5 }), { status: "ok", response: { room: "lobby" } });
  });

  test("answers nothing but ok in room:noreply", async () => {
    assert.deepEqual(await join("room:noreply"), { status: "ok", response: {} });
  });

  test("is refused in room:forbidden, fails in room:raise, and finds no channel elsewhere", async () => {
    assert.deepEqual(await join("room:forbidden"), { status: "error", response: { reason: "unauthorized" } });
    assert.deepEqual(await join("room:raise"), { status: "error", response: { reason: "join crashed" } });
    assert.deepEqual(await join("nowhere"), { status: "error", response: { reason: "unmatched topic" } });
  });

  test("is followed by the state and the diffs of presence", async () => {
    const channel = (await connect({ user_id: "ada" })).channel("room:lobby");
    const [state, diff] = [nextEvent(channel, "presence_state"), nextEvent(channel, "presence_diff")];
    channel.join();
    assert.deepEqual(await state, {});
    const { joins, leaves } = (await diff) as {
      joins: { ada: { metas: { online_at: number }[] } };
      leaves: object;
    };
    assert.equal(joins.ada.metas[0]!.online_at, 1);
    assert.deepEqual(leaves, {});
  });
});

describe("an event of room:*", () => {
  const replies: readonly [event: string, payload: object, status: string, response: unknown][] = [
    ["message:new", { body: "hello" }, "ok", {}],
    ["echo", { any: ["thing", 1, null] }, "ok", { any: ["thing", 1, null] }],
    ["reply_error", {}, "error", { reason: "nope" }],
    ["reply_atom", {}, "ok", {}],
    ["reply_custom", {}, "maybe", { a: 1 }],
    ["later", {}, "ok", { later: true }],
    ["stop_reply", {}, "ok", { bye: true }],
    ["shout_binary", new Uint8Array([1, 2]).buffer, "ok", {}],
  ];
  for (const [event, payload, status, response] of replies) {
    test(`${event} is answered with ${status} ${JSON.stringify(response)}`, async () => {
      const channel = await joined("room:lobby");
      assert.deepEqual(await answer(channel.push(event, payload), "maybe"), { status, response });
    });
  }

  test("echo answers bytes with bytes", async () => {
    const channel = await joined("room:lobby");
    const { status, response } = await answer(channel.push("echo", new Uint8Array([0, 1, 255]).buffer));
    assert.equal(status, "ok");
    assert.deepEqual([...new Uint8Array(response as ArrayBuffer)], [0, 1, 255]);
  });

  for (const event of ["crash", "stop_boom", "bad_return", "without a handler"]) {
    test(`${event} ends the channel with phx_error, and the client joins again`, async () => {
      const channel = await joined("room:lobby");
      const failed = new Promise((resolve) => channel.onError(resolve));
      channel.push(event, {});
      assert.deepEqual(await failed, { reason: "channel_crash" });
      await nextEvent(channel, "presence_state");
      assert.equal(channel.state, "joined");
    });
  }

  for (const event of ["stop", "stop_shutdown", "stop_reply"]) {
    test(`${event} ends the channel with phx_close`, async () => {
      const channel = await joined("room:lobby");
      const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()));
      channel.push(event, {});
      await closed;
      assert.equal(channel.state, "closed");
    });
  }

  test("noreply is not answered, but what comes after it is", async () => {
    const channel = await joined("room:lobby");
    let answered = false;
    void answer(channel.push("noreply", {})).then(() => (answered = true));
    assert.equal((await answer(channel.push("echo", {}))).status, "ok");
    assert.equal(answered, false);
  });

  test("push_self reaches its own client", async () => {
    const channel = await joined("room:lobby");
    const pushed = nextEvent(channel, "pushed");
    channel.push("push_self", { n: 1 });
    assert.deepEqual(await pushed, { n: 1 });
  });

  test("message:new and shout reach everybody, shout_from everybody else", async () => {
    const [ada, bob] = [
      await joined("room:lobby", { user_id: "ada" }),
      await joined("room:lobby", { user_id: "bob" }),
    ];
    for (const [event, payload, expected] of [
      ["message:new", { body: "hi" }, { user_id: "ada", body: "hi" }],
      ["shout", { n: 1 }, { n: 1 }],
    ] as const) {
      const received = [nextEvent(ada, event), nextEvent(bob, event)];
      ada.push(event, payload);
      assert.deepEqual(await Promise.all(received), [expected, expected]);
    }
    let own = false;
    ada.on("shout_from", () => (own = true));
    const received = nextEvent(bob, "shout_from");
    ada.push("shout_from", { n: 2 });
    assert.deepEqual(await received, { n: 2 });
    assert.equal((await answer(ada.push("echo", {}))).status, "ok");
    assert.equal(own, false);
  });

  test("shout_binary reaches everybody as bytes", async () => {
    const channel = await joined("room:lobby");
    const received = nextEvent(channel, "shout_binary");
    channel.push("shout_binary", new Uint8Array([9, 8, 7]).buffer);
    assert.deepEqual([...new Uint8Array((await received) as ArrayBuffer)], [9, 8, 7]);
  });

  test("update_meta shows in a diff as a join and a leave", async () => {
    const channel = (await connect({ user_id: "ada" })).channel("room:lobby");
    const tracked = nextEvent(channel, "presence_diff");
    channel.join();
    await tracked;
    const updated = nextEvent(channel, "presence_diff");
    assert.deepEqual(await answer(channel.push("update_meta", { online_at: 2 })), {
      status: "ok",
      response: {},
    });
    type Metas = Record<string, { metas: { online_at: number }[] }>;
    const { joins, leaves } = (await updated) as { joins: Metas; leaves: Metas };
    assert.deepEqual([joins["ada"]!.metas[0]!.online_at, leaves["ada"]!.metas[0]!.online_at], [2, 1]);
  });
});

describe("bench:*", () => {
  test("echoes, and shouts without an answer of its own", async () => {
    const channel = await joined("bench:1");
    assert.deepEqual(await answer(channel.push("echo", { n: 1 })), { status: "ok", response: { n: 1 } });
    const received = nextEvent(channel, "shout");
    channel.push("shout", { n: 2 });
    assert.deepEqual(await received, { n: 2 });
  });
});

describe("over HTTP", () => {
  test("ping and echo answer", async () => {
    const ping = await fetch(`${url}/api/v1/ping`);
    assert.deepEqual(await ping.json(), { ok: true });
    assert.deepEqual(await post("/api/v1/echo", { a: [1] }), { a: [1] });
  });

  test("broadcast reaches the topic", async () => {
    const channel = await joined("room:lobby");
    const received = nextEvent(channel, "news");
    await post("/api/v1/broadcast/room:lobby/news", { n: 1 });
    assert.deepEqual(await received, { n: 1 });
  });

  test("disconnect closes the sockets of that user, who come back", async () => {
    const ada = await connect({ user_id: "ada" });
    const bob = await connect({ user_id: "bob" });
    const closed = new Promise<number>((resolve) => ada.onClose(({ code }) => resolve(code)));
    const back = new Promise<void>((resolve) => ada.onOpen(resolve));
    await post("/api/v1/disconnect/ada", {});
    assert.equal(await closed, 1001);
    await back;
    assert.ok(bob.isConnected());
  });

  test("stats counts what there is", async () => {
    await joined("room:lobby");
    await connect();
    const { shards } = (await (await fetch(`${url}/api/v1/stats`)).json()) as {
      shards: { sockets: number; channels: number; processes: number; memory: { rssBytes: number } }[];
    };
    assert.equal(shards.length, 1);
    const [{ sockets, channels, processes, memory }] = shards as [(typeof shards)[0]];
    assert.deepEqual([sockets, channels], [2, 1]);
    assert.ok(processes > 5);
    assert.ok(memory.rssBytes > 0);
  });
});

describe("npm run wire-server", () => {
  const entry = fileURLToPath(new URL("./start-wire-server.js", import.meta.url));
  let server: ChildProcessWithoutNullStreams | undefined;

  const start = (port: string): ChildProcessWithoutNullStreams => {
    server = spawn(process.execPath, [entry], { env: { ...process.env, PORT: port } });
    return server;
  };

  // A test that fails leaves no server behind.
  afterEach(() => {
    server?.kill("SIGKILL");
  });

  test("says where it listens, serves, and ends with 0 on SIGTERM", async () => {
    const server = start("0");
    const [line] = (await once(server.stdout, "data")) as [Buffer];
    const url = /^The wire server is listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line))![1];
    assert.equal((await fetch(`${url}/api/v1/ping`)).status, 200);
    server.kill("SIGTERM");
    assert.deepEqual(await once(server, "exit"), [0, null]);
  });

  test("says in one sentence what is wrong with its settings or its port, and ends with 1", async () => {
    for (const [port, sentence] of [
      ["no-number", /^.*PORT.*\n$/],
      [new URL(url).port, new RegExp(`^.*${new URL(url).port}.*\\n$`)],
    ] as const) {
      const server = start(port);
      let stderr = "";
      server.stderr.on("data", (chunk) => (stderr += String(chunk)));
      assert.deepEqual(await once(server, "close"), [1, null]);
      assert.match(stderr, sentence);
    }
  });
});
