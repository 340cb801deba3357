import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { type Channel, LongPoll, Presence, type Socket } from "phoenix";
import { type Pid, Runtime, silentLogger, Supervisor } from "rookery";
import { endpointUrl } from "rookery/api";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { answer, connected, nextEvent } from "./phoenix-client.ts";
import { names } from "./wire/names.ts";
import type { ShardStats } from "./wire/shard-stats.ts";
import { wireTree } from "./wire/wire-tree.ts";

let runtime: Runtime;
let pid: Pid;
let url: string;
const sockets: Socket[] = [];
const PATIENT = { timeout: 120_000 };
const agents: Agent[] = [];

beforeAll(async () => {
  runtime = await Runtime.start({ logger: silentLogger, shards: 2 });
  const children = [wireTree({ port: 0 })];
  pid = await runtime.start(Supervisor, { strategy: "one_for_one", children });
  url = await endpointUrl(runtime, names.endpoint);
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  for (const agent of agents.splice(0)) agent.destroy();
});

afterAll(async () => {
  await runtime.stop(pid, "shutdown");
  await runtime.shutdown();
});

/** All requests of one line go to the shard that has taken its connection. */
class Line {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor() {
    agents.push(this.#agent);
  }

  async get(session: string): Promise<{ status: number; token: string; messages: string[] }> {
    return JSON.parse(await this.#ask("GET", session, "")) as never;
  }

  async post(session: string, ...frames: readonly unknown[][]): Promise<string> {
    return this.#ask("POST", session, frames.map((frame) => JSON.stringify(frame)).join("\n"));
  }

  #ask(method: string, session: string, body: string): Promise<string> {
    const headers = { "content-type": "application/x-ndjson" };
    return new Promise((resolve, reject) => {
      const sent = request(url + session, { agent: this.#agent, method, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

async function shards(): Promise<ShardStats[]> {
  const { shards: all } = (await (await fetch(`${url}/api/v1/stats`)).json()) as { shards: ShardStats[] };
  return all;
}

const sessionOf = (path: string, token: string): string => `${path}&token=${encodeURIComponent(token)}`;

/** A line to each shard, each with a session that lives there. */
async function lineToEach(path: string): Promise<{ line: Line; session: string }[]> {
  const found: { line: Line; session: string }[] = [];
  const taken = new Set<number>();
  while (taken.size < 2) {
    const before = await shards();
    const line = new Line();
    const session = sessionOf(path, (await line.get(path)).token);
    const shard = (await shards()).findIndex(({ sockets: count }, index) => count > before[index]!.sockets);
    if (shard === -1 || taken.has(shard)) continue;
    taken.add(shard);
    found.push({ line, session });
  }
  return found;
}

const heartbeat = (ref: string): unknown[] => [null, ref, "phoenix", "heartbeat", {}];
const refOf = (text: string): unknown => (JSON.parse(text) as unknown[])[1];

describe("a session on two shards", () => {
  test("is served by whichever shard takes a request", async () => {
    const [one, other] = await lineToEach("/socket/longpoll?vsn=2.0.0");
    for (const [at, home] of [
      [one!.line, one!.session],
      [other!.line, one!.session],
      [one!.line, other!.session],
    ] as const) {
      assert.equal(await at.post(home, heartbeat("1"), heartbeat("2")), '{"status":200}');
      const { status, token, messages } = await at.get(home);
      assert.deepEqual([status, sessionOf("/socket/longpoll?vsn=2.0.0", token)], [200, home]);
      assert.deepEqual(messages.map(refOf), ["1", "2"]);
    }
  });

  test("answers a poll that waits on one shard with what is posted to the other", async () => {
    const [one, other] = await lineToEach("/socket/longpoll?vsn=2.0.0");
    for (const [waiting, posting] of [
      [one!.line, other!.line],
      [other!.line, one!.line],
    ] as const) {
      const polled = waiting.get(one!.session);
      await posting.post(one!.session, heartbeat("7"));
      assert.deepEqual((await polled).messages.map(refOf), ["7"]);
    }
  });

  test("that has ended is replaced, whichever shard is asked", async () => {
    const path = "/socket_idle/longpoll?vsn=2.0.0&user_id=gone";
    const [one, other] = await lineToEach(path);
    await fetch(`${url}/api/v1/disconnect/gone`, { method: "POST" });
    for (const line of [one!.line, other!.line]) {
      const { status, token } = await line.get(one!.session);
      assert.equal(status, 410);
      assert.notEqual(sessionOf(path, token), one!.session);
    }
    assert.equal(await other!.line.post(one!.session, heartbeat("1")), '{"status":410}');
  });
});

describe("clients that poll", () => {
  async function opened(params: object = {}, mount: string = "/socket"): Promise<Socket> {
    const socket = await connected(url.replace("http", "ws") + mount, params, undefined, LongPoll);
    sockets.push(socket);
    return socket;
  }

  async function joined(socket: Socket, topic: string): Promise<Channel> {
    const channel = socket.channel(topic);
    assert.equal((await answer(channel.join())).status, "ok");
    return channel;
  }

  test("speak with those that don't", async () => {
    const polling = await joined(await opened({ user_id: "ada" }), "room:1");
    const socket = await connected(`${url.replace("http", "ws")}/socket`, { user_id: "bob" });
    sockets.push(socket);
    const other = await joined(socket, "room:1");
    for (const [from, user_id] of [
      [polling, "ada"],
      [other, "bob"],
    ] as const) {
      const heard = [polling, other].map((channel) => nextEvent(channel, "message:new"));
      assert.equal((await answer(from.push("message:new", { body: "hi" }))).status, "ok");
      assert.deepEqual(await Promise.all(heard), [
        { user_id, body: "hi" },
        { user_id, body: "hi" },
      ]);
    }
  });

  test("see who is there, and are seen", async () => {
    const users = ["ada", "bob", "eve"];
    const seen = await Promise.all(
      users.map(async (user_id) => {
        const channel = (await opened({ user_id })).channel("room:2");
        const presence = new Presence(channel);
        await answer(channel.join());
        return presence;
      }),
    );
    for (const presence of seen)
      await expect.poll(() => presence.list((key) => key).toSorted(), PATIENT).toEqual(users);
  });

  test("rejoin after a disconnect of their user, on every mount that has long-polling", async () => {
    for (const mount of ["/socket", "/socket_origin", "/socket_idle"]) {
      const socket = await opened({ user_id: "eve" }, mount);
      const channel = await joined(socket, "bench:2");
      const closed = new Promise<number>((resolve) => socket.onClose(({ code }) => resolve(code)));
      await fetch(`${url}/api/v1/disconnect/eve`, { method: "POST" });
      assert.equal(await closed, 3410);
      await expect.poll(() => channel.state, PATIENT).toBe("joined");
      socket.disconnect();
    }
  });

  test("are not served on /socket_small, nor for another origin on /socket_origin", async () => {
    assert.equal((await fetch(`${url}/socket_small/longpoll?vsn=2.0.0`)).status, 404);
    const headers = { origin: "http://other.example" };
    const refused = await fetch(`${url}/socket_origin/longpoll?vsn=2.0.0`, { headers });
    assert.equal(await refused.text(), '{"status":403}');
  });
});
