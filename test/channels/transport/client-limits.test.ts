import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { defineSocket, ok, type SocketLimits } from "../../../channels/index.ts";
import { clientRefused } from "../../../channels/telemetry.ts";
import { attachTelemetry, detachTelemetry, type Runtime } from "../../../runtime/index.ts";
import { VirtualClock } from "../../../runtime/testing.ts";
import { BareChannel, RoomChannel } from "../room-channel.ts";
import { connect, startRuntime, type TestConnection, type TestLogger } from "../test-connection.ts";

const TOPIC = "room:plain";

let clock: VirtualClock;
let runtime: Runtime;
let client: TestConnection;

const limitedSocket = (limits: SocketLimits): ReturnType<typeof defineSocket> =>
  defineSocket({
    channels: [
      ["room:*", RoomChannel],
      ["bare:*", BareChannel],
    ],
    connect: (_, socket) => ok(socket),
    limits,
  });

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await startRuntime({ clock });
});

afterEach(() => runtime.shutdown());

async function limited(limits: SocketLimits): Promise<void> {
  client = await connect(runtime, limitedSocket(limits));
}

const join = (topic: string): Promise<unknown> => client.ask(["1", "1", topic, "phx_join", {}]);
const echo = (payload: unknown = {}, topic = TOPIC): Promise<unknown> =>
  client.ask(["1", "2", topic, "echo", payload]);

const answered = (ref: string, status: string, response: unknown, topic = TOPIC): unknown[] => [
  "1",
  ref,
  topic,
  "phx_reply",
  { response, status },
];
const rateLimited = (ref: string, retry_after_ms: number, topic = TOPIC): unknown[] =>
  answered(ref, "error", { reason: "rate limited", retry_after_ms }, topic);

describe("eventsPerSecond", () => {
  test("answers events beyond with an error and when to try again, and they reach no channel", async () => {
    await limited({ eventsPerSecond: 2 });
    await join(TOPIC);
    assert.deepEqual(await echo({ n: 1 }), answered("2", "ok", { n: 1 }));
    assert.deepEqual(await echo({ n: 2 }), answered("2", "ok", { n: 2 }));
    assert.deepEqual(await client.ask(["1", "2", TOPIC, "crash", {}]), rateLimited("2", 500));
    clock.advance(500);
    assert.deepEqual(await echo({ n: 3 }), answered("2", "ok", { n: 3 }));
    assert.deepEqual(await echo(), rateLimited("2", 500));
  });

  test("lets eventBurst events pass at once", async () => {
    await limited({ eventsPerSecond: 1, eventBurst: 20 });
    await join(TOPIC);
    for (let n = 0; n < 20; n += 1) assert.deepEqual(await echo({ n }), answered("2", "ok", { n }));
    assert.deepEqual(await echo(), rateLimited("2", 1_000));
  });

  test("counts the events of a client in all its topics, also those it has not joined, and those of no other client", async () => {
    await limited({ eventsPerSecond: 2 });
    await join(TOPIC);
    await join("bare:1");
    await echo({}, "bare:1");
    await echo({}, "nowhere");
    assert.deepEqual(await echo(), rateLimited("2", 500));
    const first = client;
    await limited({ eventsPerSecond: 2 });
    await join(TOPIC);
    assert.deepEqual(await echo(), answered("2", "ok", {}));
    first.send([null, "3", "phoenix", "heartbeat", {}]);
  });

  test("leaves heartbeats, joins and leaves alone", async () => {
    await limited({ eventsPerSecond: 1 });
    await join(TOPIC);
    await echo();
    assert.deepEqual(await echo(), rateLimited("2", 1_000));
    for (let n = 0; n < 10; n += 1) {
      const heartbeat = [null, "9", "phoenix", "phx_reply", { response: {}, status: "ok" }];
      assert.deepEqual(await client.ask([null, "9", "phoenix", "heartbeat", {}]), heartbeat);
    }
    assert.deepEqual(await join("bare:1"), answered("1", "ok", {}, "bare:1"));
    assert.deepEqual(await client.ask(["1", "5", TOPIC, "phx_leave", {}]), answered("5", "ok", {}));
    assert.deepEqual(await client.next(), ["1", "1", TOPIC, "phx_close", {}]);
  });
});

describe("joinsPerSecond", () => {
  test("answers joins beyond with an error and when to try again; no channel starts", async () => {
    await limited({ joinsPerSecond: 1, joinBurst: 2 });
    assert.deepEqual(await join(TOPIC), answered("1", "ok", {}));
    assert.deepEqual(await join("bare:1"), answered("1", "ok", {}, "bare:1"));
    assert.deepEqual(await join("bare:2"), rateLimited("1", 1_000, "bare:2"));
    clock.advance(1_000);
    assert.deepEqual(await join("bare:2"), answered("1", "ok", {}, "bare:2"));
  });

  test("leaves the channel that a topic has when a second join of it is refused", async () => {
    await limited({ joinsPerSecond: 1 });
    await join(TOPIC);
    assert.deepEqual(await client.ask(["3", "3", TOPIC, "phx_join", {}]), [
      "3",
      "3",
      ...rateLimited("", 1_000).slice(2),
    ]);
    assert.deepEqual(await echo(), answered("2", "ok", {}));
  });
});

describe("maxEventSize", () => {
  test("answers a larger event, in bytes of its frame, with an error", async () => {
    await limited({ maxEventSize: 101 });
    await join(TOPIC);
    const sized = (bytes: number, letter: string): string => {
      const frame = JSON.stringify(["1", "2", TOPIC, "echo", { text: "" }]);
      return frame.replace('""', `"${letter.repeat((bytes - frame.length) / Buffer.byteLength(letter))}"`);
    };
    const tooLarge = answered("2", "error", { reason: "payload too large", max_size: 101 });
    for (const letter of ["x", "é"]) {
      assert.equal(Buffer.byteLength(sized(101, letter)), 101);
      assert.notDeepEqual(await client.ask(sized(101, letter)), tooLarge);
      assert.deepEqual(await client.ask(sized(103, letter)), tooLarge);
    }
    const push = Buffer.concat([
      Buffer.from([0, 1, 1, 10, 4, ...Buffer.from("12room:plainecho")]),
      Buffer.alloc(81),
    ]);
    assert.deepEqual(await client.ask(push), tooLarge);
    assert.deepEqual(
      await client.ask(push.subarray(0, 101)),
      Buffer.from([1, 1, 1, 10, 2, ...Buffer.from("12room:plainok"), ...Buffer.alloc(80)]),
    );
  });
});

describe("a client that asks for too much", () => {
  afterEach(() => void detachTelemetry("test"));

  test("is told of by telemetry each time, and by the log once", async () => {
    const seen: string[] = [];
    attachTelemetry("test", [clientRefused], ({ count }, { kind, topic, event }) =>
      seen.push(`${count} ${kind} ${topic} ${event}`),
    );
    await limited({ eventsPerSecond: 1, joinsPerSecond: 1, maxEventSize: 1_000 });
    await join(TOPIC);
    await join("bare:1");
    await echo({ text: "x".repeat(1_000) });
    await echo();
    assert.deepEqual(seen, ["1 joins bare:1 phx_join", `1 size ${TOPIC} echo`, `1 events ${TOPIC} echo`]);
    assert.deepEqual(
      (runtime.logger as TestLogger).lines.filter((line) => line.includes("more than it may")),
      ["warn A client asks for more than it may"],
    );
  });
});

describe("maxChannelsPerTransport", () => {
  afterEach(() => void detachTelemetry("test"));

  test("is such a limit, too: a client that never stops trying doesn't fill the log", async () => {
    const seen: string[] = [];
    attachTelemetry("test", [clientRefused], (_, { kind }) => seen.push(kind));
    const definition = defineSocket({
      channels: [["bare:*", BareChannel]],
      connect: (_, socket) => ok(socket),
      maxChannelsPerTransport: 1,
    });
    client = await connect(runtime, definition);
    await join("bare:1");
    for (let tries = 0; tries < 10; tries += 1) {
      assert.deepEqual(
        await join("bare:2"),
        answered("1", "error", { reason: "too many channels joined" }, "bare:2"),
      );
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 10 }, () => "channels"),
    );
    const { lines } = runtime.logger as TestLogger;
    assert.lengthOf(
      lines.filter((line) => /^(warn|error)/.test(line)),
      1,
    );
  });
});

describe("limits that make no sense are refused", () => {
  for (const limits of [
    { joinsPerSecond: 0 },
    { eventBurst: 5 },
    { eventsPerSecond: 1, eventBurst: 0.5 },
    { maxEventSize: Number.NaN },
    { events: 7 },
  ]) {
    test(JSON.stringify(limits), () => {
      expect(() => limitedSocket(limits as SocketLimits)).toThrow(
        expect.objectContaining({ code: "ROOKERY_SOCKET_OPTION" }),
      );
    });
  }
});
