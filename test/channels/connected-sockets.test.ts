import { afterEach, assert, beforeEach, describe, test } from "vitest";
import { listChannels, listSockets } from "../../channels/index.ts";
import { ExitError, type Runtime } from "../../runtime/index.ts";
import { roomSocket } from "./room-channel.ts";
import { connect, startRuntime } from "./test-connection.ts";

let runtime: Runtime;

beforeEach(async () => {
  runtime = await startRuntime();
});

afterEach(() => runtime.shutdown());

describe("listSockets", () => {
  test("lists connections, with what they are called, as long as they are there", async () => {
    const first = await connect(runtime, roomSocket, { id: "user:1" });
    const second = await connect(runtime, roomSocket);
    assert.deepEqual(listSockets(runtime), [
      { pid: first.pid, socket: "RoomSocket", id: "user:1" },
      { pid: second.pid, socket: "RoomSocket", id: undefined },
    ]);
    runtime.exit(first.pid, "kill");
    assert.deepEqual(
      listSockets(runtime).map(({ pid }) => pid),
      [second.pid],
    );
  });
});

describe("listChannels", () => {
  test("lists the topics of a connection, with their processes", async () => {
    const client = await connect(runtime, roomSocket);
    assert.deepEqual(await listChannels(runtime, client.pid), []);
    await client.ask(["1", "1", "room:plain", "phx_join", {}]);
    await client.ask(["2", "2", "bare:1", "phx_join", {}]);
    const [plain, bare] = await listChannels(runtime, client.pid);
    assert.deepEqual([plain!.topic, bare!.topic], ["room:plain", "bare:1"]);
    assert.deepEqual(await runtime.call(plain!.pid, "who"), ["who", "room:plain"]);
    runtime.exit(bare!.pid, "kill");
    await client.next();
    assert.deepEqual(await listChannels(runtime, client.pid), [plain!]);
  });

  test("fails for a connection that is gone", async () => {
    const { pid } = await connect(runtime, roomSocket);
    runtime.exit(pid, "kill");
    const failure = await listChannels(runtime, pid).catch((error: unknown) => error);
    assert.instanceOf(failure, ExitError);
  });
});
