import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import {
  Channel,
  defineChannel,
  defineContract,
  defineSocket,
  type HandleInMap,
  type HandleReturn,
  type JoinReturn,
  noReply,
  ok,
  PubSub,
  push,
  reply,
  type Socket,
} from "../../channels/index.ts";
import type { ChannelClass } from "../../channels/channel.ts";
import { broadcastTo } from "../../channels/broadcast.ts";
import { type Pid, type Runtime, sys } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import { connect, PUBSUB, reasonOf, startRuntime, type TestConnection } from "./test-connection.ts";

let clock: VirtualClock;
let runtime: Runtime;
let client: TestConnection;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await startRuntime({ clock });
});

afterEach(() => runtime.shutdown());

class PlainChannel extends Channel {
  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn | Promise<JoinReturn> {
    return ok(socket);
  }

  handleIn: HandleInMap = {
    echo: (payload, socket) => reply("ok", payload, socket),
    rest: (_, socket) => noReply(socket, { hibernate: true }),
  };
}

async function joined(channel: ChannelClass, topic = "room:1"): Promise<Pid> {
  client = await connect(
    runtime,
    defineSocket({ channels: [["*", channel]], connect: (_, socket) => ok(socket) }),
  );
  await client.ask(["1", "1", topic, "phx_join", {}]);
  return client.channelPid();
}

/** Sends a burst, which makes room in the mailbox that stays. */
async function burst(): Promise<void> {
  for (let n = 0; n < 100; n += 1) client.send(["1", "2", "room:1", "echo", {}]);
  await client.rest();
}

const roomOf = (pid: Pid): number => runtime.info(pid)!.mailboxSlots;

describe("hibernation", () => {
  test("a channel that returns hibernate gives back what it needs only while it works, and goes on with the next push", async () => {
    const pid = await joined(PlainChannel);
    await burst();
    const before = roomOf(pid);
    client.send(["1", "3", "room:1", "rest", {}]);
    await client.rest();
    assert.isBelow(roomOf(pid), before);
    assert.deepEqual(await client.ask(["1", "4", "room:1", "echo", { a: 1 }]), [
      "1",
      "4",
      "room:1",
      "phx_reply",
      { response: { a: 1 }, status: "ok" },
    ]);
  });

  test("hibernateAfterMs does so after so long without a message", async () => {
    class RestingChannel extends PlainChannel {
      static override readonly hibernateAfterMs = 15_000;
    }
    const pid = await joined(RestingChannel);
    await burst();
    const before = roomOf(pid);
    clock.advance(14_999);
    await settle(runtime);
    assert.equal(roomOf(pid), before);
    clock.advance(1);
    await settle(runtime);
    assert.isBelow(roomOf(pid), before);
  });
});

describe("joinTimeoutMs", () => {
  class HangingChannel extends PlainChannel {
    static override readonly joinTimeoutMs = 2_000;
    override join(topic: string, _payload: unknown, socket: Socket): JoinReturn | Promise<JoinReturn> {
      return topic === "room:hang" ? new Promise(() => {}) : ok(socket);
    }
  }

  test("a join that takes longer is killed and refused, and the connection goes on", async () => {
    await joined(HangingChannel);
    client.send(["2", "2", "room:hang", "phx_join", {}]);
    client.send([null, "3", "phoenix", "heartbeat", {}]);
    await settle(runtime);
    const ended = reasonOf(runtime, await client.channelPid());
    await settle(runtime);
    clock.advance(1_999);
    assert.deepEqual(await client.rest(), []);
    clock.advance(1);
    assert.deepEqual(await client.rest(), [
      ["2", "2", "room:hang", "phx_reply", { response: { reason: "join timeout" }, status: "error" }],
      [null, "3", "phoenix", "phx_reply", { response: {}, status: "ok" }],
    ]);
    assert.equal(await ended, "killed");
  });
});

describe("shutdownMs", () => {
  class SlowlyEndingChannel extends PlainChannel {
    static override readonly shutdownMs = 300;
    override join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
      this.self.trapExit(true);
      return ok(socket);
    }
    override terminate(): Promise<void> {
      return new Promise(() => {});
    }
  }

  test("is how long a channel may take to end with the server, then it is killed", async () => {
    const ended = reasonOf(runtime, await joined(SlowlyEndingChannel));
    await settle(runtime);
    const stopped = runtime.stop("test", "shutdown");
    await settle(runtime);
    clock.advance(299);
    await settle(runtime);
    const other = Promise.race([ended, Promise.resolve("lives")]);
    assert.equal(await other, "lives");
    clock.advance(1);
    assert.equal(await ended, "killed");
    await stopped;
  });
});

describe("further topics", () => {
  /** Hears of what goes on in two topics, and tells its client of the other one by itself. */
  class FollowingChannel extends Channel {
    join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
      PubSub.subscribe(this.self, socket.pubsub, "news");
      return ok(socket);
    }

    override handleInfo(message: unknown, socket: Socket): HandleReturn {
      push(socket, "seen", { message: message as object });
      return noReply(socket);
    }
  }

  test("a broadcast on a topic that a channel has subscribed to itself comes to its handleInfo, with topic and event", async () => {
    await joined(FollowingChannel);
    broadcastTo(runtime, PUBSUB, "news", "headline", { n: 1 });
    const seen = { message: { topic: "news", event: "headline", payload: { n: 1 } } };
    assert.deepEqual(await client.next(), ["1", null, "room:1", "seen", seen]);
    broadcastTo(runtime, PUBSUB, "room:1", "headline", { n: 2 });
    assert.deepEqual(await client.next(), [null, null, "room:1", "headline", { n: 2 }]);
    assert.deepEqual(await client.rest(), []);
  });
});

test("sys looks into a channel: its state is the socket", async () => {
  const socket = (await sys.getState(runtime, await joined(PlainChannel))) as Socket;
  assert.deepEqual([socket.topic, socket.joined, socket.ref], ["room:1", true, null]);
});

describe("codeChange", () => {
  class UpgradedChannel extends PlainChannel {
    override codeChange(oldVersion: unknown, socket: Socket, extra: unknown): ReturnType<typeof ok> {
      if (extra === "fail") throw new Error("failed");
      if (extra === "wrong") return { socket: 7 } as never;
      return ok(socket.assign({ from: oldVersion, extra }));
    }
  }

  async function changed(pid: Pid, extra: unknown): Promise<unknown> {
    await sys.suspend(runtime, pid);
    try {
      return await sys.changeCode(runtime, pid, { oldVersion: 1, extra });
    } catch (error) {
      return (error as { cause: { message: string } }).cause.message;
    } finally {
      await sys.resume(runtime, pid);
    }
  }

  test("makes the socket with which a channel goes on", async () => {
    const pid = await joined(UpgradedChannel);
    assert.equal(await changed(pid, "more"), "ok");
    const socket = (await sys.getState(runtime, pid)) as Socket;
    assert.deepEqual(
      [socket.assigns, socket.joined, socket.topic],
      [{ from: 1, extra: "more" }, true, "room:1"],
    );
    assert.equal(((await client.ask(["1", "2", "room:1", "echo", {}])) as unknown[])[3], "phx_reply");
  });

  test("may be a callback of a channel with a contract", async () => {
    const channel = defineChannel(defineContract({}), {
      join: (_topic, _params, socket) => ok(socket),
      codeChange: (_oldVersion, socket, extra) => ok(socket.assign({ extra })),
    });
    const pid = await joined(channel);
    assert.equal(await changed(pid, "more"), "ok");
    assert.deepEqual(((await sys.getState(runtime, pid)) as Socket).assigns, { extra: "more" });
  });

  test("that fails leaves the socket as it was", async () => {
    const pid = await joined(UpgradedChannel);
    assert.equal(await changed(pid, "fail"), "failed");
    assert.match(
      String(await changed(pid, "wrong")),
      /Expected UpgradedChannel.codeChange to return one of:\n {4}ok\(socket\)/,
    );
    assert.deepEqual(((await sys.getState(runtime, pid)) as Socket).assigns, {});
  });

  test("is not needed", async () => {
    const pid = await joined(PlainChannel);
    assert.equal(await changed(pid, undefined), "ok");
    assert.equal(((await client.ask(["1", "2", "room:1", "echo", {}])) as unknown[])[3], "phx_reply");
  });
});

test("what a class says of its processes is checked when the socket is defined", () => {
  for (const wrong of [
    { hibernateAfterMs: -1 },
    { shutdownMs: "5" },
    { joinTimeoutMs: Number.NaN },
    { logJoin: "loud" },
    { logHandleIn: true },
  ]) {
    class WrongChannel extends PlainChannel {}
    Object.assign(WrongChannel, wrong);
    expect(() =>
      defineSocket({ channels: [["*", WrongChannel]], connect: (_, socket) => ok(socket) }),
    ).toThrow(expect.objectContaining({ code: "ROOKERY_SOCKET_OPTION" }));
  }
});
