import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import { defineSocket, ok, PubSub } from "../../../channels/index.ts";
import type { ChannelClass } from "../../../channels/channel.ts";
import { ChannelServer, ChannelStart } from "../../../channels/channel-server.ts";
import { Broadcast } from "../../../channels/message.ts";
import { channelsSupervisor } from "../../../channels/socket-supervisor.ts";
import type { Socket } from "../../../channels/socket.ts";
import { routeOf } from "../../../channels/socket-definition.ts";
import { ClientGone, SocketDrain } from "../../../channels/transport-message.ts";
import { type Pid, type Runtime, sys } from "../../../runtime/index.ts";
import { settle, VirtualClock } from "../../../runtime/testing.ts";
import { DynamicSupervisor } from "../../../supervisors/index.ts";
import { closeGate, RoomChannel, roomSocket, terminations } from "../room-channel.ts";
import {
  connect,
  PUBSUB,
  reasonOf,
  SOCKETS,
  startRuntime,
  type TestConnection,
  type TestLogger,
} from "../test-connection.ts";

let runtime: Runtime;
let client: TestConnection;

beforeEach(async () => {
  terminations.length = 0;
  runtime = await startRuntime();
  client = await connect(runtime, roomSocket);
});

afterEach(() => runtime.shutdown());

const joinedReply = (joinRef: unknown, ref: unknown, topic: string, response: object = {}): unknown[] => [
  joinRef,
  ref,
  topic,
  "phx_reply",
  { response, status: "ok" },
];

async function join(topic: string, joinRef: unknown = "1"): Promise<void> {
  assert.deepEqual(
    await client.ask([joinRef, joinRef, topic, "phx_join", {}]),
    joinedReply(joinRef, joinRef, topic),
  );
}

const unmatched = (ref: unknown, topic: unknown): unknown[] => [
  null,
  ref,
  topic,
  "phx_reply",
  { response: { reason: "unmatched topic" }, status: "error" },
];

describe("rule 1, heartbeat", () => {
  test("is answered with its ref as it is, and join_ref null", async () => {
    for (const ref of ["7", 7, null, true]) {
      assert.deepEqual(
        await client.ask(["x", ref, "phoenix", "heartbeat", {}]),
        joinedReply(null, ref, "phoenix"),
      );
    }
  });

  test("any other event on that topic is unmatched", async () => {
    assert.deepEqual(await client.ask(["1", "2", "phoenix", "shout", {}]), unmatched("2", "phoenix"));
    assert.deepEqual(await client.ask(["1", "2", "phoenix", "phx_join", {}]), unmatched("2", "phoenix"));
  });
});

describe("rule 2, join", () => {
  test("answers what join answers, with the refs of the join", async () => {
    assert.deepEqual(
      await client.ask(["1", "2", "room:plain", "phx_join", {}]),
      joinedReply("1", "2", "room:plain"),
    );
    assert.deepEqual(
      await client.ask([1, 2, "kept:x", "phx_join", {}]),
      joinedReply(1, 2, "kept:x", { topic: "kept:x", assigns: { kept: true } }),
    );
  });

  test("refuses a topic that no channel serves, and logs it", async () => {
    assert.deepEqual(await client.ask(["1", "2", "other:x", "phx_join", {}]), unmatched("2", "other:x"));
    assert.deepEqual(await client.ask(["1", "2", 7, "phx_join", {}]), unmatched("2", 7));
    assert.include(
      (runtime.logger as TestLogger).lines,
      "warn Ignoring a join of an unmatched topic in RoomSocket",
    );
  });

  test("refuses with what join refuses with, without a phx_close, and calls terminate with the unjoined socket", async () => {
    assert.deepEqual(await client.ask(["1", "1", "room:forbidden", "phx_join", {}]), [
      "1",
      "1",
      "room:forbidden",
      "phx_reply",
      { response: { reason: "unauthorized" }, status: "error" },
    ]);
    assert.deepEqual(await client.rest(), []);
    assert.deepEqual(terminations, [{ topic: "room:forbidden", reason: "shutdown", joined: false }]);
    assert.deepEqual(
      await client.ask(["1", "2", "room:forbidden", "echo", {}]),
      unmatched("2", "room:forbidden"),
    );
  });

  for (const topic of ["room:raise", "room:wrong", "room:push", "room:bigint"]) {
    test(`says that the join crashed: ${topic}`, async () => {
      assert.deepEqual(await client.ask(["1", "1", topic, "phx_join", {}]), [
        "1",
        "1",
        topic,
        "phx_reply",
        { response: { reason: "join crashed" }, status: "error" },
      ]);
      assert.deepEqual(await client.rest(), []);
    });
  }

  test("says that the join crashed when its process can't be started", async () => {
    const supervisor = runtime.whereis(channelsSupervisor(SOCKETS))!;
    const restarted = reasonOf(runtime, supervisor);
    runtime.exit(supervisor, "kill");
    client.send(["1", "1", "room:plain", "phx_join", {}]);
    await restarted;
    const [, , , , payload] = (await client.next()) as unknown[];
    expect([
      { response: { reason: "join crashed" }, status: "error" },
      { response: {}, status: "ok" },
    ]).toContainEqual(payload);
  });

  test("refuses the channel after the last that is allowed, and the connection lives on", async () => {
    const two = defineSocket({
      channels: [["room:*", RoomChannel]],
      connect: (_, socket) => ok(socket),
      maxChannelsPerTransport: 2,
    });
    client = await connect(runtime, two);
    const lobby = async (topic: string): Promise<unknown> => client.ask(["9", "9", topic, "phx_join", {}]);
    await join("room:plain", "1");
    await join("room:trap", "2");
    assert.deepEqual(await lobby("room:3"), [
      "9",
      "9",
      "room:3",
      "phx_reply",
      { response: { reason: "too many channels joined" }, status: "error" },
    ]);
    // A topic that nobody serves is no channel, and a topic that is joined already takes no more room.
    assert.deepEqual(await lobby("other:3"), unmatched("9", "other:3"));
    assert.deepEqual(await lobby("room:plain"), joinedReply("9", "9", "room:plain"));
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
  });

  test("blocks this connection while join runs, and no other", async () => {
    const openGate = closeGate();
    client.send(["1", "1", "room:gate", "phx_join", {}]);
    client.send([null, "2", "phoenix", "heartbeat", {}]);
    const other = await connect(runtime, roomSocket);
    assert.deepEqual(
      await other.ask([null, "1", "phoenix", "heartbeat", {}]),
      joinedReply(null, "1", "phoenix"),
    );
    assert.deepEqual(client.peer.frames, []);
    openGate();
    assert.deepEqual(await client.next(), joinedReply("1", "1", "room:gate", { slow: true }));
    assert.deepEqual(await client.next(), joinedReply(null, "2", "phoenix"));
  });

  test("a broadcast that is made while join runs is not seen, one made once it has returned comes after the reply", async () => {
    await join("room:plain");
    const other = await connect(runtime, roomSocket);
    const openGate = closeGate();
    other.send(["1", "1", "room:gate", "phx_join", {}]);
    PubSub.broadcast(runtime, PUBSUB, "room:gate", new Broadcast("room:gate", "early", {}));
    openGate();
    assert.deepEqual(await other.next(), joinedReply("1", "1", "room:gate", { slow: true }));
    assert.deepEqual(await other.rest(), []);
  });

  test("a channel whose transport is dead before it is joined ends without a word", async () => {
    const transport = client.down();
    const { socket } = (await sys.getState(runtime, client.pid)) as { readonly socket: Socket };
    runtime.exit(client.pid, "kill");
    await transport;
    const route = routeOf(roomSocket, "room:plain")!;
    const channel = await runtime.start(ChannelServer, new ChannelStart(socket, route, "room:plain", "1"));
    await settle(runtime);
    assert.isFalse(runtime.isAlive(channel));
    assert.deepEqual(terminations, []);
    const { lines } = runtime.logger as TestLogger;
    assert.deepEqual(
      lines.filter((line) => line.includes("ChannelServer")),
      [],
    );
  });

  test("a channel whose transport dies while it joins ends with it", async () => {
    const openGate = closeGate();
    client.send(["1", "1", "room:gate", "phx_join", {}]);
    await settle(runtime);
    const channel = reasonOf(runtime, await client.channelPid());
    runtime.exit(client.pid, "kill");
    openGate();
    assert.equal(await channel, "killed");
  });
});

describe("rule 3, a join of a topic that is joined", () => {
  test("answers the new join first, then closes the old channel, which is ended without a word", async () => {
    await join("room:plain", "1");
    assert.deepEqual(
      await client.ask(["3", "3", "room:plain", "phx_join", {}]),
      joinedReply("3", "3", "room:plain"),
    );
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
    assert.deepEqual(
      await client.ask(["3", "4", "room:plain", "echo", {}]),
      joinedReply("3", "4", "room:plain"),
    );
    assert.deepEqual(terminations, []);
  });

  test("a leave, a push and a join at once: neither of the first two is answered", async () => {
    await join("room:plain", "1");
    // The channel must not have a turn between the three frames, however busy the machine is.
    const isChannel = (pid: Pid): boolean => Object.hasOwn(Object(runtime.info(pid, "label")), "channel");
    const channel = runtime.processes().find(isChannel)!;
    runtime.spawn((self) => {
      self.suspendProcess(channel);
      return self.receive();
    });
    await settle(runtime);
    client.send(["1", "2", "room:plain", "phx_leave", {}]);
    client.send(["1", "3", "room:plain", "echo", {}]);
    client.send(["4", "4", "room:plain", "phx_join", {}]);
    assert.deepEqual(await client.next(), joinedReply("4", "4", "room:plain"));
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
    assert.deepEqual(await client.rest(), []);
  });

  test("what the new channel pushes comes after the old one's end", async () => {
    await client.ask(["1", "1", "room:1", "phx_join", { n: 1 }]);
    assert.deepEqual(await client.next(), [
      "1",
      null,
      "room:1",
      "info",
      { message: ["after_join", { n: 1 }], ref: null },
    ]);
    client.send(["3", "3", "room:1", "phx_join", { n: 2 }]);
    assert.deepEqual(await client.next(), joinedReply("3", "3", "room:1", { topic: "room:1", assigns: {} }));
    assert.deepEqual(await client.next(), ["1", "1", "room:1", "phx_close", {}]);
    assert.deepEqual(await client.next(), [
      "3",
      null,
      "room:1",
      "info",
      { message: ["after_join", { n: 2 }], ref: null },
    ]);
  });

  test("a channel that traps exits and does not end is killed after five seconds", async () => {
    const time = new VirtualClock();
    runtime = await startRuntime({ clock: time });
    client = await connect(runtime, roomSocket);
    await join("room:trap", "1");
    const old = await client.channelPid();
    client.send(["2", "2", "room:trap", "phx_join", {}]);
    await settle(runtime);
    time.advance(4_999);
    await settle(runtime);
    assert.isTrue(runtime.isAlive(old));
    const ended = reasonOf(runtime, old);
    await settle(runtime);
    time.advance(1);
    assert.equal(await ended, "killed");
    // It was told why, as an ExitMessage, and pushed that before it was killed.
    const frames = [await client.next(), await client.next(), await client.next()] as unknown[][];
    expect(frames.map(([joinRef, , , event]) => [joinRef, event])).toEqual([
      ["2", "phx_reply"],
      ["1", "info"],
      ["1", "phx_close"],
    ]);
  });
});

describe("rules 4 to 7", () => {
  test("a leave is answered, then the channel closes with its join_ref, and the topic is free", async () => {
    await join("room:plain");
    assert.deepEqual(
      await client.ask(["1", "5", "room:plain", "phx_leave", {}]),
      joinedReply("1", "5", "room:plain"),
    );
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
    assert.deepEqual(terminations, [{ topic: "room:plain", reason: ["shutdown", "left"], joined: true }]);
    assert.deepEqual(await client.ask(["1", "6", "room:plain", "echo", {}]), unmatched("6", "room:plain"));
    await join("room:plain", "7");
  });

  test("a leave or a push with a join_ref of null is for the channel", async () => {
    await join("room:plain");
    assert.deepEqual(
      await client.ask([null, "4", "room:plain", "echo", {}]),
      joinedReply("1", "4", "room:plain"),
    );
    assert.deepEqual(
      await client.ask([null, "5", "room:plain", "phx_leave", {}]),
      joinedReply("1", "5", "room:plain"),
    );
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_close", {}]);
  });

  test("a leave or a push with another join_ref is not answered: strings and numbers differ", async () => {
    await join("room:plain", "1");
    for (const stale of ["0", 1, false]) {
      client.send([stale, "2", "room:plain", "echo", {}]);
      client.send([stale, "3", "room:plain", "phx_leave", {}]);
    }
    assert.deepEqual(
      await client.ask(["1", "4", "room:plain", "echo", {}]),
      joinedReply("1", "4", "room:plain"),
    );
  });

  test("a leave of a topic that is not joined is confirmed with its own join_ref, and nothing closes", async () => {
    assert.deepEqual(
      await client.ask(["8", "9", "room:x", "phx_leave", {}]),
      joinedReply("8", "9", "room:x"),
    );
    assert.deepEqual(await client.ask([null, 9, "room:x", "phx_leave", {}]), joinedReply(null, 9, "room:x"));
    assert.deepEqual(await client.rest(), []);
  });

  test("anything else to a topic that is not joined is unmatched", async () => {
    for (const topic of ["room:x", "constructor", "__proto__"]) {
      assert.deepEqual(await client.ask(["8", "9", topic, "echo", {}]), unmatched("9", topic));
    }
  });

  test("a join with join_ref null is known by its ref, but closed under null", async () => {
    assert.deepEqual(
      await client.ask([null, "5", "room:plain", "phx_join", {}]),
      joinedReply(null, "5", "room:plain"),
    );
    assert.deepEqual(
      await client.ask([null, "6", "room:plain", "echo", {}]),
      joinedReply("5", "6", "room:plain"),
    );
    client.send([null, "7", "room:plain", "stop", { reason: "normal" }]);
    assert.deepEqual(await client.next(), [null, null, "room:plain", "phx_close", {}]);
  });

  test("binary frames are pushes like any other", async () => {
    await join("room:plain", "3");
    // "3" "4" room:plain echo, then the payload
    const push = Buffer.from([0, 1, 1, 10, 4, ...Buffer.from("34room:plainecho"), 0, 1, 2, 255]);
    assert.deepEqual(
      await client.ask(push),
      Buffer.from([1, 1, 1, 10, 2, ...Buffer.from("34room:plainok"), 0, 1, 2, 255]),
    );
    // Without join_ref and ref, which are empty then.
    const bare = Buffer.from([0, 0, 0, 10, 4, ...Buffer.from("room:plainecho"), 9]);
    assert.deepEqual(
      await client.ask(bare),
      Buffer.from([1, 1, 0, 10, 2, ...Buffer.from("3room:plainok"), 9]),
    );
    const leave = Buffer.from([0, 1, 1, 10, 9, ...Buffer.from("35room:plainphx_leave")]);
    assert.deepEqual(await client.ask(leave), joinedReply("3", "5", "room:plain"));
  });
});

describe("the end of a channel", () => {
  const ends: readonly (readonly [event: string, payload: object, frames: unknown[][]])[] = [
    ["stop", { reason: "normal" }, [["phx_close", {}]]],
    ["stop", { reason: "shutdown" }, [["phx_close", {}]]],
    ["stop", { reason: ["shutdown", "tired"] }, [["phx_close", {}]]],
    ["stop", { reason: "boom" }, [["phx_error", { reason: "channel_crash" }]]],
    [
      "stop_reply",
      {},
      [
        ["phx_reply", { response: { bye: true }, status: "ok" }],
        ["phx_close", {}],
      ],
    ],
    [
      "stop_status",
      {},
      [
        ["phx_reply", { response: {}, status: "bye" }],
        ["phx_close", {}],
      ],
    ],
    ["crash", {}, [["phx_error", { reason: "channel_crash" }]]],
    ["exit", {}, [["phx_error", { reason: "channel_crash" }]]],
    ["wrong", {}, [["phx_error", { reason: "channel_crash" }]]],
    ["unknown", {}, [["phx_error", { reason: "channel_crash" }]]],
  ];
  for (const [event, payload, frames] of ends) {
    test(`${event} ${JSON.stringify(payload)} sends ${frames.map(([name]) => String(name)).join(" and ")}`, async () => {
      await join("room:plain", "1");
      client.send(["1", "2", "room:plain", event, payload]);
      for (const [name, content] of frames) {
        const ref = name === "phx_reply" ? "2" : "1";
        assert.deepEqual(await client.next(), ["1", ref, "room:plain", name, content]);
      }
      assert.deepEqual(await client.rest(), []);
      assert.deepEqual(await client.ask(["1", "3", "room:plain", "echo", {}]), unmatched("3", "room:plain"));
      await join("room:plain", "4");
    });
  }

  test("a killed channel is a crash", async () => {
    await join("room:plain", "1");
    runtime.exit(await client.channelPid(), "kill");
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_error", { reason: "channel_crash" }]);
  });

  test("other channels and their clients do not notice", async () => {
    await join("room:plain", "1");
    await join("room:trap", "2");
    client.send(["1", "3", "room:plain", "crash", {}]);
    assert.deepEqual(await client.next(), ["1", "1", "room:plain", "phx_error", { reason: "channel_crash" }]);
    assert.deepEqual(
      await client.ask(["2", "4", "room:trap", "echo", {}]),
      joinedReply("2", "4", "room:trap"),
    );
  });
});

describe("the end of the transport process", () => {
  async function channelEnds(end: () => void): Promise<unknown> {
    await join("room:plain");
    const channel = reasonOf(runtime, await client.channelPid());
    end();
    return channel;
  }

  test("the client is gone: its channels close", async () => {
    assert.deepEqual(await channelEnds(() => runtime.send(client.pid, new ClientGone())), [
      "shutdown",
      "closed",
    ]);
    assert.deepEqual(terminations, [{ topic: "room:plain", reason: ["shutdown", "closed"], joined: true }]);
  });

  test("frames that came before the client went are still handled", async () => {
    const transport = client.down();
    client.send([null, "3", "phoenix", "heartbeat", {}]);
    runtime.send(client.pid, new ClientGone());
    client.send([null, "4", "phoenix", "heartbeat", {}]);
    assert.equal(await transport, "normal");
    assert.deepEqual(client.peer.frames, ['[null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]']);
  });

  test("a drain tells it to restart", async () => {
    const transport = client.down();
    assert.deepEqual(await channelEnds(() => runtime.send(client.pid, new SocketDrain())), [
      "shutdown",
      "restart",
    ]);
    assert.deepEqual(await transport, ["shutdown", "restart"]);
  });

  test("a channel that is told to drain takes its transport along", async () => {
    await join("room:plain");
    const transport = client.down();
    runtime.send(await client.channelPid(), new Broadcast("room:plain", "phx_drain", {}));
    assert.deepEqual(await transport, ["shutdown", "restart"]);
  });

  test("a disconnect on the id of the socket ends it, other events and other ids do not", async () => {
    client = await connect(runtime, roomSocket, { id: "user:1" });
    const other = await connect(runtime, roomSocket, { id: "user:2" });
    PubSub.broadcast(runtime, PUBSUB, "user:1", new Broadcast("user:1", "hello", {}));
    assert.deepEqual(await client.rest(), []);
    const transport = client.down();
    const channel = await channelEnds(() => {
      PubSub.broadcast(runtime, PUBSUB, "user:1", new Broadcast("user:1", "disconnect", {}));
    });
    assert.deepEqual(channel, ["shutdown", "disconnected"]);
    assert.deepEqual(await transport, ["shutdown", "disconnected"]);
    assert.deepEqual(await other.rest(), []);
  });

  for (const frame of ["nonsense", "", "[1,2]", Buffer.of(9)]) {
    test(`a frame that is none crashes it: ${JSON.stringify(frame)}`, async () => {
      const transport = client.down();
      const channel = await channelEnds(() => client.send(frame));
      assert.equal((channel as { code?: string }).code, "ROOKERY_FRAME_MALFORMED");
      assert.equal(((await transport) as { code?: string }).code, "ROOKERY_FRAME_MALFORMED");
    });
  }

  test("messages it does not know are ignored", async () => {
    for (const message of ["garbage_collect", { any: "thing" }, 7]) runtime.send(client.pid, message);
    assert.deepEqual(await client.rest(), []);
  });
});

describe("the idle timeout", () => {
  async function idle(): Promise<VirtualClock> {
    const time = new VirtualClock();
    runtime = await startRuntime({ clock: time });
    client = await connect(runtime, roomSocket, { idleTimeoutMs: 2_000 });
    return time;
  }

  /** Lets time go by in steps, and the process handle what became due. */
  async function pass(time: VirtualClock, ms: number, step = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      time.advance(step);
      await settle(runtime);
    }
  }

  test("ends the connection of a client that sends nothing", async () => {
    const time = await idle();
    const transport = client.down();
    await pass(time, 1_900);
    assert.isTrue(runtime.isAlive(client.pid));
    await pass(time, 100);
    assert.deepEqual(await transport, ["shutdown", "inactive"]);
  });

  test("does not run while nothing is read from the client, because its frames have not been handled yet", async () => {
    const time = await idle();
    client.peer.isPaused = true;
    await pass(time, 10_000);
    assert.isTrue(runtime.isAlive(client.pid));
    client.peer.isPaused = false;
    const transport = client.down();
    await pass(time, 2_500);
    assert.deepEqual(await transport, ["shutdown", "inactive"]);
  });

  test("begins again with each byte of the client, and not with what it is sent", async () => {
    const time = await idle();
    await pass(time, 1_900);
    client.peer.bytesRead += 1;
    await pass(time, 1_900);
    assert.isTrue(runtime.isAlive(client.pid));
    const transport = client.down();
    await pass(time, 700);
    assert.deepEqual(await transport, ["shutdown", "inactive"]);
  });
});

test("routes are tried in their order, and observers see which channel it is", async () => {
  class Lobby extends RoomChannel {}
  const lobby: ChannelClass = Lobby;
  const definition = defineSocket({
    channels: [
      ["room:lobby", lobby],
      ["room:*", RoomChannel],
    ],
    connect: (_, socket) => ok(socket),
  });
  client = await connect(runtime, definition);
  await client.ask(["1", "1", "room:lobby", "phx_join", {}]);
  const [child] = await DynamicSupervisor.whichChildren(runtime, channelsSupervisor(SOCKETS));
  assert.deepEqual(runtime.info(child!.pid as never)?.label, { channel: "Lobby", topic: "room:lobby" });
});
