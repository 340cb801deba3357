import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { describe, onTestFinished, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import { Channel, defineSocket, error, ok, PubSub, reply, type Socket } from "../../../channels/index.ts";
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
  connect: ({ token }, socket) => (token === "good" ? ok(socket) : error()),
});

function servedSocket(declare: (route: Scope) => void = () => {}): ReturnType<typeof served> {
  const children = [{ id: "pubsub", start: [PubSub, {}], name: "test.pubsub" } as const];
  const sockets = {
    "/socket": { handler: UserSocket, websocket: { connectInfo: ["peer_data"] }, longpoll: false },
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

  test("is at no other path", async () => {
    const { endpoint } = await servedSocket();
    for (const path of ["/socket", "/socket/longpoll", "/websocket", "/"]) {
      assert.equal(await refusedStatus(endpoint, `${path}?vsn=2.0.0&token=good`), 404);
    }
  });

  test("answers an ordinary request to its path with what is missing", async () => {
    const { endpoint } = await servedSocket();
    const response = await fetch(`${endpoint.url}/socket/websocket`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /'connection' header must contain 'upgrade'/);
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

describe("an orderly stop", () => {
  test("sends the clients of sockets away with 1012, joined to a channel or not", async () => {
    const { endpoint, runtime, pid } = await servedSocket();
    const clients = [await connected(endpoint), await connected(endpoint)];
    await asked(clients[0]!, ["1", "1", "echo:a", "phx_join", {}]);
    const codes = clients.map(async (client) => ((await once(client, "close")) as [number])[0]);
    await runtime.stop(pid, "shutdown");
    assert.deepEqual(await Promise.all(codes), [1012, 1012]);
  });

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
    (endpoint as { draining: boolean }).draining = true;
    assert.equal(await refusedStatus(endpoint, "/socket/websocket?vsn=2.0.0&token=good"), 503);
  });
});
