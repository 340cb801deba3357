import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import {
  broadcastTo,
  type ChannelHandledIn,
  type ChannelJoined,
  push,
  Socket,
  socketRef,
} from "../../channels/index.ts";
import { channelHandledIn, channelJoined, type DurationMs } from "../../channels/telemetry.ts";
import {
  attachTelemetry,
  detachTelemetry,
  type ExitError,
  type Pid,
  type Runtime,
} from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import { closeGate, roomSocket, terminations } from "./room-channel.ts";
import {
  connect,
  PUBSUB,
  reasonOf,
  startRuntime,
  type TestConnection,
  type TestLogger,
} from "./test-connection.ts";

let runtime: Runtime;
let client: TestConnection;
let channel: Pid;

beforeEach(async () => {
  terminations.length = 0;
  runtime = await startRuntime();
  client = await connect(runtime, roomSocket);
  await join("room:plain");
});

afterEach(() => runtime.shutdown());

async function join(topic: string): Promise<void> {
  await client.ask(["1", "1", topic, "phx_join", {}]);
  await client.rest();
  channel = await client.channelPid();
}

const ask = (event: string, payload: unknown = {}, topic = "room:plain"): Promise<unknown> =>
  client.ask(["1", "2", topic, event, payload]);
const replied = (status: string, response: unknown, topic = "room:plain"): unknown[] => [
  "1",
  "2",
  topic,
  "phx_reply",
  { response, status },
];
const pushed = (event: string, payload: object, topic = "room:plain"): unknown[] => [
  "1",
  null,
  topic,
  event,
  payload,
];

/** The error with which the channel crashes on an event. */
async function crash(event: string, payload: unknown = {}, topic = "room:plain"): Promise<Error> {
  const ended = reasonOf(runtime, channel);
  await settle(runtime);
  assert.deepEqual(await ask(event, payload, topic), [
    "1",
    "1",
    topic,
    "phx_error",
    { reason: "channel_crash" },
  ]);
  return (await ended) as Error;
}

describe("handleIn", () => {
  test("a reply has the status and payload that it was given, any JSON, {} without one", async () => {
    assert.deepEqual(await ask("echo", { a: [1] }), replied("ok", { a: [1] }));
    assert.deepEqual(await ask("echo", ["list"]), replied("ok", ["list"]));
    assert.deepEqual(await ask("echo", "text"), replied("ok", "text"));
    assert.deepEqual(await ask("echo", false), replied("ok", false));
    assert.deepEqual(await ask("status"), replied("maybe", {}));
    assert.deepEqual(await ask("refuse"), replied("error", { reason: "nope" }));
  });

  test("a reply to a push without ref has none", async () => {
    const frame = await client.ask(["1", null, "room:plain", "echo", {}]);
    assert.deepEqual(frame, ["1", null, "room:plain", "phx_reply", { response: {}, status: "ok" }]);
  });

  test("noReply sends nothing, and the channel lives on", async () => {
    client.send(["1", "9", "room:plain", "silent", {}]);
    assert.deepEqual(await ask("echo"), replied("ok", {}));
    assert.deepEqual(await client.rest(), []);
  });

  test("the socket that is returned is what the next callback gets", async () => {
    await join("room:1");
    assert.deepEqual(await ask("count", {}, "room:1"), replied("ok", { events: 1 }, "room:1"));
    assert.deepEqual(await ask("count", {}, "room:1"), replied("ok", { events: 2 }, "room:1"));
  });

  test("may be asynchronous: the next push waits for it, other channels don't", async () => {
    const openGate = closeGate();
    client.send(["1", "2", "room:plain", "gate", {}]);
    client.send(["1", "3", "room:plain", "echo", {}]);
    client.send(["5", "5", "bare:1", "phx_join", {}]);
    client.send(["5", "6", "bare:1", "hello", { a: 1 }]);
    const frames = (await client.rest()) as unknown[][];
    assert.deepEqual(
      frames.map(([, ref]) => ref),
      ["5", "6"],
    );
    openGate();
    assert.equal(((await client.next()) as unknown[])[1], "3");
    assert.deepEqual(await ask("async", { a: 1 }), replied("ok", { a: 1 }));
  });

  test("as one function gets the event and its payload", async () => {
    await join("bare:1");
    const response = { event: "__proto__", payload: { a: 1 } };
    assert.deepEqual(await ask("__proto__", { a: 1 }, "bare:1"), replied("ok", response, "bare:1"));
  });

  test("gets events that are called like Phoenix's own", async () => {
    await join("bare:1");
    for (const event of ["phx_close", "phx_error", "phx_reply", "heartbeat"]) {
      assert.deepEqual(await ask(event, {}, "bare:1"), replied("ok", { event, payload: {} }, "bare:1"));
    }
  });

  test("with a timeout is followed by handleInfo when nothing else comes", async () => {
    const clock = new VirtualClock();
    runtime = await startRuntime({ clock });
    client = await connect(runtime, roomSocket);
    await join("room:plain");
    client.send(["1", "2", "room:plain", "idle", {}]);
    assert.deepEqual(await client.rest(), []);
    clock.advance(1_000);
    assert.deepEqual(await client.next(), pushed("info", { message: "timeout", ref: null }));
  });

  for (const event of ["unknown", "constructor", "__proto__", "toString", "hasOwnProperty", 7, null]) {
    test(`an event without handler crashes: ${String(event)}`, async () => {
      const error = await crash(event as string);
      expect(error).toMatchObject({ code: "ROOKERY_CHANNEL_NO_HANDLER" });
      assert.include(error.message, "RoomChannel");
    });
  }

  test("a channel without handleIn has no handler for anything", async () => {
    await join("mute:1");
    expect(await crash("hello", {}, "mute:1")).toMatchObject({ code: "ROOKERY_CHANNEL_NO_HANDLER" });
  });

  for (const event of ["wrong", "wrong_status", "wrong_stop", "wrong_socket"]) {
    test(`a wrong return crashes with an error that lists every valid one: ${event}`, async () => {
      const error = await crash(event);
      expect(error).toMatchObject({ code: "ROOKERY_CHANNEL_BAD_RETURN" });
      assert.include(error.message, "RoomChannel.handleIn");
      for (const form of [
        "noReply(socket)",
        "noReply(socket, action)",
        "reply(status, socket)",
        "reply(status, payload, socket)",
        "stop(reason, socket)",
        "stop(reason, status, socket)",
        "stop(reason, [status, payload], socket)",
      ]) {
        assert.include(error.message, `\n    ${form}\n`);
      }
    });
  }

  test("what can't be encoded crashes the channel that sends it", async () => {
    expect(await crash("push_wrong")).toMatchObject({ code: "ROOKERY_PAYLOAD" });
  });

  test("a crash is reported with the last message, and terminate gets the error and the last socket", async () => {
    const error = await crash("crash");
    assert.equal(error.message, "boom");
    assert.deepEqual(terminations, [{ topic: "room:plain", reason: error, joined: true }]);
    assert.isTrue(
      (runtime.logger as TestLogger).lines.some((line) =>
        /^error .*ChannelServer.* crashed: .*boom/.test(line),
      ),
    );
  });

  test("exit in a callback ends the channel with that reason", async () => {
    const ended = reasonOf(runtime, channel);
    await settle(runtime);
    assert.deepEqual(await ask("exit"), ["1", "1", "room:plain", "phx_error", { reason: "channel_crash" }]);
    assert.equal(await ended, "normal");
  });
});

describe("socketRef and replyTo", () => {
  test("answer a push after its handleIn has returned, from another process", async () => {
    assert.deepEqual(await ask("later"), replied("ok", { later: true }));
  });

  test("need a ref", async () => {
    const ended = reasonOf(runtime, channel);
    await settle(runtime);
    client.send(["1", null, "room:plain", "later", {}]);
    expect(await ended).toMatchObject({ code: "ROOKERY_CHANNEL_NO_REF" });
  });
});

describe("before join has returned", () => {
  for (const topic of ["room:push", "room:broadcast", "room:ref"]) {
    test(`${topic.slice("room:".length)} throws and says how to do it`, async () => {
      await client.ask(["9", "9", topic, "phx_join", {}]);
      const crash = (runtime.logger as TestLogger).lines.find((line) => line.includes("crashed"))!;
      assert.match(crash, /after the socket has finished joining[^]*after_join[^]*handleInfo/);
      assert.deepEqual(terminations, [], "there is nothing to clean up");
    });
  }

  test("a socket that belongs to no channel can't be pushed to", () => {
    const socket = new Socket({} as never, undefined, {});
    expect(() => push(socket, "event", {})).toThrow(
      expect.objectContaining({ code: "ROOKERY_CHANNEL_NOT_JOINED" }),
    );
    expect(() => socketRef(socket)).toThrow(expect.objectContaining({ code: "ROOKERY_CHANNEL_NOT_JOINED" }));
  });
});

describe("push and broadcast", () => {
  test("a push goes to the own client, with the join_ref and no ref", async () => {
    assert.deepEqual(await ask("push", { a: 1 }), pushed("pushed", { a: 1 }));
  });

  test("a broadcast goes to everybody in the topic, without refs, and before the reply that follows it", async () => {
    const other = await connect(runtime, roomSocket);
    await other.ask(["7", "7", "room:plain", "phx_join", {}]);
    const frame = [null, null, "room:plain", "shout", { body: "hi" }];
    assert.deepEqual(await ask("shout", { body: "hi" }), frame);
    assert.deepEqual(await client.next(), replied("ok", {}));
    assert.deepEqual(await other.next(), frame);
  });

  test("broadcastFrom leaves out the own channel only", async () => {
    const other = await connect(runtime, roomSocket);
    await other.ask(["7", "7", "room:plain", "phx_join", {}]);
    client.send(["1", "2", "room:plain", "whisper", {}]);
    assert.deepEqual(await other.next(), [null, null, "room:plain", "whisper", {}]);
    assert.deepEqual(await client.rest(), []);
  });

  test("broadcastTo reaches a topic from anywhere", async () => {
    broadcastTo(runtime, PUBSUB, "room:plain", "news", { n: 1 });
    assert.deepEqual(await client.next(), [null, null, "room:plain", "news", { n: 1 }]);
    broadcastTo(runtime, PUBSUB, "room:plain", "bytes", Buffer.of(7));
    assert.deepEqual(await client.next(), Buffer.from([2, 10, 5, ...Buffer.from("room:plainbytes"), 7]));
  });

  test("a wrong payload, topic or event is refused, whoever listens", () => {
    const send = (topic: unknown, event: unknown, payload: unknown) => () =>
      broadcastTo(runtime, PUBSUB, topic as string, event as string, payload as object);
    expect(send("nobody", "event", "text")).toThrow(expect.objectContaining({ code: "ROOKERY_PAYLOAD" }));
    expect(send("nobody", 7, {})).toThrow(expect.objectContaining({ code: "ROOKERY_TOPIC_AND_EVENT" }));
    expect(send(7, "event", {})).toThrow(expect.objectContaining({ code: "ROOKERY_TOPIC_AND_EVENT" }));
    expect(send("room:plain", "event", { n: 1n })).toThrow(
      expect.objectContaining({ code: "ROOKERY_PAYLOAD_NOT_JSON" }),
    );
  });
});

describe("handleOut", () => {
  test("gets an intercepted broadcast in place of the client, and pushes what it likes", async () => {
    await join("room:1");
    assert.deepEqual(
      await ask("intercept", { a: 1 }, "room:1"),
      pushed("intercepted", { a: 1, for: 0 }, "room:1"),
    );
    assert.deepEqual(await client.rest(), []);
  });

  test("of what is nested too deep to be sent on ends nobody's channel but those of who has sent it", async () => {
    await join("room:1");
    const other = await connect(runtime, roomSocket);
    await other.ask(["1", "1", "room:1", "phx_join", {}]);
    await other.rest();
    client.send(`["1","2","room:1","intercept",{"deep":${"[".repeat(20_000)}${"]".repeat(20_000)}}]`);
    assert.deepEqual(await other.rest(), []);
    assert.deepEqual(
      await other.ask(["1", "2", "room:1", "intercept", { a: 1 }]),
      pushed("intercepted", { a: 1, for: 0 }, "room:1"),
    );
  });

  test("can't reply", async () => {
    const error = await crash("intercept", { wrong: true });
    expect(error).toMatchObject({ code: "ROOKERY_CHANNEL_BAD_RETURN" });
    assert.include(error.message, "RoomChannel.handleOut");
    assert.notInclude(error.message, "\n    reply");
  });

  test("is missed when an intercepted broadcast comes", async () => {
    await join("bare:1");
    client.send(["1", "2", "bare:1", "intercept", {}]);
    assert.deepEqual(await client.next(), replied("ok", { event: "intercept", payload: {} }, "bare:1"));
    assert.deepEqual(await client.next(), ["1", "1", "bare:1", "phx_error", { reason: "channel_crash" }]);
  });
});

describe("handleInfo", () => {
  test("gets what join sent to its own process, after the reply", async () => {
    await client.ask(["1", "1", "room:1", "phx_join", { a: 1 }]);
    assert.deepEqual(
      await client.next(),
      pushed("info", { message: ["after_join", { a: 1 }], ref: null }, "room:1"),
    );
  });

  test("gets every message that is none of the protocol's", async () => {
    for (const message of ["text", { any: "thing" }, 7]) {
      runtime.send(channel, message);
      assert.deepEqual(await client.next(), pushed("info", { message, ref: null }));
    }
  });

  test("a message is logged and dropped where there is no handleInfo", async () => {
    await join("bare:1");
    runtime.send(channel, "text");
    assert.deepEqual(
      await ask("echo", {}, "bare:1"),
      replied("ok", { event: "echo", payload: {} }, "bare:1"),
    );
    assert.include(
      (runtime.logger as TestLogger).lines,
      "warn BareChannel has no handleInfo: a message was dropped",
    );
  });
});

describe("handleCall and handleCast", () => {
  test("serve other processes", async () => {
    assert.deepEqual(await runtime.call(channel, "who"), ["who", "room:plain"]);
    assert.equal(await runtime.call(channel, "later"), "later");
    runtime.cast(channel, "hello");
    assert.deepEqual(await client.next(), pushed("cast", { request: "hello" }));
  });

  test("may stop the channel", async () => {
    const call = runtime.call(channel, "stop").catch((error: ExitError) => error.reason);
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
    expect(await call).toMatchObject(["shutdown", expect.anything()]);
  });

  test("a request is a crash where there is no callback for it", async () => {
    await join("bare:1");
    await runtime.call(channel, "who").catch(() => {});
    assert.deepEqual(await client.next(), ["1", "1", "bare:1", "phx_error", { reason: "channel_crash" }]);
  });
});

describe("terminate", () => {
  const stops: readonly (readonly [event: string, payload: object, reason: unknown])[] = [
    ["stop", { reason: "normal" }, "normal"],
    ["stop", { reason: "boom" }, "boom"],
    ["stop_reply", {}, "normal"],
    ["stop_status", {}, ["shutdown", "done"]],
    ["phx_leave", {}, ["shutdown", "left"]],
  ];
  for (const [event, payload, reason] of stops) {
    test(`gets ${JSON.stringify(reason)} after ${event}`, async () => {
      client.send(["1", "2", "room:plain", event, payload]);
      await client.rest();
      assert.deepEqual(terminations, [{ topic: "room:plain", reason, joined: true }]);
    });
  }

  test("does not run for a kill", async () => {
    runtime.exit(channel, "kill");
    await client.rest();
    assert.deepEqual(terminations, []);
  });
});

describe("telemetry", () => {
  afterEach(() => void detachTelemetry("test"));

  test("tells of a join, its result and how long it took", async () => {
    const seen: (DurationMs & ChannelJoined)[] = [];
    attachTelemetry("test", [channelJoined], (measurements, metadata) =>
      seen.push({ ...measurements, ...metadata }),
    );
    for (const topic of ["room:1", "room:forbidden", "room:raise"]) {
      await client.ask(["9", "9", topic, "phx_join", { a: 1 }]);
    }
    assert.deepEqual(
      seen.map(({ socket, params, result }) => [socket.topic, params, result]),
      [
        ["room:1", { a: 1 }, "ok"],
        ["room:forbidden", { a: 1 }, "error"],
      ],
    );
    assert.isTrue(seen.every(({ durationMs }) => durationMs >= 0));
  });

  test("tells of a push that was handled, not of a leave nor of a crash", async () => {
    const seen: (DurationMs & ChannelHandledIn)[] = [];
    attachTelemetry("test", [channelHandledIn], (measurements, metadata) =>
      seen.push({ ...measurements, ...metadata }),
    );
    await ask("echo", { a: 1 });
    await ask("async", { a: 2 });
    await ask("crash");
    await client.ask(["1", "1", "room:plain", "phx_join", {}]);
    await ask("phx_leave");
    assert.deepEqual(
      seen.map(({ ref, event, params, socket }) => [ref, event, params, socket.topic]),
      [
        ["2", "echo", { a: 1 }, "room:plain"],
        ["2", "async", { a: 2 }, "room:plain"],
      ],
    );
  });
});
