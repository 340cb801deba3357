import { Socket as PhoenixSocket } from "phoenix";
import { afterEach, assert, beforeEach, describe, expect, test } from "vitest";
import {
  Channel,
  defineSocket,
  error,
  type HandleInMap,
  type JoinReturn,
  ok,
  reply,
  Socket,
  type SocketDefinition,
  type SocketOptions,
} from "../../channels/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import { connect, startRuntime, type TestConnection, type TestLogger } from "./test-connection.ts";
import { TestServer } from "./websocket-server.ts";

interface ExpiringContract {
  readonly in: { readonly [event: string]: { readonly at?: number } };
}

let terminations: unknown[] = [];

/** Takes a new end for its client's connection, at a join or later. */
class ExpiringChannel extends Channel<ExpiringContract> {
  join(_topic: string, payload: unknown, socket: Socket): JoinReturn {
    const { at } = payload as { at?: number };
    return ok(at === undefined ? socket : socket.expireAt(at));
  }

  handleIn: HandleInMap<ExpiringContract> = {
    access_token: ({ at }, socket) => reply("ok", socket.expireAt(at!)),
    echo: (payload, socket) => reply("ok", payload, socket),
  };

  override terminate(reason: unknown): void {
    terminations.push(reason);
  }
}

type Renew = NonNullable<SocketOptions<Record<string, unknown>>["renew"]>;

function socketWith(renew?: Renew): SocketDefinition {
  return defineSocket({
    channels: [["room:*", ExpiringChannel]],
    connect: (_, socket) => ok(socket),
    ...(renew === undefined ? {} : { renew }),
  });
}

let clock: VirtualClock;
let runtime: Runtime;
let client: TestConnection;

beforeEach(async () => {
  terminations = [];
  clock = new VirtualClock();
  runtime = await startRuntime({ clock });
});

afterEach(() => runtime.shutdown());

/** A client that is in a channel, and whose connection ends in so many milliseconds. */
async function connected(leftMs: number | undefined, renew?: Renew): Promise<void> {
  client = await connect(
    runtime,
    socketWith(renew),
    leftMs === undefined ? {} : { expiresAtMs: clock.systemTimeMs() + leftMs },
  );
  await client.ask(["1", "1", "room:1", "phx_join", {}]);
}

/** Lets time go by in steps. */
async function pass(ms: number, step = 10_000): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    clock.advance(Math.min(step, left));
    await settle(runtime);
  }
}

describe("a connection that expires", () => {
  test("is closed at that time, not before, and its channels with it", async () => {
    await connected(150_000);
    const ended = client.down();
    await pass(149_999);
    assert.isTrue(runtime.isAlive(client.pid));
    await pass(1);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
    assert.deepEqual(terminations, [["shutdown", "expired"]]);
  });

  test("is closed at once if the time is over already", async () => {
    client = await connect(runtime, socketWith(), { expiresAtMs: clock.systemTimeMs() - 1 });
    const ended = client.down();
    await pass(1);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
  });

  for (const leftMs of [undefined, Number.POSITIVE_INFINITY]) {
    test(`never ends with an expiry of ${leftMs}`, async () => {
      await connected(leftMs);
      await pass(100_000_000, 10_000_000);
      assert.isTrue(runtime.isAlive(client.pid));
    });
  }

  test("needs a number", () => {
    const socket = new Socket({} as never, undefined, {});
    for (const wrong of [undefined, "1", Number.NaN, new Date(0)]) {
      expect(() => socket.expireAt(wrong as number)).toThrow(
        expect.objectContaining({ code: "ROOKERY_EXPIRY" }),
      );
    }
  });
});

describe("a channel", () => {
  test("gives its client more time, or less, in handleIn", async () => {
    await connected(10_000);
    const startMs = clock.systemTimeMs();
    await client.ask(["1", "2", "room:1", "access_token", { at: startMs + 30_000 }]);
    await pass(29_000, 1_000);
    assert.isTrue(runtime.isAlive(client.pid));
    const ended = client.down();
    await client.ask(["1", "3", "room:1", "access_token", { at: startMs + 29_500 }]);
    await pass(500);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
  });

  test("gives it in join", async () => {
    await connected(undefined);
    const ended = client.down();
    await client.ask(["2", "2", "room:2", "phx_join", { at: clock.systemTimeMs() + 1_000 }]);
    await pass(999);
    assert.isTrue(runtime.isAlive(client.pid));
    await pass(1);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
  });
});

describe("renew", () => {
  test("lets the client stay, with the socket that it returns, until the next time", async () => {
    const asked: unknown[] = [];
    const renew: Renew = async (socket) => {
      asked.push(socket.assigns["round"]);
      await Promise.resolve();
      const round = Number(socket.assigns["round"] ?? 0) + 1;
      return round > 2 ? error() : ok(socket.assign({ round }).expireAt(socket.expiresAtMs! + 1_000));
    };
    await connected(1_000, renew);
    const ended = client.down();
    await pass(1_000);
    assert.deepEqual(await client.ask(["1", "2", "room:1", "echo", {}]), [
      "1",
      "2",
      "room:1",
      "phx_reply",
      { response: {}, status: "ok" },
    ]);
    await pass(999);
    assert.deepEqual(asked, [undefined]);
    await pass(1);
    assert.deepEqual(asked, [undefined, 1]);
    await pass(1_000);
    assert.deepEqual(asked, [undefined, 1, 2]);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
  });

  const refusals: readonly (readonly [what: string, renew: Renew, logged: RegExp | undefined])[] = [
    ["refuses", () => error("revoked"), undefined],
    ["throws", () => Promise.reject(new Error("no database")), /^error The renew of UserSocket failed/],
    ["gives no more time", (socket) => ok(socket), /^error Expected the renew of UserSocket/],
    ["returns nonsense", () => "ok" as never, /^error Expected the renew of UserSocket/],
  ];
  for (const [what, renew, logged] of refusals) {
    test(`ends the connection in order if it ${what}`, async () => {
      await connected(1_000, renew);
      const ended = client.down();
      await pass(1_000);
      assert.deepEqual(await ended, ["shutdown", "expired"]);
      const errors = (runtime.logger as TestLogger).lines.filter((line) => line.startsWith("error"));
      if (logged === undefined) assert.deepEqual(errors, []);
      else assert.match(errors.join("\n"), logged);
    });
  }

  test("that takes longer than 10 s ends the connection", async () => {
    await connected(1_000, () => new Promise(() => {}));
    const ended = client.down();
    await pass(1_000 + 9_999, 1_000);
    assert.isTrue(runtime.isAlive(client.pid));
    await pass(1);
    assert.deepEqual(await ended, ["shutdown", "expired"]);
  });
});

test("Phoenix's client whose token has expired comes back with a new one, and joins again", async () => {
  const tokens: string[] = [];
  const definition = defineSocket({
    channels: [["room:*", ExpiringChannel]],
    connect: ({ token }, socket) => {
      tokens.push(token as string);
      const leftMs = token === "token 1" ? 100 : 3_600_000;
      return ok(socket.expireAt(socket.runtime.clock.systemTimeMs() + leftMs));
    },
  });
  await using server = await TestServer.start({}, definition);
  let issued = 0;
  const socket = new PhoenixSocket(`ws://127.0.0.1:${server.port}/socket`, {
    transport: WebSocket,
    params: () => ({ token: `token ${(issued += 1)}` }),
    reconnectAfterMs: () => 5,
    rejoinAfterMs: () => 5,
  });
  const closed = new Promise<number>((resolve) => socket.onClose(({ code }) => resolve(code)));
  socket.connect();
  const channel = socket.channel("room:1");
  let joins = 0;
  channel.join().receive("ok", () => (joins += 1));
  assert.equal(await closed, 3000);
  await expect.poll(() => joins).toBe(2);
  assert.equal(channel.state, "joined");
  assert.deepEqual(tokens, ["token 1", "token 2"]);
  assert.deepEqual(terminations, [["shutdown", "expired"]]);
  socket.disconnect();
});
