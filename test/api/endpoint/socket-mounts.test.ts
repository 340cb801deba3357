import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { FastifyRequest } from "fastify";
import { describe, onTestFinished, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import {
  Channel,
  type ConnectRequest,
  type ConnectReturn,
  defineSocket,
  error,
  ok,
  PubSub,
  reply,
  type Socket,
  SocketTransport,
} from "../../../channels/index.ts";
import { type CastResult, noReply, ok as started } from "../../../runtime/index.ts";
import type { SocketMount } from "../../../api/endpoint/endpoint-options.ts";
import type { Scope } from "../../../api/router/scope.ts";
import { Held, served } from "./served.ts";

class EchoChannel extends Channel {
  join(_topic: string, _payload: object, socket: Socket): ReturnType<typeof ok> {
    return ok(socket);
  }
  handleIn = {
    echo: (payload: unknown, socket: Socket): ReturnType<typeof reply> => reply("ok", payload, socket),
  };
}

const UserSocket = defineSocket({
  channels: [["echo:*", EchoChannel]],
  connect: ({ token, room }, socket) => {
    if (token === "raise") throw new Error("connect failed");
    return token === "good" ? ok(socket.assign({ room })) : error();
  },
});

/** Answers with what it was connected with. */
class RawSocket extends SocketTransport<string> {
  static connect({ params }: ConnectRequest): ConnectReturn<string> {
    return started(JSON.stringify(params));
  }
  override handleIn(): CastResult {
    this.push(this.state);
    return noReply();
  }
}

class Orders {
  index = (): object => ({ orders: [] });
}

const [major, minor] = process.versions.node.split(".").map(Number);
const hasUpgradeCallback = major! > 24 || (major === 24 && minor! >= 9);

function servedSocket(
  declare: (route: Scope) => void = () => {},
  drainer: SocketMount["drainer"] = true,
): ReturnType<typeof served> {
  const children = [{ id: "pubsub", start: [PubSub, {}], name: "test.pubsub" } as const];
  const sockets = {
    "/socket": { handler: UserSocket, websocket: { connectInfo: ["peer_data"] }, longpoll: false, drainer },
    "/rooms/:room": { handler: RawSocket },
  } as const;
  return served(declare, { sockets, pubsub: "test.pubsub" }, { children });
}

function open(endpoint: { readonly url: string }, path: string): WebSocket {
  const client = new WebSocket(endpoint.url.replace("http", "ws") + path);
  onTestFinished(() => {
    client.on("error", () => {}); // of one that was never let in
    client.terminate();
  });
  return client;
}

async function connected(endpoint: { readonly url: string }): Promise<WebSocket> {
  const client = open(endpoint, "/socket/websocket?vsn=2.0.0&token=good");
  await once(client, "open");
  return client;
}

async function asked(client: WebSocket, frame: unknown[]): Promise<unknown> {
  client.send(JSON.stringify(frame));
  const [data] = (await once(client, "message")) as [RawData];
  return JSON.parse((data as Buffer).toString());
}

async function refusedStatus(endpoint: { readonly url: string }, path: string): Promise<number | undefined> {
  const [, response] = (await once(open(endpoint, path), "unexpected-response")) as [
    unknown,
    IncomingMessage,
  ];
  return response.statusCode;
}

describe("a socket of an endpoint", () => {
  test("lets clients in below its path, and on to its channels", async () => {
    const { endpoint } = await servedSocket();
    const client = await connected(endpoint);
    assert.deepEqual(await asked(client, ["1", "1", "echo:a", "phx_join", {}]), [
      "1",
      "1",
      "echo:a",
      "phx_reply",
      { status: "ok", response: {} },
    ]);
    const echo = await asked(client, ["1", "2", "echo:a", "echo", { a: 1 }]);
    assert.deepEqual(echo, ["1", "2", "echo:a", "phx_reply", { status: "ok", response: { a: 1 } }]);
  });

  test("refuses those whom `connect` refuses", async () => {
    const { endpoint } = await servedSocket();
    assert.equal(await refusedStatus(endpoint, "/socket/websocket?vsn=2.0.0&token=bad"), 403);
  });

  test("answers as any failed request when `connect` throws", async () => {
    const { endpoint } = await servedSocket();
    const client = open(endpoint, "/socket/websocket?vsn=2.0.0&token=raise");
    const [, response] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
    assert.equal(response.statusCode, 500);
    assert.match(response.headers["content-type"]!, /application\/json/);
    const body = (await response.toArray()).join("");
    assert.deepEqual(JSON.parse(body), { errors: { detail: "Internal Server Error" } });
  });

  test("gets the variables of its path as params, and may do without channels", async () => {
    const { endpoint } = await servedSocket();
    const client = open(endpoint, "/rooms/lobby%20%C5%BE/websocket?room=other&a=1");
    await once(client, "open");
    client.send("?");
    const [data] = (await once(client, "message")) as [Buffer];
    assert.equal(data.toString(), '{"room":"lobby ž","a":"1"}');
    assert.equal(await refusedStatus(endpoint, "/rooms//websocket"), 404);
    assert.equal(await refusedStatus(endpoint, "/rooms/a/b/websocket"), 404);
    assert.equal((await fetch(`${endpoint.url}/rooms/lobby/websocket`)).status, 400);
  });

  test("is at no other path", async () => {
    const { endpoint } = await servedSocket();
    for (const path of ["/socket", "/socket/longpoll", "/websocket", "/"]) {
      assert.equal(await refusedStatus(endpoint, `${path}?vsn=2.0.0&token=good`), 404);
    }
  });

  test("is found by a client that was given its path with a slash at the end", async () => {
    const { endpoint } = await servedSocket();
    await once(open(endpoint, "/socket//websocket?vsn=2.0.0&token=good"), "open");
  });

  // As `curl --http2` does, and Java's client.
  test.runIf(hasUpgradeCallback)("doesn't take a request that offers HTTP/2 for one of its own", async () => {
    const { endpoint } = await servedSocket((route) => route.get("/orders", Orders, "index"));
    const headers = { connection: "upgrade, http2-settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
    const asking = get(`${endpoint.url}/orders`, { headers });
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal(await text(response), '{"orders":[]}');
  });

  test("answers an ordinary request to its path with what is missing", async () => {
    const { endpoint } = await servedSocket();
    const response = await fetch(`${endpoint.url}/socket/websocket`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /'connection' header must contain 'upgrade'/);
  });

  test("answers any other method with 400 and nothing, whatever comes with it", async () => {
    const { endpoint } = await servedSocket();
    for (const [method, body] of [
      ["POST", "{"],
      ["PUT", ""],
      ["DELETE", undefined],
      ["OPTIONS", undefined],
    ] as const) {
      const response = await fetch(`${endpoint.url}/socket/websocket`, {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(response.status, 400, method);
      assert.equal(await response.text(), "", method);
    }
  });

  test("survives the acceptor that it came in through", async () => {
    const { endpoint, runtime } = await servedSocket();
    const client = await connected(endpoint);
    await asked(client, ["1", "1", "echo:a", "phx_join", {}]);
    runtime.exit("endpoint.acceptor", "kill");
    const echo = await asked(client, ["1", "2", "echo:a", "echo", { a: 1 }]);
    assert.deepEqual(echo, ["1", "2", "echo:a", "phx_reply", { status: "ok", response: { a: 1 } }]);
  });
});

describe("endpoint.broadcast", () => {
  test("reaches the clients in a topic, from an action", async () => {
    const show = (request: FastifyRequest): object => {
      request.server.endpoint.broadcast("echo:a", "news", { n: 1 });
      return {};
    };
    const { endpoint } = await servedSocket((route) => route.get("/", { show }, "show"));
    const client = await connected(endpoint);
    await asked(client, ["1", "1", "echo:a", "phx_join", {}]);
    const news = once(client, "message") as Promise<[RawData]>;
    assert.equal((await fetch(endpoint.url)).status, 200);
    const [frame] = await news;
    assert.deepEqual(JSON.parse((frame as Buffer).toString()), [null, null, "echo:a", "news", { n: 1 }]);
  });
});

describe("an orderly stop", () => {
  test("sends the clients of sockets away with 1012, joined to a channel or not", async () => {
    const { endpoint, runtime, pid } = await servedSocket();
    const clients = [await connected(endpoint), await connected(endpoint)];
    await asked(clients[0]!, ["1", "1", "echo:a", "phx_join", {}]);
    const codes = clients.map(async (client) => ((await once(client, "close")) as [number])[0]);
    await runtime.stop(pid, "shutdown");
    assert.deepEqual(await Promise.all(codes), [1012, 1012]);
  });

  test("sends them away in batches, one after the other", async () => {
    const drainer = { batchSize: 1, batchInterval: 30 };
    const { endpoint, runtime, pid } = await servedSocket(undefined, drainer);
    const clients = [await connected(endpoint), await connected(endpoint), await connected(endpoint)];
    const closed: number[] = [];
    for (const client of clients) client.on("close", (code: number) => closed.push(code));
    const first = once(clients[0]!, "close");
    const stopped = runtime.stop(pid, "shutdown");
    await first;
    assert.deepEqual(closed, [1012]);
    await stopped;
    for (const client of clients) if (client.readyState !== WebSocket.CLOSED) await once(client, "close");
    assert.deepEqual(closed, [1012, 1012, 1012]);
  });

  for (const drainer of [false, { shutdown: 0, batchSize: 1, batchInterval: 60_000 }]) {
    test(`closes them with the rest, with 1012, when the drainer is ${JSON.stringify(drainer)}`, async () => {
      const { endpoint, runtime, pid } = await servedSocket(undefined, drainer);
      const clients = [await connected(endpoint), await connected(endpoint)];
      const codes = clients.map(async (client) => ((await once(client, "close")) as [number])[0]);
      await runtime.stop(pid, "shutdown");
      assert.deepEqual(await Promise.all(codes), [1012, 1012]);
    });
  }

  test("does so before it has waited for the requests that are in", async () => {
    const held = new Held();
    const { endpoint, runtime, pid } = await servedSocket((route) => route.get("/", held, "show"));
    const client = await connected(endpoint);
    const response = fetch(endpoint.url);
    await held.arrived.promise;
    const stopped = runtime.stop(pid, "shutdown");
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1012);
    held.answer.resolve({});
    assert.equal((await response).status, 200);
    await stopped;
  });

  test("lets no client in any more", async () => {
    const { endpoint } = await servedSocket();
    (endpoint as unknown as { takesClients: boolean }).takesClients = false;
    assert.equal(await refusedStatus(endpoint, "/socket/websocket?vsn=2.0.0&token=good"), 503);
  });
});
