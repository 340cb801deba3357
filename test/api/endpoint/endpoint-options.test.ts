import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { completeEndpointOptions, completeListenOptions } from "../../../api/endpoint/endpoint-options.ts";
import { defineRouter } from "../../../api/router/router.ts";

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
    ["long-polling", { sockets: { "/socket": { handler: {}, longpoll: true } }, pubsub: "p" }],
    ["a negative time", { requestDrainMs: -1 }],
  ];
  for (const [what, options] of wrong) {
    test(`refuses ${what}`, () => {
      assert.throws(() => completeEndpointOptions({ router, ...options }), {
        code: "ROOKERY_ENDPOINT_OPTION",
      });
    });
  }

  for (const options of [{ port: -1 }, { port: 65_536 }, { port: 1.5 }, { host: "" }]) {
    test(`refuses to start with ${JSON.stringify(options)}`, () => {
      assert.throws(() => completeListenOptions(options), { code: "ROOKERY_ENDPOINT_OPTION" });
    });
  }
});
