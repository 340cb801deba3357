import { afterEach, assert, beforeEach, describe, test } from "vitest";
import {
  broadcastTo,
  Channel,
  defineSocket,
  type HandleInMap,
  type JoinReturn,
  noReply,
  ok,
  PubSub,
  replyTo,
  type Socket,
  type SocketRef,
  socketRef,
} from "../../channels/index.ts";
import { socketSupervisor } from "../../channels/socket-supervisor.ts";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { simulate, type Simulation } from "../../runtime/testing.ts";
import { Supervisor } from "../../supervisors/index.ts";
import { roomSocket } from "./room-channel.ts";
import { connect, PUBSUB, SOCKETS, type TestConnection, TestLogger } from "./test-connection.ts";

const TOPIC = "room:plain";

/** Has another process answer. */
class Delegating extends Channel {
  static answerer: Pid;

  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }

  handleIn: HandleInMap = {
    ask: (payload, socket) => {
      this.self.send(Delegating.answerer, { ref: socketRef(socket), payload });
      return noReply(socket);
    },
  };
}

const delegatingSocket = defineSocket({
  channels: [["*", Delegating]],
  connect: (_, socket) => ok(socket),
});

let simulation: Simulation;
let clients: TestConnection[];

/** One client on each of two shards, of the same user, in the same topic; and on the first one more, of another user. */
beforeEach(async () => {
  simulation = await simulate({ seed: 1, shards: 2, logger: new TestLogger() });
  const [here, there] = simulation.runtimes as [Runtime, Runtime];
  for (const runtime of [here, there]) {
    const children = [
      { id: "pubsub", name: PUBSUB, nameScope: "shard", start: [PubSub, {}] } as const,
      socketSupervisor(SOCKETS),
    ];
    await settled(runtime.start(Supervisor, { strategy: "one_for_one", children }));
  }
  clients = [
    await settled(connect(here, roomSocket, { id: "user:1" })),
    await settled(connect(there, roomSocket, { id: "user:1" })),
    await settled(connect(here, roomSocket, { id: "user:2" })),
  ];
  for (const client of clients) client.send(["1", "1", TOPIC, "phx_join", {}]);
  await simulation.settle();
  assert.deepEqual(
    frames(),
    clients.map(() => [["1", "1", TOPIC, "phx_reply", { response: {}, status: "ok" }]]),
  );
});

afterEach(() => simulation[Symbol.asyncDispose]());

/** What a promise resolves with that only goes on while the simulation does. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  await simulation.settle();
  return promise;
}

/** What each client was sent since it was asked last. */
function frames(): unknown[][] {
  return clients.map(({ peer }) =>
    peer.frames.splice(0).map((frame) => JSON.parse(frame as string) as unknown),
  );
}

async function heard(): Promise<unknown[]> {
  await simulation.settle();
  return frames().map((sent) => sent.map((frame) => (frame as unknown[])[3]));
}

describe("on two shards", () => {
  test("a disconnect closes all sockets that have the id, on whatever shard, and no other", async () => {
    const ended = clients.slice(0, 2).map((client) => client.down());
    await simulation.settle();
    broadcastTo(simulation.runtimes[1]!, PUBSUB, "user:1", "disconnect", {});
    await simulation.settle();
    for (const down of ended) assert.deepEqual(await down, ["shutdown", "disconnected"]);
    assert.deepEqual(
      clients.map((client) => client.runtime.isAlive(client.pid)),
      [false, false, true],
    );
  });

  test("a broadcast of a channel reaches everybody, broadcastFrom everybody else", async () => {
    clients[0]!.send(["1", "2", TOPIC, "shout", {}]);
    assert.deepEqual(await heard(), [["shout", "phx_reply"], ["shout"], ["shout"]]);
    clients[1]!.send(["1", "2", TOPIC, "whisper", {}]);
    assert.deepEqual(await heard(), [["whisper"], [], ["whisper"]]);
  });

  test("broadcastTo reaches everybody, or those of one shard, or all but one channel", async () => {
    const [here] = simulation.runtimes as [Runtime];
    const channels = here
      .processes()
      .filter((pid) => Object.hasOwn(Object(here.info(pid, "label")), "channel"));
    assert.equal(channels.length, 2);
    const [except] = channels;
    broadcastTo(here, PUBSUB, TOPIC, "all", {});
    broadcastTo(here, PUBSUB, TOPIC, "local", {}, { local: true });
    broadcastTo(here, PUBSUB, TOPIC, "others", {}, { except });
    broadcastTo(here, PUBSUB, TOPIC, "other local", {}, { except, local: true });
    const [first, second, third] = (await heard()) as [string[], string[], string[]];
    assert.deepEqual(second, ["all", "others"]);
    assert.deepEqual(
      [first, third].toSorted((a, b) => a.length - b.length),
      [
        ["all", "local"],
        ["all", "local", "others", "other local"],
      ],
    );
  });

  test("a push is answered from another shard, with the socketRef that came there in a message", async () => {
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const answerer = there.spawn(async (self) => {
      for (;;) {
        const { ref, payload } = (await self.receive()) as { ref: SocketRef; payload: object };
        replyTo(ref, "ok", payload);
      }
    });
    Delegating.answerer = answerer;
    await simulation.settle();
    const client = await settled(connect(here, delegatingSocket));
    clients = [client];
    client.send(["1", "1", TOPIC, "phx_join", {}]);
    client.send(["1", "2", TOPIC, "ask", { a: [1] }]);
    client.send(["1", "3", TOPIC, "ask", ["text"]]);
    await simulation.settle();
    const reply = (ref: string, response: unknown): unknown[] => [
      "1",
      ref,
      TOPIC,
      "phx_reply",
      { response, status: "ok" },
    ];
    assert.deepEqual(frames(), [[reply("1", {}), reply("2", { a: [1] }), reply("3", ["text"])]]);
    // A copy comes, and what JSON has no form for: the caller can't be told any more, the connection lives on.
    there.send(answerer, {
      ref: { transportPid: client.pid, topic: TOPIC, ref: "4", joinRef: "1" },
      payload: { n: 1n },
    });
    client.send([null, "5", "phoenix", "heartbeat", {}]);
    await simulation.settle();
    assert.deepEqual(frames(), [[[null, "5", "phoenix", "phx_reply", { response: {}, status: "ok" }]]]);
    assert.include((here.logger as TestLogger).lines, "error A reply of another shard can't be encoded");
  });

  test("an intercepted broadcast goes through handleOut on each", async () => {
    clients[0]!.send(["1", "2", TOPIC, "intercept", { a: 1 }]);
    await simulation.settle();
    const pushed = ["1", null, TOPIC, "intercepted", { a: 1 }];
    assert.deepEqual(frames(), [[pushed], [pushed], [pushed]]);
  });
});
