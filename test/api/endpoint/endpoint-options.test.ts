import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { completeEndpointOptions, completeListenOptions } from "../../../api/endpoint/endpoint-options.ts";
import { type ConnectReturn, SocketTransport } from "../../../channels/index.ts";
import { type CastResult, noReply, ok } from "../../../runtime/index.ts";
import { defineRouter } from "../../../api/router/router.ts";

class ClosedSocket extends SocketTransport {
  handleIn(): CastResult {
    return noReply();
  }
}

class EchoSocket extends ClosedSocket {
  static connect(): ConnectReturn {
    return ok(undefined);
  }
}

describe("the options of an endpoint", () => {
  const router = defineRouter(() => {});
  const wrong: [string, object][] = [
    ["a router that is none", { router: {} }],
    ["an unknown option", { routr: router }],
    ["a socket without handler", { sockets: { "/socket": {} } }],
    ["a socket at no path", { sockets: { socket: { handler: {} } }, pubsub: "p" }],
    ["a socket without PubSub", { sockets: { "/socket": { handler: {} } } }],
    [
      "a socket without transport",
      { sockets: { "/socket": { handler: {}, websocket: false } }, pubsub: "p" },
    ],
    [
      "long-polling without a secret",
      { sockets: { "/socket": { handler: {}, longpoll: true } }, pubsub: "p" },
    ],
    [
      "a drainer with an unknown option",
      { sockets: { "/socket": { handler: {}, drainer: { size: 1 } } }, pubsub: "p" },
    ],
    [
      "a drainer of nobody at once",
      { sockets: { "/socket": { handler: {}, drainer: { batchSize: 0 } } }, pubsub: "p" },
    ],
    [
      "a drainer with an option that every object has",
      { sockets: { "/socket": { handler: {}, drainer: { toString: 1 } } }, pubsub: "p" },
    ],
    [
      "a drainer with a time that is text",
      { sockets: { "/socket": { handler: {}, drainer: { shutdown: "30000" } } }, pubsub: "p" },
    ],
    [
      "a drainer with a negative time",
      { sockets: { "/socket": { handler: {}, drainer: { batchInterval: -1 } } }, pubsub: "p" },
    ],
    ["a path with a nameless variable", { sockets: { "/socket/:": { handler: {} } }, pubsub: "p" }],
    ["long-polling without channels", { sockets: { "/echo": { handler: EchoSocket, longpoll: true } } }],
    ["connections that nobody lets in", { sockets: { "/echo": { handler: ClosedSocket } } }],
    ["a negative time", { requestDrainMs: -1 }],
  ];
  for (const [what, options] of wrong) {
    test(`refuses ${what}`, () => {
      assert.throws(() => completeEndpointOptions({ router, ...options }), {
        code: "ROOKERY_ENDPOINT_OPTION",
      });
    });
  }

  test("need no PubSub for sockets without channels", () => {
    const sockets = { "/echo/:room": { handler: EchoSocket, drainer: { batchSize: 1 } } };
    assert.equal(completeEndpointOptions({ router, sockets }).sockets, sockets);
  });

  for (const options of [
    { port: -1 },
    { port: 65_536 },
    { port: 1.5 },
    { host: "" },
    { server: "no" as never },
  ]) {
    test(`refuses to start with ${JSON.stringify(options)}`, () => {
      assert.throws(() => completeListenOptions(options), { code: "ROOKERY_ENDPOINT_OPTION" });
    });
  }
});
