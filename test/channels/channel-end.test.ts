import { afterEach, assert, beforeEach, describe, test } from "vitest";
import {
  broadcast,
  Channel,
  defineSocket,
  type HandleCallReturn,
  type HandleInMap,
  type HandleReturn,
  type JoinReturn,
  ok,
  push,
  type Socket,
  stop,
} from "../../channels/index.ts";
import { broadcastTo } from "../../channels/broadcast.ts";
import type { From, Pid, Runtime } from "../../runtime/index.ts";
import { connect, PUBSUB, startRuntime, type TestConnection } from "./test-connection.ts";

const TOPIC = "room:1";

interface EndingContract {
  readonly in: { readonly [event: string]: { readonly reason?: unknown } };
}

/** Stops from whatever callback it is told to, and says goodbye to its client and to the others. */
class EndingChannel extends Channel<EndingContract> {
  static override readonly intercept: readonly string[] = ["end"];

  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }

  readonly handleIn: HandleInMap<EndingContract> = {
    stop: ({ reason }, socket) => stop(reason, socket),
    stop_later: async ({ reason }, socket) => {
      await Promise.resolve();
      return stop(reason, ["ok", { late: true }], socket);
    },
  };

  override handleOut(_event: string, { reason }: { reason?: unknown }, socket: Socket): HandleReturn {
    return stop(reason, socket);
  }

  override handleInfo(reason: unknown, socket: Socket): HandleReturn {
    return stop(reason, socket);
  }

  override handleCall(reason: unknown, _from: From, socket: Socket): HandleCallReturn {
    return stop(reason, socket);
  }

  override handleCast(reason: unknown, socket: Socket): HandleReturn {
    return stop(reason, socket);
  }

  override async terminate(reason: unknown, socket: Socket): Promise<void> {
    await Promise.resolve();
    push(socket, "bye", {});
    broadcast(socket, "gone", { reason: String(reason) });
  }
}

let runtime: Runtime;
let client: TestConnection;
let other: TestConnection;
let channel: Pid;

beforeEach(async () => {
  runtime = await startRuntime();
  const definition = defineSocket({
    channels: [["room:*", EndingChannel]],
    connect: (_, socket) => ok(socket),
  });
  other = await connect(runtime, definition);
  await other.ask(["9", "9", TOPIC, "phx_join", {}]);
  client = await connect(runtime, definition);
  await client.ask(["1", "1", TOPIC, "phx_join", {}]);
  channel = await client.channelPid();
});

afterEach(() => runtime.shutdown());

const closed = ["1", "1", TOPIC, "phx_close", {}];
const crashed = ["1", "1", TOPIC, "phx_error", { reason: "channel_crash" }];
const reasons: readonly (readonly [reason: unknown, frame: unknown[]])[] = [
  ["normal", closed],
  ["shutdown", closed],
  [["shutdown", "tired"], closed],
  ["tired", crashed],
  [["tired", "shutdown"], crashed],
  ["kill", crashed],
];

const ways: Readonly<Record<string, (reason: unknown) => void>> = {
  handleIn: (reason) => client.send(["1", "2", TOPIC, "stop", { reason }]),
  handleInfo: (reason) => runtime.send(channel, reason),
  handleCast: (reason) => runtime.cast(channel, reason),
  handleCall: (reason) => void runtime.call(channel, reason).catch(() => {}),
};

describe("a stop", () => {
  for (const [way, end] of Object.entries(ways)) {
    for (const [reason, frame] of reasons) {
      test(`from ${way} with ${JSON.stringify(reason)} tells the client ${String(frame[3])}, once`, async () => {
        end(reason);
        const frames = (await client.rest()) as unknown[][];
        assert.deepEqual(
          frames.filter(([, , , event]) => String(event).startsWith("phx_")),
          [frame],
        );
        assert.isFalse(runtime.isAlive(channel));
        // The topic is free.
        assert.deepEqual(await client.ask(["5", "5", TOPIC, "phx_join", {}]), [
          "5",
          "5",
          TOPIC,
          "phx_reply",
          { response: {}, status: "ok" },
        ]);
      });
    }
  }

  test("from handleOut ends every channel that gets the broadcast", async () => {
    broadcastTo(runtime, PUBSUB, TOPIC, "end", { reason: "normal" });
    const events = async (connection: TestConnection): Promise<unknown[]> =>
      ((await connection.rest()) as unknown[][]).map(([, , , event]) => event);
    assert.include(await events(client), "phx_close");
    assert.include(await events(other), "phx_close");
  });

  test("after an await answers first", async () => {
    client.send(["1", "2", TOPIC, "stop_later", { reason: "normal" }]);
    const [reply, close] = (await client.rest()) as [unknown, unknown];
    assert.deepEqual(reply, ["1", "2", TOPIC, "phx_reply", { response: { late: true }, status: "ok" }]);
    assert.deepEqual(close, closed);
  });
});

describe("terminate", () => {
  test("may push and broadcast, also after an await, and whatever the reason", async () => {
    for (const reason of ["normal", "tired"]) {
      client.send(["1", "2", TOPIC, "stop", { reason }]);
      const events = ((await client.rest()) as unknown[][]).map(([, , , event]) => event);
      assert.includeMembers(events, ["bye", "gone"]);
      assert.deepEqual(await other.rest(), [[null, null, TOPIC, "gone", { reason }]]);
      await client.ask(["1", "1", TOPIC, "phx_join", {}]);
    }
  });

  test("broadcasts to the others when the client is gone", async () => {
    runtime.exit(client.pid, ["shutdown", "disconnected"]);
    assert.deepEqual(await other.rest(), [[null, null, TOPIC, "gone", { reason: "shutdown,disconnected" }]]);
  });
});
