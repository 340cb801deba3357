import { type Channel as ClientChannel, type Push, Socket as Client } from "phoenix";
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import {
  Channel,
  defineSocket,
  type HandleInMap,
  type JoinReturn,
  ok,
  reply,
  type Socket,
  type SocketLimits,
} from "../../channels/index.ts";
import { TestServer } from "./websocket-server.ts";

/** What Phoenix's client does by its timers, and a server has to put up with. */

/** Whatever waits goes on when it is opened. */
let gate: PromiseWithResolvers<void>;
/** The reasons of channels that ended, and the joins and events that came, oldest first. */
let seen: string[];

class SlowChannel extends Channel {
  async join(topic: string, _payload: unknown, socket: Socket): Promise<JoinReturn> {
    seen.push(`join ${topic}`);
    if (topic === "slow:join") await gate.promise;
    return ok(socket);
  }

  handleIn: HandleInMap = {
    count: (payload, socket) => {
      seen.push(`count ${(payload as { n: number }).n}`);
      return reply("ok", socket);
    },
    slow: async (_, socket) => {
      await gate.promise;
      return reply("ok", { late: true }, socket);
    },
  };
}

let server: TestServer;
let client: Client;

beforeEach(() => {
  gate = Promise.withResolvers();
  seen = [];
});

afterEach(async () => {
  gate.resolve();
  client.disconnect();
  await server[Symbol.asyncDispose]();
});

async function connected(limits: SocketLimits = {}): Promise<void> {
  const definition = defineSocket({
    channels: [["slow:*", SlowChannel]],
    connect: (_, socket) => ok(socket),
    limits,
  });
  server = await TestServer.start({}, definition);
  client = new Client(`ws://127.0.0.1:${server.port}/socket`, {
    transport: WebSocket,
    reconnectAfterMs: () => 5,
    rejoinAfterMs: () => 5,
  });
  const open = new Promise<void>((resolve) => client.onOpen(resolve));
  client.connect();
  await open;
}

function answer(push: Push): Promise<[status: string, response: unknown]> {
  return new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout"])
      push.receive(status, (response) => resolve([status, response]));
  });
}

async function joined(topic: string): Promise<ClientChannel> {
  const channel = client.channel(topic);
  assert.equal((await answer(channel.join()))[0], "ok");
  return channel;
}

describe("the unmodified client", () => {
  test("that gives up a join, leaves and joins again, is in when the server is through with all that", async () => {
    await connected();
    const channel = client.channel("slow:join");
    assert.equal((await answer(channel.join(30)))[0], "timeout");
    gate.resolve();
    await expect.poll(() => channel.state).toBe("joined");
    assert.isAtLeast(seen.length, 2);
    assert.equal((await answer(channel.push("count", { n: 1 })))[0], "ok");
  });

  test("ignores an answer that comes after it has given up a push", async () => {
    await connected();
    const channel = await joined("slow:1");
    const push = channel.push("slow", {}, 20);
    const answers: string[] = [];
    for (const status of ["ok", "error", "timeout"]) push.receive(status, () => answers.push(status));
    await expect.poll(() => answers).toEqual(["timeout"]);
    gate.resolve();
    assert.equal((await answer(channel.push("count", { n: 1 })))[0], "ok");
    assert.deepEqual(answers, ["timeout"]);
    assert.equal(channel.state, "joined");
  });

  test("keeps pushes until it is in, then they come in their order", async () => {
    await connected();
    const channel = client.channel("slow:join");
    channel.join();
    const pushes = [1, 2, 3].map((n) => answer(channel.push("count", { n })));
    await expect.poll(() => seen).toEqual(["join slow:join"]);
    gate.resolve();
    await Promise.all(pushes);
    assert.deepEqual(seen, ["join slow:join", "count 1", "count 2", "count 3"]);
  });

  test("measures how long the way there and back takes", async () => {
    await connected();
    const latencyMs = await new Promise<number>((resolve) => void client.ping(resolve));
    assert.isAtLeast(latencyMs, 0);
  });

  test("that joins more topics at once than it may is in all of them a little later", async () => {
    await connected({ joinsPerSecond: 20, joinBurst: 1 });
    const channels = ["slow:1", "slow:2", "slow:3"].map((topic) => client.channel(topic));
    const [first] = channels.map((channel) => answer(channel.join()));
    assert.equal((await first!)[0], "ok");
    await expect.poll(() => channels.map(({ state }) => state)).toEqual(["joined", "joined", "joined"]);
    assert.deepEqual(seen.toSorted(), ["join slow:1", "join slow:2", "join slow:3"]);
  });

  test("that pushes more than it may is told when to try again", async () => {
    await connected({ eventsPerSecond: 0.001 });
    const channel = await joined("slow:1");
    assert.equal((await answer(channel.push("count", { n: 1 })))[0], "ok");
    const [status, response] = await answer(channel.push("count", { n: 2 }));
    assert.equal(status, "error");
    expect(response).toEqual({ reason: "rate limited", retry_after_ms: expect.any(Number) });
    assert.deepEqual(seen, ["join slow:1", "count 1"]);
  });
});
