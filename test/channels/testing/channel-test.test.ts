import assert, { AssertionError } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import {
  broadcast,
  broadcastFrom,
  broadcastTo,
  type ContractChannelClass,
  defineChannel,
  defineContract,
  defineSocket,
  error,
  noReply,
  ok,
  Presence,
  PubSub,
  push,
  reply,
  replyTo,
  type SocketDefinition,
  socketRef,
} from "../../../channels/index.ts";
import { type ChannelTest, channelTest } from "../../../channels/testing.ts";
import { BareChannel, closeGate, roomSocket } from "../room-channel.ts";

const contract = defineContract({
  join: {
    params: z.object({ name: z.string() }),
    reply: z.object({ welcome: z.string() }),
    error: z.object({ reason: z.string() }),
  },
  in: {
    say: { payload: z.object({ body: z.string() }), reply: z.object({ id: z.number() }) },
    later: { payload: z.object({ ms: z.number() }) },
    typing: {},
    tell: {},
    crash: {},
  },
  out: {
    said: z.object({ id: z.number(), body: z.string() }),
    typing: z.object({ name: z.string() }),
    secret: z.object({ code: z.number() }),
    welcome: z.object({ name: z.string() }),
  },
});
type RoomContract = typeof contract;

class Told {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const RoomChannel: ContractChannelClass<RoomContract> = defineChannel(contract, {
  name: "RoomChannel",
  intercept: ["secret"],
  join(topic, { name }, socket) {
    if (topic === "room:closed") return error({ reason: "closed" });
    if (topic === "room:broken") throw new Error("join broke");
    if (topic === "room:stuck") return new Promise(() => {});
    this.self.send(this.self.pid, topic === "room:fragile" ? "crash" : "welcome");
    return ok({ welcome: name }, socket.assign({ name }));
  },
  handleIn: {
    say({ body }, socket) {
      broadcast(socket, "said", { id: 7, body });
      return reply("ok", { id: 7 }, socket);
    },
    later({ ms }, socket) {
      const ref = socketRef(socket);
      this.self.spawn(async (self) => {
        await self.receive(() => false, { timeoutMs: ms });
        replyTo(ref, "ok", { later: true });
      });
      return noReply(socket);
    },
    typing(_payload, socket) {
      broadcastFrom(socket, "typing", { name: String(socket.assigns["name"]) });
      return noReply(socket);
    },
    tell(_payload, socket) {
      const { listener } = socket.assigns;
      this.self.send(listener as never, new Told(String(socket.assigns["name"])));
      return noReply(socket);
    },
    crash() {
      throw new Error("boom");
    },
  },
  handleOut(event, payload, socket) {
    push(socket, event, { ...payload, code: 9 } as never);
    return noReply(socket);
  },
  handleInfo(message, socket) {
    if (message === "crash") throw new Error("fragile");
    push(socket, "welcome", { name: String(socket.assigns["name"]) });
    return noReply(socket);
  },
});

const ImpatientChannel = defineChannel(defineContract({}), {
  joinTimeoutMs: 1_000,
  join: () => new Promise(() => {}),
});

const UserSocket: SocketDefinition = defineSocket({
  channels: [["room:*", RoomChannel, { assigns: { fromRoute: true } }]],
  connect({ token }, socket, { auth_token }) {
    if (token === "throw") throw new Error("connect broke");
    if (token === undefined) return error("unauthorized");
    return ok(socket.assign({ token, auth_token }));
  },
  id: ({ assigns }) => `users:${String(assigns["token"])}`,
});

async function room(it: ChannelTest, name: string = "Ada") {
  const socket = await it.socket(UserSocket, undefined, {});
  return it.subscribeAndJoinOrThrow(socket, RoomChannel, "room:1", { name });
}

/** The message of the AssertionError that `promise` rejects with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const failed: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(failed instanceof AssertionError, `expected an AssertionError, got ${String(failed)}`);
  return failed.message;
}

describe("connect", () => {
  test("answers the socket that the handler lets in, with its id and assigns", async () => {
    await using it = await channelTest();
    const result = await it.connect(UserSocket, { token: "ada" }, { auth_token: "x" });
    assert.ok(result.ok);
    assert.equal(result.socket.id, "users:ada");
    assert.deepEqual(result.socket.assigns, { token: "ada", auth_token: "x" });
  });

  test("answers why the handler refuses", async () => {
    await using it = await channelTest();
    assert.deepEqual(await it.connect(UserSocket), { ok: false, reason: "unauthorized" });
    assert.match(await failure(it.connectOrThrow(UserSocket)), /let in, got error\('unauthorized'\)/);
  });

  test("throws what the handler throws", async () => {
    await using it = await channelTest();
    await assert.rejects(it.connect(UserSocket, { token: "throw" }), /connect broke/);
  });

  test("gives the socket the end that a disconnect of its id asks for", async () => {
    await using it = await channelTest();
    await it.connectOrThrow(UserSocket, { token: "ada" });
    broadcastTo(it.runtime, "channel_test.pubsub", "users:ada", "disconnect", {});
    await it.assertBroadcast("users:ada", "disconnect");
  });
});

describe("socket", () => {
  test("is one that nobody was asked about", async () => {
    await using it = await channelTest();
    const socket = await it.socket(UserSocket, "users:7", { userId: 7 });
    assert.equal(socket.id, "users:7");
    assert.deepEqual(socket.assigns, { userId: 7 });
    assert.equal(socket.joined, false);
  });
});

describe("join", () => {
  test("answers the reply, and the socket as the channel has it", async () => {
    await using it = await channelTest();
    const client = await it.socket(UserSocket);
    const result = await it.join(client, "room:1", { name: "Ada" });
    assert.ok(result.ok);
    assert.deepEqual(result.reply, { welcome: "Ada" });
    assert.deepEqual(result.socket.assigns, { fromRoute: true, name: "Ada" });
    assert.equal(result.socket.topic, "room:1");
    await it.assertPush(result.socket, "welcome", { name: "Ada" });
  });

  test("takes the channel that is named, without what the route gives it", async () => {
    await using it = await channelTest();
    const joined = await it.subscribeAndJoinOrThrow(await it.socket(UserSocket), BareChannel, "any:topic");
    assert.deepEqual(joined.assigns, {});
    const ref = it.push(joined, "anything", { a: 1 });
    await it.assertReply(ref, "ok", { event: "anything", payload: { a: 1 } });
  });

  test("answers the error of a channel that refuses, of its contract, and of a join that crashes", async () => {
    await using it = await channelTest();
    const client = await it.socket(UserSocket);
    assert.deepEqual(await it.join(client, "room:closed", { name: "Ada" }), {
      ok: false,
      reply: { reason: "closed" },
    });
    const invalid = await it.join(client, "room:1");
    assert.ok(!invalid.ok);
    assert.equal(invalid.reply["reason"], "invalid payload");
    assert.deepEqual(await it.join(client, "room:broken", { name: "Ada" }), {
      ok: false,
      reply: { reason: "join crashed" },
    });
    const refused = failure(it.subscribeAndJoinOrThrow(client, "room:closed", { name: "Ada" }));
    assert.match(await refused, /join of room:closed to be let in, got error\({ reason: 'closed' }\)/);
  });

  test("is refused when the channel takes longer than it may", async () => {
    await using it = await channelTest();
    const joining = it.join(await it.socket(UserSocket), ImpatientChannel, "room:1");
    assert.deepEqual(await joining, { ok: false, reply: { reason: "join timeout" } });
  });

  test("says which topic there is no channel for", async () => {
    await using it = await channelTest();
    const joining = it.join(await it.socket(UserSocket), "rooms:1");
    assert.match(await failure(joining), /a topic that UserSocket has a channel for, got 'rooms:1'/);
  });
});

describe("push", () => {
  test("is answered, as assertReply finds by its ref", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    const [first, second] = [
      it.push(socket, "say", { body: "one" }),
      it.push(socket, "say", { body: "two" }),
    ];
    const { id } = await it.assertReply(second, "ok", { id: expect.any(Number) });
    assert.equal(id, 7);
    await it.assertReply(first, "ok");
    await it.refuteReply(first);
  });

  test("is answered with the error of the contract", async () => {
    await using it = await channelTest();
    const ref = it.push(await room(it), "say", { body: 7 as never });
    const { reason } = await it.assertReply(ref, "error", { reason: "invalid payload" });
    assert.equal(reason, "invalid payload");
  });

  test("is for a socket that has joined", async () => {
    await using it = await channelTest();
    const socket = await it.socket(UserSocket);
    assert.throws(() => it.push(socket, "say", {}), /Expected a socket that has joined/);
  });

  test("keeps the payload as it is, and so does a reply", async () => {
    await using it = await channelTest();
    const socket = await it.subscribeAndJoinOrThrow(await it.socket(roomSocket), "kept:1");
    const told = new Told("Ada");
    const answer = await it.assertReply(it.push(socket, "echo", { told, none: undefined }), "ok");
    assert.equal(answer["told"], told);
    assert.ok("none" in answer);
  });
});

describe("assertPush", () => {
  test("finds what the client of that socket gets, and no other", async () => {
    await using it = await channelTest();
    const [ada, grace] = [await room(it, "Ada"), await room(it, "Grace")];
    it.push(ada, "typing");
    await it.refutePush(ada, "typing");
    assert.deepEqual(await it.assertPush(grace, "typing"), { name: "Ada" });
    await it.refutePush(grace, "typing");
  });

  test("matches parts, matchers and functions, and answers the whole", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    for (let times = 0; times < 5; times += 1) it.push(socket, "say", { body: "hi" });
    const whole = { id: 7, body: "hi" };
    assert.deepEqual(await it.assertPush(socket, "said", { id: 7 }), whole);
    assert.deepEqual(await it.assertPush(socket, "said", { id: expect.any(Number) }), whole);
    assert.deepEqual(await it.assertPush(socket, "said", ({ body }) => body === "hi"), whole);
    assert.deepEqual(await it.assertPush(socket, "said", { id: (id) => id > 6 }), whole);
    await it.refutePush(socket, "said", { id: 8 });
    assert.deepEqual(await it.assertPush(socket, "said", {}), whole);
    await it.refutePush(socket, "said");
  });

  test("says what was expected and what has come instead", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    it.push(socket, "say", { body: "hi" });
    const message = await failure(it.assertPush(socket, "said", { body: "ho" }));
    assert.equal(
      message,
      [
        `Expected a push "said" on room:1 that matches { body: 'ho' } within 100 ms, got none`,
        "What has come and was not asserted:",
        `    push "welcome" on room:1: { name: 'Ada' }`,
        `    push "said" on room:1: { id: 7, body: 'hi' }`,
        `    broadcast "said" on room:1: { id: 7, body: 'hi' }`,
        `    reply "ok" to push 2: { id: 7 }`,
      ].join("\n"),
    );
  });

  test("says that nothing has come", async () => {
    await using it = await channelTest();
    const socket = await it.subscribeAndJoinOrThrow(await it.socket(roomSocket), "kept:1", {});
    await it.assertPush(socket, "info");
    assert.match(await failure(it.assertPush(socket, "info")), /\nNothing else has come\.$/);
  });
});

describe("assertBroadcast", () => {
  test("finds what is broadcast on a topic that the test has subscribed to", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    it.push(socket, "say", { body: "hi" });
    assert.deepEqual(await it.assertBroadcast(socket, "said", { id: 7 }), { id: 7, body: "hi" });
    await it.refuteBroadcast(socket, "said");

    await it.subscribe("news");
    broadcastTo(it.runtime, "channel_test.pubsub", "news", "came", { a: 1 });
    await it.assertBroadcast("news", "came", { a: 1 });
  });

  test("finds none on a topic that was only joined", async () => {
    await using it = await channelTest();
    const result = await it.join(await it.socket(UserSocket), RoomChannel, "room:1", { name: "Ada" });
    assert.ok(result.ok);
    it.push(result.socket, "say", { body: "hi" });
    await it.refuteBroadcast(result.socket, "said");
    await it.assertPush(result.socket, "said");
  });

  test("finds each once, however many sockets have joined", async () => {
    await using it = await channelTest();
    const [ada] = [await room(it, "Ada"), await room(it, "Grace")];
    it.push(ada, "say", { body: "hi" });
    await it.assertBroadcast(ada, "said");
    await it.refuteBroadcast(ada, "said");
  });
});

describe("broadcastFrom", () => {
  test("reaches the channel, which may intercept it, and not the test", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    it.broadcastFrom(socket, "secret", { code: 1 });
    assert.deepEqual(await it.assertPush(socket, "secret"), { code: 9 });
    await it.refuteBroadcast(socket, "secret");
  });
});

describe("leave and close", () => {
  test("leaving is answered, and ends the channel", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    await it.assertReply(it.leave(socket), "ok");
    assert.deepEqual(await it.assertExit(socket), ["shutdown", "left"]);
  });

  test("closing ends all channels of the connection, and those of no other", async () => {
    await using it = await channelTest();
    const client = await it.socket(UserSocket);
    const [one, two] = [
      await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:1", { name: "Ada" }),
      await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:2", { name: "Ada" }),
    ];
    const other = await room(it, "Grace");
    await it.close(one);
    for (const socket of [one, two]) assert.deepEqual(await it.assertExit(socket), ["shutdown", "closed"]);
    await it.assertReply(it.push(other, "say", { body: "still here" }), "ok");
  });

  test("closing kills a channel that does not end in time", async () => {
    await using it = await channelTest({ trapExit: true });
    const open = closeGate();
    const socket = await it.subscribeAndJoinOrThrow(await it.socket(roomSocket), "room:1");
    it.push(socket, "gate");
    const beforeMs = it.runtime.clock.nowMs();
    await it.close(socket);
    assert.equal(await it.assertExit(socket), "killed");
    assert.equal(it.runtime.clock.nowMs() - beforeMs, 5_000);
    open();
  });
});

describe("time", () => {
  test("passes as an assertion needs it, and no further", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    const beforeMs = it.runtime.clock.nowMs();
    await it.assertReply(it.push(socket, "later", { ms: 80 }), "ok");
    assert.equal(it.runtime.clock.nowMs() - beforeMs, 80);
  });

  test("is what a refutation lets pass, so that nothing comes later than it could", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    const soon = it.push(socket, "later", { ms: 99 });
    assert.match(await failure(it.refuteReply(soon)), /Expected no reply to push .*, got: reply "ok"/);
    const late = it.push(socket, "later", { ms: 3_600_001 });
    await it.refuteReply(late, "ok", undefined, 3_600_000);
    await it.assertReply(late, "ok");
  });

  test("may be let pass", async () => {
    await using it = await channelTest();
    const ref = it.push(await room(it), "later", { ms: 86_400_000 });
    await it.advance(86_400_000);
    await it.assertReply(ref, "ok", {}, 0);
  });
});

describe("a crash of a channel", () => {
  test("fails the next call of the test, and says why", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    const ref = it.push(socket, "crash");
    const failed = await it.assertReply(ref, "ok").then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    assert.match(
      String(failed?.message),
      /Expected the channel to live.* exit of the channel of room:1: Error: boom/,
    );
    assert.equal((failed?.cause as Error | undefined)?.message, "boom");
  });

  test("fails a test that has no next call when it is disposed of", async () => {
    const it = await channelTest();
    it.push(await room(it), "crash");
    assert.match(await failure(it[Symbol.asyncDispose]()), /boom/);
  });

  test("fails a test right behind the join, too", async () => {
    await using it = await channelTest();
    const client = await it.socket(UserSocket);
    const socket = await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:fragile", { name: "Ada" });
    const failed = await failure(it.assertPush(socket, "welcome"));
    assert.match(failed, /exit of the channel of room:fragile: Error: fragile/);
  });

  test("fails no test that asserts it, or traps exits", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    it.push(socket, "crash");
    await it.assertExit(socket, (reason) => (reason as unknown as Error).message === "boom");

    await using trapping = await channelTest({ trapExit: true });
    const other = await room(trapping);
    trapping.push(other, "crash");
    await trapping.refutePush(other, "said");
  });
});

describe("assertMessage", () => {
  test("finds what is sent to the process of the test", async () => {
    await using it = await channelTest();
    const client = await it.socket(UserSocket, undefined, { listener: it.pid });
    const socket = await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:1", { name: "Ada" });
    it.push(socket, "tell");
    assert.ok((await it.assertMessage({ name: "Ada" })) instanceof Told);
    await it.refuteMessage({ name: "Ada" });
  });
});

describe("run", () => {
  test("answers what the application answers, however long it takes", async () => {
    await using it = await channelTest();
    const socket = await room(it);
    const slow = new Promise((resolve) => it.runtime.clock.setTimer(3_000, () => resolve("slow")));
    assert.equal(await it.run(slow), "slow");
    assert.equal(await it.run(readFile(new URL(import.meta.url)).then(() => "outside")), "outside");
    await assert.rejects(
      it.run(it.runtime.call(socket.channelPid!, "no such call")),
      /no such call|handleCall/,
    );
    await it.assertExit(socket);
  });

  test("throws for what never comes", async () => {
    await using it = await channelTest({ trapExit: true });
    const joining = it.join(await it.socket(UserSocket), "room:stuck", { name: "Ada" });
    assert.match(await failure(joining), /Expected the join of room:stuck to end within 5000 ms/);
  });
});

describe("a test", () => {
  test("starts what its channels need, and ends it", async () => {
    const children = [{ id: "presence", name: "here", start: [Presence, { pubsub: "mine" }] }] as const;
    const it = await channelTest({ children, pubsub: "mine" });
    const socket = await room(it);
    const tracked = Presence.track(it.runtime, "here", socket.channelPid!, "room:1", "7", { a: 1 });
    await it.advance();
    assert.ok((await tracked).ok);
    await it.assertBroadcast("room:1", "presence_diff", { joins: { "7": { metas: [{ a: 1 }] } } });
    await it[Symbol.asyncDispose]();
    assert.equal(it.runtime.whereis("here"), undefined);
  });

  test("runs beside others, each with names and time of its own", async () => {
    const tests = await Promise.all([1, 2, 3].map(() => channelTest()));
    await Promise.all(
      tests.map(async (it, index) => {
        const socket = await room(it, String(index));
        it.push(socket, "say", { body: String(index) });
        await it.assertBroadcast(socket, "said", { body: String(index) });
        await it.refuteBroadcast(socket, "said", undefined, index * 1_000);
        await it[Symbol.asyncDispose]();
      }),
    );
  });

  test("runs the same again by its seed", async () => {
    const order = async (seed: number): Promise<string> => {
      await using it = await channelTest({ seed });
      const sockets = await Promise.all([..."abcdefgh"].map((name) => room(it, name)));
      for (const socket of sockets) it.push(socket, "say", { body: String(socket.assigns["name"]) });
      const heard: string[] = [];
      for (const socket of sockets) heard.push((await it.assertBroadcast(socket, "said")).body);
      return heard.join("");
    };
    const orders = await Promise.all([1, 1, 2, 3].map(order));
    assert.equal(orders[0], orders[1]);
    assert.ok(new Set(orders).size > 1, orders.join());
  });

  for (const clock of [undefined, new VirtualClock()]) {
    test(`takes a runtime that runs already, on ${clock === undefined ? "the machine's" : "a virtual"} clock`, async () => {
      const runtime = await Runtime.start({
        logger: silentLogger,
        ...(clock === undefined ? {} : { clock }),
      });
      await runtime.start(PubSub, {}, { name: "running" });
      const it = await channelTest({ runtime, pubsub: "running" });
      const socket = await room(it);
      await it.assertReply(it.push(socket, "later", { ms: 10 }), "ok", { later: true });
      it.push(socket, "say", { body: "hi" });
      await it.assertPush(socket, "said", { body: "hi" });
      await it.refutePush(socket, "said");
      await it[Symbol.asyncDispose]();
      assert.notEqual(runtime.whereis("running"), undefined);
      await runtime.shutdown();
    });
  }

  test("knows its options", async () => {
    await assert.rejects(channelTest({ sead: 1 } as object), { code: "ROOKERY_BADARG", message: /sead/ });
  });
});
