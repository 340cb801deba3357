import assert from "node:assert/strict";
import {
  REALTIME_SUBSCRIBE_STATES,
  type RealtimeChannel,
  type RealtimeChannelOptions,
  RealtimeClient,
  type RealtimeClientOptions,
} from "@supabase/realtime-js";
import { type Pid, Runtime, silentLogger, Supervisor } from "rookery";
import { endpointUrl } from "rookery/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestSocket } from "../channels/websocket-server.ts";
import { connected, nextEvent } from "./phoenix-client.ts";
import { names } from "./wire/names.ts";
import { wireTree } from "./wire/wire-tree.ts";

/** The unmodified client of Supabase Realtime. */

let runtime: Runtime;
let pid: Pid;
let url: string;
let clients: RealtimeClient[];

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  await start(0);
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.disconnect();
  await runtime.stop(pid, "shutdown");
  await runtime.shutdown();
});

async function start(port: number): Promise<void> {
  pid = await runtime.start(Supervisor, { strategy: "one_for_one", children: [wireTree({ port })] });
  url = await endpointUrl(runtime, names.endpoint);
}

function client(options: RealtimeClientOptions = {}): RealtimeClient {
  const made = new RealtimeClient(`${url.replace("http", "ws")}/socket`, {
    params: { apikey: "key" },
    // A test that is to see a client come back would else wait.
    reconnectAfterMs: () => 10,
    ...options,
  });
  clients.push(made);
  return made;
}

type Config = RealtimeChannelOptions["config"];

/** Subscribes, and resolves with the first status that comes. */
function subscribe(channel: RealtimeChannel): Promise<[status: string, error: string | undefined]> {
  return new Promise((resolve) => {
    channel.subscribe((status, error) => resolve([status, error?.message]));
  });
}

async function subscribed(
  config: Config = {},
  prepare: (channel: RealtimeChannel) => void = () => {},
  by: RealtimeClient = client(),
  topic: string = "room",
): Promise<RealtimeChannel> {
  const channel = by.channel(topic, { config });
  prepare(channel);
  assert.deepEqual(await subscribe(channel), [REALTIME_SUBSCRIBE_STATES.SUBSCRIBED, undefined]);
  return channel;
}

/** What comes of a user's event, oldest first. */
function heard(channel: RealtimeChannel, event: string): unknown[] {
  const payloads: unknown[] = [];
  channel.on("broadcast", { event }, ({ payload }) => payloads.push(payload));
  return payloads;
}

const cursor = (payload: unknown): { type: "broadcast"; event: string; payload: unknown } => ({
  type: "broadcast",
  event: "cursor",
  payload,
});

describe("a realtime-js client", () => {
  test("subscribes, over version 2 and version 1, and unsubscribes", async () => {
    for (const vsn of ["2.0.0", "1.0.0"]) {
      const channel = await subscribed({}, undefined, client({ vsn }));
      assert.equal(await channel.unsubscribe(), "ok");
      assert.equal(channel.state, "closed");
    }
  });

  test("learns why it may not", async () => {
    const [status, reason] = await subscribe(client().channel("forbidden"));
    assert.equal(status, REALTIME_SUBSCRIBE_STATES.CHANNEL_ERROR);
    assert.match(reason!, /Unauthorized/);
  });

  test("broadcasts JSON to the others, not to itself", async () => {
    let own: unknown[] = [];
    let others: unknown[] = [];
    const channel = await subscribed({ broadcast: { ack: true } }, (it) => (own = heard(it, "cursor")));
    await subscribed({}, (it) => (others = heard(it, "cursor")));
    assert.equal(await channel.send(cursor({ x: 1, name: "žluť" })), "ok");
    await expect.poll(() => others).toEqual([{ x: 1, name: "žluť" }]);
    assert.deepEqual(own, []);
  });

  test("broadcasts bytes, which arrive as bytes, and to itself if it wants", async () => {
    let own: unknown[] = [];
    let others: unknown[] = [];
    const channel = await subscribed({ broadcast: { self: true } }, (it) => (own = heard(it, "cursor")));
    await subscribed({}, (it) => (others = heard(it, "cursor")));
    assert.equal(await channel.send(cursor(Uint8Array.of(0, 1, 255).buffer)), "ok");
    for (const payloads of [own, others]) {
      await expect.poll(() => payloads).toHaveLength(1);
      assert.deepEqual(new Uint8Array(payloads[0] as ArrayBuffer), Uint8Array.of(0, 1, 255));
    }
  });

  test("broadcasts over version 1 to clients of version 2, and hears of them", async () => {
    let old: unknown[] = [];
    let current: unknown[] = [];
    const one = await subscribed(
      { broadcast: { ack: true } },
      (it) => (old = heard(it, "cursor")),
      client({ vsn: "1.0.0" }),
    );
    const two = await subscribed({}, (it) => (current = heard(it, "cursor")));
    assert.equal(await one.send(cursor({ from: 1 })), "ok");
    await expect.poll(() => current).toEqual([{ from: 1 }]);
    await two.send(cursor({ from: 2 }));
    await expect.poll(() => old).toEqual([{ from: 2 }]);
  });

  test("tracks its presence, changes it and takes it back, and others see that", async () => {
    type Names = Record<string, string[]>;
    const seen = (channel: RealtimeChannel): Names =>
      Object.fromEntries(
        Object.entries(channel.presenceState<{ name: string }>()).map(([key, metas]) => [
          key,
          metas.map(({ name }) => name),
        ]),
      );
    const ada = await subscribed({ presence: { key: "ada", enabled: true } });
    const bob = await subscribed({ presence: { key: "bob", enabled: true } });
    assert.equal(await ada.track({ name: "Ada" }), "ok");
    for (const channel of [ada, bob]) await expect.poll(() => seen(channel)).toEqual({ ada: ["Ada"] });
    assert.equal(await bob.track({ name: "Bob" }), "ok");
    assert.equal(await ada.track({ name: "Ada Lovelace" }), "ok");
    for (const channel of [ada, bob])
      await expect.poll(() => seen(channel)).toEqual({ ada: ["Ada Lovelace"], bob: ["Bob"] });
    // Who comes later sees who is there.
    const eve = await subscribed({ presence: { enabled: true } });
    await expect.poll(() => seen(eve)).toEqual({ ada: ["Ada Lovelace"], bob: ["Bob"] });
    assert.equal(await ada.untrack(), "ok");
    await expect.poll(() => seen(bob)).toEqual({ bob: ["Bob"] });
    await bob.unsubscribe();
    await expect.poll(() => seen(eve)).toEqual({});
  });

  test("is told of the bindings to database changes that it asked for", async () => {
    const systems: unknown[] = [];
    await subscribed({}, (channel) => {
      channel
        .on("postgres_changes", { event: "*", schema: "public", table: "orders" }, () => {})
        .on(
          "postgres_changes",
          { event: "INSERT", schema: "public", table: "rooms", filter: "id=eq.1" },
          () => {},
        )
        .on("system", {}, (payload) => systems.push(payload));
    });
    await expect
      .poll(() => systems)
      .toEqual([
        {
          extension: "postgres_changes",
          status: "ok",
          message: "Subscribed to PostgreSQL",
          channel: "room",
        },
      ]);
  });

  test("may change its token, and is sent away with one that has expired", async () => {
    const systems: unknown[] = [];
    const it = client();
    const channel = await subscribed(
      { broadcast: { ack: true } },
      (made) => made.on("system", {}, (payload) => systems.push(payload)),
      it,
    );
    await it.setAuth("fresh");
    assert.equal(await channel.send(cursor({})), "ok");
    assert.deepEqual(systems, []);
    await it.setAuth("expired");
    await expect.poll(() => channel.state).toBe("closed");
    expect(systems).toMatchObject([{ status: "error" }]);
  });

  test("hears of its heartbeat", async () => {
    const statuses: string[] = [];
    const it = client();
    await subscribed({}, undefined, it);
    it.onHeartbeat((status) => statuses.push(status));
    await it.sendHeartbeat();
    await expect.poll(() => statuses).toEqual(["sent", "ok"]);
  });

  test("sends over HTTP: a batch, and one event as JSON or as bytes", async () => {
    let payloads: unknown[] = [];
    await subscribed({}, (it) => (payloads = heard(it, "cursor")));
    const other = client().channel("room");
    assert.deepEqual(await other.httpSend("cursor", { x: 1 }), { success: true });
    assert.deepEqual(await other.httpSend("cursor", Uint8Array.of(7).buffer), { success: true });
    const batch = await fetch(`${url}/api/broadcast`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        messages: [2, 3].map((x) => ({ topic: "room", event: "cursor", payload: { x }, private: false })),
      }),
    });
    assert.equal(batch.status, 202);
    await expect.poll(() => payloads.length).toBe(4);
    assert.deepEqual(new Uint8Array(payloads.splice(1, 1)[0] as ArrayBuffer), Uint8Array.of(7));
    assert.deepEqual(payloads, [{ x: 1 }, { x: 2 }, { x: 3 }]);
  });

  test("gets what was stored before it joined a private channel, marked as such", async () => {
    const config = { private: true, broadcast: { ack: true } };
    const first = await subscribed(config);
    assert.equal(await first.send({ ...cursor({ x: 1 }), persist: true }), "ok");
    assert.equal(await first.send({ ...cursor(Uint8Array.of(2).buffer), persist: { ttl: 60 } }), "ok");
    assert.equal(await first.send(cursor({ x: "not stored" })), "ok");
    assert.deepEqual(await first.httpSend("cursor", { x: 3 }, { persist: true }), { success: true });
    const received: { payload?: unknown; meta?: object }[] = [];
    await subscribed({ private: true, broadcast: { replay: { since: 0, limit: 10 } } }, (channel) =>
      channel.on("broadcast", { event: "cursor" }, (message) => received.push(message)),
    );
    await expect
      .poll(() => received.map(({ meta }) => meta))
      .toEqual(Array(3).fill({ replayed: true, id: expect.any(String) }));
    const payloads = received.map(({ payload }) => payload);
    assert.deepEqual([payloads[0], payloads[2]], [{ x: 1 }, { x: 3 }]);
    assert.deepEqual(new Uint8Array(payloads[1] as ArrayBuffer), Uint8Array.of(2));
    let latest: unknown[] = [];
    await subscribed({ private: true, broadcast: { replay: { since: 0, limit: 1 } } }, (channel) => {
      latest = heard(channel, "cursor");
    });
    await expect.poll(() => latest).toEqual([{ x: 3 }]);
  });

  test("comes back after the server was restarted, subscribes again and goes on", async () => {
    let others: unknown[] = [];
    const statuses: string[] = [];
    const channel = client().channel("room", { config: { broadcast: { ack: true } } });
    channel.subscribe((status) => statuses.push(status));
    await expect.poll(() => statuses).toEqual(["SUBSCRIBED"]);
    await subscribed({}, (it) => (others = heard(it, "cursor")));
    await runtime.stop(pid, "shutdown");
    await start(Number(new URL(url).port));
    await expect.poll(() => statuses).toHaveLength(3);
    assert.deepEqual(statuses, ["SUBSCRIBED", "CHANNEL_ERROR", "SUBSCRIBED"]);
    await expect
      .poll(
        async () => {
          await channel.send(cursor({ again: true }));
          return others.at(-1);
        },
        { timeout: 120_000 },
      )
      .toEqual({ again: true });
  });

  test("shares a topic with a client of Phoenix", async () => {
    let payloads: unknown[] = [];
    const one = await subscribed({}, (it) => (payloads = heard(it, "cursor")));
    const socket = await connected(`${url.replace("http", "ws")}/socket`);
    const two = socket.channel("realtime:room", {});
    await new Promise((resolve) => two.join().receive("ok", resolve));
    const received = nextEvent(two, "broadcast");
    await one.send(cursor({ x: 1 }));
    assert.deepEqual(await received, cursor({ x: 1 }));
    two.push("broadcast", cursor({ x: 2 }));
    await expect.poll(() => payloads).toEqual([{ x: 2 }]);
    socket.disconnect();
  });
});

describe("realtime:*", () => {
  test("answers a broadcast only when acknowledgements were asked for", async () => {
    const socket = await TestSocket.open(`${url.replace("http", "ws")}/socket/websocket?vsn=2.0.0`);
    const join = (config: object): unknown[] => ["1", "1", "realtime:a", "phx_join", { config }];
    const reply = (ref: string): unknown[] => [
      "1",
      ref,
      "realtime:a",
      "phx_reply",
      { response: {}, status: "ok" },
    ];
    // kind, sizes of "1" "2" realtime:a e, no metadata, bytes
    const push = Buffer.from([3, 1, 1, 10, 1, 0, 0, ...Buffer.from("12realtime:ae"), 0xca]);
    assert.deepEqual(await socket.ask(join({ broadcast: { ack: true } })), reply("1"));
    assert.deepEqual(await socket.ask(push), reply("2"));
    assert.deepEqual(await socket.ask(join({})), reply("1"));
    assert.deepEqual(await socket.next(), ["1", "1", "realtime:a", "phx_close", {}]);
    socket.send(push);
    assert.deepEqual(
      await socket.ask(["1", "3", "realtime:a", "presence", { event: "untrack" }]),
      reply("3"),
    );
    // And to the sender, as kind 4, only when that was asked for.
    assert.deepEqual(await socket.ask(join({ broadcast: { self: true } })), reply("1"));
    assert.deepEqual(await socket.next(), ["1", "1", "realtime:a", "phx_close", {}]);
    assert.deepEqual(
      await socket.ask(push),
      Buffer.from([4, 10, 1, 0, 0, ...Buffer.from("realtime:ae"), 0xca]),
    );
    socket.websocket.terminate();
  });
});
