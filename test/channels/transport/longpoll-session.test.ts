import { afterEach, assert, beforeEach, describe, test } from "vitest";
import { broadcastTo } from "../../../channels/broadcast.ts";
import { ok } from "../../../channels/channel-returns.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import {
  defineSocket,
  type SocketDefinition,
  type SocketOptions,
} from "../../../channels/socket-definition.ts";
import {
  channelsSupervisor,
  sessionsSupervisor,
  transportsSupervisor,
} from "../../../channels/socket-supervisor.ts";
import { Token } from "../../../channels/token.ts";
import { SocketDrain } from "../../../channels/transport-message.ts";
import { LongPollTransport } from "../../../channels/transport/longpoll.ts";
import type { LongPollOptions } from "../../../channels/transport/longpoll-options.ts";
import { type Pid, type Runtime, sys } from "../../../runtime/index.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";
import { DynamicSupervisor } from "../../../supervisors/index.ts";
import { type Answered, SECRET, serve, type Served } from "../longpoll-server.ts";
import { closeGate, roomSocket, terminations } from "../room-channel.ts";
import { PUBSUB, SOCKETS, startRuntime, type TestLogger } from "../test-connection.ts";

/** Sessions and their requests on virtual time, without HTTP. */

const WINDOW_MS = 10_000;

let runtime: Runtime;
let time: VirtualClock;
let transport: LongPollTransport;
let token: string;

async function start(
  options: LongPollOptions = {},
  params: string = "",
  socket: SocketDefinition = roomSocket,
): Promise<void> {
  await runtime?.shutdown();
  time = new VirtualClock();
  runtime = await startRuntime({ clock: time });
  const mount = { runtime, socket, name: SOCKETS, pubsub: PUBSUB, secretKeyBase: SECRET };
  transport = new LongPollTransport({ ...mount, options });
  const { value } = serve(transport, "GET", params);
  await settle(runtime);
  token = value()!.token;
}

beforeEach(async () => {
  terminations.length = 0;
  await start();
});
afterEach(() => runtime.shutdown());

const query = (): string => `token=${encodeURIComponent(token)}`;

async function poll(): Promise<Served> {
  const asked = serve(transport, "GET", query());
  await settle(runtime);
  return asked;
}

async function post(...frames: readonly unknown[][]): Promise<Served> {
  const asked = serve(transport, "POST", query(), frames);
  await settle(runtime);
  return asked;
}

async function pass(ms: number): Promise<void> {
  time.advance(ms);
  await settle(runtime);
}

const join = (topic: string): unknown[] => ["1", "1", topic, "phx_join", {}];
const heartbeat = (ref: string): unknown[] => [null, ref, "phoenix", "heartbeat", {}];
const statusOf = (asked: Served): number | undefined => asked.value()?.status;
const refsOf = (asked: Served): unknown[] =>
  asked.value()!.messages.map((text) => (JSON.parse(text) as unknown[])[1]);

async function childOf(supervisor: (name: string) => string): Promise<Pid | undefined> {
  const children = await DynamicSupervisor.whichChildren(runtime, supervisor(SOCKETS));
  return children[0]?.pid as Pid | undefined;
}

async function assertNothingLeft(): Promise<void> {
  for (const supervisor of [sessionsSupervisor, transportsSupervisor, channelsSupervisor])
    assert.equal((await childOf(supervisor))?.toString(), undefined);
}

describe("a poll", () => {
  test("waits for the window, no longer and no less", async () => {
    const waits = await poll();
    await pass(WINDOW_MS - 1);
    assert.isUndefined(waits.value());
    await pass(1);
    assert.deepEqual(waits.value(), { messages: [], status: 204, token });
  });

  test("is answered once with all that comes in a turn", async () => {
    const waits = await poll();
    await post(heartbeat("1"));
    assert.deepEqual(refsOf(waits), ["1"]);
    await post(heartbeat("2"), heartbeat("3"));
    assert.deepEqual(refsOf(await poll()), ["2", "3"]);
  });

  test("takes the waiting place of one that came before: that one goes on waiting, for nothing", async () => {
    const before = await poll();
    const after = await poll();
    await post(heartbeat("1"));
    assert.deepEqual(refsOf(after), ["1"]);
    assert.isUndefined(before.value());
    await pass(WINDOW_MS);
    assert.equal(statusOf(before), 204);
  });

  test("whose window is over gives the place up, unless another one has taken it", async () => {
    const before = await poll();
    await pass(1_000);
    const after = await poll();
    await pass(WINDOW_MS - 1_000);
    assert.equal(statusOf(before), 204);
    await post(heartbeat("1"));
    assert.deepEqual(refsOf(after), ["1"]);
    await post(heartbeat("2"));
    assert.deepEqual(refsOf(await poll()), ["2"]);
  });

  test("of a client that hangs up takes no frame with it", async () => {
    const waits = await poll();
    waits.hangUp();
    await settle(runtime);
    await post(heartbeat("1"));
    assert.deepEqual(refsOf(await poll()), ["1"]);
  });
});

test("a client that hangs up before it has a session gets none", async () => {
  let mayConnect = Promise.resolve();
  const connect: SocketOptions<object>["connect"] = (_, socket) => mayConnect.then(() => ok(socket));
  await start({}, "", defineSocket({ channels: [], connect }));
  const { promise, resolve: letConnect } = Promise.withResolvers<void>();
  mayConnect = promise;
  serve(transport, "GET", "").hangUp();
  const connecting = serve(transport, "GET", "");
  await settle(runtime);
  connecting.hangUp();
  letConnect();
  await settle(runtime);
  const sessions = await DynamicSupervisor.whichChildren(runtime, sessionsSupervisor(SOCKETS));
  assert.equal(sessions.length, 1, "that of the client whose token there is");
});

describe("a frame", () => {
  test("is confirmed once it has been handled, while polls are served as ever", async () => {
    await post(heartbeat("0"));
    const open = closeGate();
    const joins = await post(join("room:gate"));
    const waits = await poll();
    assert.isUndefined(joins.value());
    assert.deepEqual(refsOf(waits), ["0"]);
    open();
    await settle(runtime);
    assert.deepEqual(joins.value(), { status: 200 } as Answered);
    assert.deepEqual(refsOf(await poll()), ["1"]);
  });

  test("may be answered before the next line of its request is handled", async () => {
    const open = closeGate();
    const both = await post(heartbeat("1"), join("room:gate"));
    assert.deepEqual(refsOf(await poll()), ["1"]);
    assert.isUndefined(both.value());
    open();
    await settle(runtime);
    assert.equal(statusOf(both), 200);
  });

  test("has the whole window, each of a request for itself", async () => {
    let open = closeGate();
    const posted = await post(join("room:gate"), ["2", "2", "room:gate", "phx_join", {}]);
    await pass(WINDOW_MS - 1);
    await poll();
    // The second join finds another gate.
    const first = open;
    open = closeGate();
    first();
    await settle(runtime);
    await pass(WINDOW_MS - 1);
    assert.isUndefined(posted.value());
    open();
    await settle(runtime);
    assert.equal(statusOf(posted), 200);
  });

  test("that takes longer is answered with 408, and handled all the same", async () => {
    const open = closeGate();
    const posted = await post(join("room:gate"), heartbeat("2"));
    await pass(WINDOW_MS);
    assert.deepEqual(posted.value(), { status: 408 } as Answered);
    open();
    await settle(runtime);
    assert.deepEqual(refsOf(await poll()), ["1"]);
  });

  test("beyond those that may wait at once is never handled, and answered with 408", async () => {
    const open = closeGate();
    await post(join("room:gate"));
    for (let n = 1; n < 64; n += 1) await post(heartbeat(String(n)));
    const beyond = await post(heartbeat("64"));
    await pass(WINDOW_MS);
    assert.deepEqual(beyond.value(), { status: 408 } as Answered);
    open();
    await settle(runtime);
    assert.equal(refsOf(await poll()).length, 64);
    assert.equal(statusOf(await post(heartbeat("65"))), 200);
  });

  test("that is still waiting when the session ends in order is answered with 200, after a crash with 408", async () => {
    for (const [reason, status] of [
      [["shutdown", "disconnected"], 200],
      ["boom", 408],
    ] as const) {
      await start();
      closeGate();
      const posted = await post(join("room:gate"), heartbeat("2"));
      runtime.exit((await childOf(transportsSupervisor))!, reason);
      await settle(runtime);
      assert.deepEqual(posted.value(), { status } as Answered);
    }
  });
});

describe("a session", () => {
  test("ends when its client has not polled for one and a half windows", async () => {
    await post(join("room:plain"));
    await pass(WINDOW_MS * 1.5 - 1);
    assert.isDefined(await childOf(sessionsSupervisor));
    await pass(1);
    await assertNothingLeft();
    assert.deepEqual(terminations, [{ topic: "room:plain", reason: ["shutdown", "inactive"], joined: true }]);
    assert.equal(statusOf(await post(heartbeat("1"))), 410);
  });

  test("lives on from the start of each poll, whatever is posted", async () => {
    await pass(WINDOW_MS);
    const waits = await poll();
    await pass(WINDOW_MS);
    assert.equal(statusOf(waits), 204);
    await post(heartbeat("1"));
    await pass(WINDOW_MS / 2 - 1);
    assert.isDefined(await childOf(sessionsSupervisor));
    await pass(1);
    await assertNothingLeft();
  });

  test("ends by a disconnect of its id, and a poll that waits finds another one", async () => {
    await start({}, "user_id=7");
    await post(join("room:plain"));
    await poll();
    const waits = await poll();
    broadcastTo(runtime, PUBSUB, "user_socket:7", "disconnect", {});
    await settle(runtime);
    assert.equal(statusOf(waits), 410);
    assert.notEqual(waits.value()!.token, token);
    assert.deepEqual(terminations, [
      { topic: "room:plain", reason: ["shutdown", "disconnected"], joined: true },
    ]);
  });

  test("answers what it has been asked and will not handle any more", async () => {
    const answers: unknown[] = [];
    runtime.spawn(async (self) => {
      PubSub.subscribe(self, PUBSUB, "answers");
      for (;;) answers.push(await self.receive());
    });
    const session = (await childOf(sessionsSupervisor))!;
    const to = { nodeName: PubSub.nodeName(runtime, PUBSUB), topic: "answers" };
    runtime.exit((await childOf(transportsSupervisor))!, ["shutdown", "disconnected"]);
    // It knows of the end already, and what it is asked stands behind that.
    runtime.send(session, { longpoll: "poll", to } as never);
    runtime.send(session, { longpoll: "frame", to, data: "[]" } as never);
    await settle(runtime);
    const absent = { longpoll: "gone", how: "absent" };
    assert.deepEqual(answers, [absent, absent]);
  });

  test("gives the poll that waits what was sent before it ended", async () => {
    await start({}, "user_id=7");
    await post(join("room:plain"));
    await poll();
    const waits = await poll();
    broadcastTo(runtime, PUBSUB, "room:plain", "last", {});
    broadcastTo(runtime, PUBSUB, "user_socket:7", "disconnect", {});
    await settle(runtime);
    assert.deepEqual(waits.value()!.messages, ['[null,null,"room:plain","last",{}]']);
    assert.equal(statusOf(await poll()), 410);
  });

  test("ends when the server drains", async () => {
    await post(join("room:plain"));
    runtime.send((await childOf(transportsSupervisor))!, new SocketDrain());
    await settle(runtime);
    await assertNothingLeft();
    assert.deepEqual(terminations, [{ topic: "room:plain", reason: ["shutdown", "restart"], joined: true }]);
  });

  for (const supervisor of [sessionsSupervisor, transportsSupervisor]) {
    test(`ends with all that belongs to it when a process of ${supervisor("the mount")} is killed`, async () => {
      await post(join("room:plain"));
      runtime.exit((await childOf(supervisor))!, "kill");
      await settle(runtime);
      await assertNothingLeft();
    });
  }

  for (const reason of ["boom", "shutdown", ["shutdown", "enough"]] as const) {
    test(`ends with all that belongs to it when somebody ends it with ${JSON.stringify(reason)}`, async () => {
      await post(join("room:plain"));
      runtime.exit((await childOf(sessionsSupervisor))!, reason);
      await settle(runtime);
      await assertNothingLeft();
      assert.deepEqual(terminations, [{ topic: "room:plain", reason, joined: true }]);
    });
  }

  test("lives on when somebody whom it doesn't know ends in order", async () => {
    runtime.exit((await childOf(sessionsSupervisor))!, "normal");
    await settle(runtime);
    assert.equal(statusOf(await post(heartbeat("1"))), 200);
  });

  test("leaves nothing behind when it is killed before it has begun", async () => {
    const labelled = (key: string): Pid | undefined =>
      runtime.processes().find((pid) => key in Object(runtime.info(pid, "label")));
    await start();
    runtime.exit((await childOf(sessionsSupervisor))!, "kill");
    await settle(runtime);
    await sys.suspend(runtime, transportsSupervisor(SOCKETS));
    serve(transport, "GET", "");
    await settle(runtime);
    runtime.exit(labelled("longpoll")!, "kill");
    await sys.resume(runtime, transportsSupervisor(SOCKETS));
    await settle(runtime);
    await assertNothingLeft();
  });

  test("ends when more waits than it may hold, and its client is told", async () => {
    await start({ maxBufferedSize: 1_000 });
    await post(join("room:plain"));
    await poll();
    for (let i = 0; i < 11; i += 1)
      broadcastTo(runtime, PUBSUB, "room:plain", "flood", { text: "x".repeat(100) });
    await settle(runtime);
    await assertNothingLeft();
    assert.include(
      (runtime.logger as TestLogger).lines,
      "warn A client is too slow in reading and is disconnected",
    );
    assert.equal(statusOf(await poll()), 410);
  });

  test("keeps what its policy says when more waits than it may hold", async () => {
    const conflate = (event: string): string => event;
    for (const [slowConsumer, expected] of [
      ["drop_newest", [0, 1]],
      ["drop_oldest", [2, 3]],
      [{ conflate }, [3]],
    ] as const) {
      await start({ maxBufferedSize: 1_000, slowConsumer });
      await post(join("room:plain"));
      await poll();
      for (let n = 0; n < 4; n += 1)
        broadcastTo(runtime, PUBSUB, "room:plain", "tick", { n, text: "x".repeat(400) });
      await settle(runtime);
      const messages = (await poll()).value()!.messages.map((text) => JSON.parse(text) as unknown[]);
      assert.deepEqual(
        messages.map(([, , , , payload]) => (payload as { n: number }).n),
        [...expected],
      );
    }
  });

  test("refuses more channels than a transport may have", async () => {
    const joins = Array.from({ length: 100 }, (_, n) => [`${n}`, `${n}`, `mute:${n}`, "phx_join", {}]);
    await post(...joins);
    await post(["x", "x", "mute:x", "phx_join", {}]);
    assert.equal(
      (await poll()).value()!.messages.at(-1),
      '["x","x","mute:x","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]',
    );
  });

  test("takes nothing for a request that is none", async () => {
    const read = Token.verify(SECRET, SOCKETS, token, { clock: time });
    const [, , topic] = (read.ok && read.data) as string[];
    assert.match(topic!, /^phx:lp:[\w+/]{22}==\d+$/);
    broadcastTo(runtime, PUBSUB, topic!, "poll", { to: {} });
    runtime.send((await childOf(sessionsSupervisor))!, "nonsense" as never);
    await settle(runtime);
    assert.equal(statusOf(await post(heartbeat("1"))), 200);
  });
});
