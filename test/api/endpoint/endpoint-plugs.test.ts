import assert from "node:assert/strict";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, test } from "vitest";
import { cors } from "../../../api/plugs/cors.ts";
import type { EndpointPlug, Plug } from "../../../api/plug.ts";
import { defineSocket, ok, PubSub } from "../../../channels/index.ts";
import { endpointApp } from "./endpoint-app.ts";
import { served } from "./served.ts";

/** What a test's plugs have seen, in the order in which they have. */
function recording(...plugs: [name: string, plug: Plug][]): { seen: string[]; plugs: Plug[] } {
  const seen: string[] = [];
  return {
    seen,
    plugs: plugs.map(([name, plug]) => (request, reply) => {
      seen.push(name);
      return plug(request, reply);
    }),
  };
}

const pass = (): undefined => undefined;
const passLater = async (): Promise<undefined> => undefined;
const show = { show: () => ({ ok: true }) };

async function ask(plugs: readonly (Plug | EndpointPlug)[], url = "/"): Promise<[number, string]> {
  const app = await endpointApp((route) => route.get("/", show, "show"), { plugs });
  const { statusCode, body } = await app.inject(url);
  return [statusCode, body];
}

describe("the plugs of an endpoint", () => {
  test("run in their order, each after the one before it is done", async () => {
    const { seen, plugs } = recording(["first", passLater], ["second", pass], ["third", passLater]);
    assert.deepEqual(await ask(plugs), [200, '{"ok":true}']);
    assert.deepEqual(seen, ["first", "second", "third"]);
  });

  test("run for requests that have no route", async () => {
    const { seen, plugs } = recording(["first", pass]);
    assert.deepEqual(await ask(plugs, "/nowhere"), [404, '{"errors":{"detail":"Not Found"}}']);
    assert.deepEqual(seen, ["first"]);
  });

  const stopping: [string, Plug, [number, string]][] = [
    ["returns a failure", () => ({ error: "forbidden" }), [403, '{"errors":{"detail":"Forbidden"}}']],
    ["returns one later", async () => ({ error: "gone" }), [410, '{"errors":{"detail":"Gone"}}']],
    ["answers", (_request: FastifyRequest, reply: FastifyReply) => reply.code(202).send("a"), [202, "a"]],
    [
      "answers later",
      async (_request: FastifyRequest, reply: FastifyReply) => {
        await passLater();
        void reply.code(202).send("a");
      },
      [202, "a"],
    ],
    [
      "throws",
      () => {
        throw new Error("broken");
      },
      [500, '{"errors":{"detail":"Internal Server Error"}}'],
    ],
    [
      "throws later",
      async () => {
        throw new Error("broken");
      },
      [500, '{"errors":{"detail":"Internal Server Error"}}'],
    ],
    [
      "returns a failure that nobody knows",
      () => ({ error: "odd" }),
      [500, '{"errors":{"detail":"Internal Server Error"}}'],
    ],
  ];
  for (const [what, plug, expected] of stopping) {
    test(`stop at one that ${what}`, async () => {
      const { seen, plugs } = recording(["first", plug], ["second", pass]);
      assert.deepEqual(await ask(plugs), expected);
      assert.deepEqual(seen, ["first"]);
    });
  }

  for (const [when, fail] of [
    ["", () => assert.fail("too late")],
    [" later", () => passLater().then(() => assert.fail("too late"))],
  ] as const) {
    test(`are heard in the log if they throw${when} after their answer, which stays`, async () => {
      const answering: Plug = (_request, reply) => {
        void reply.code(202).send("a");
        return fail();
      };
      const { endpoint, log } = await served((route) => route.get("/", show, "show"), {
        plugs: [answering],
      });
      const response = await fetch(endpoint.url);
      assert.deepEqual([response.status, await response.text()], [202, "a"]);
      const errors = log.lines.filter(({ level }) => level === "error");
      assert.deepEqual(
        errors.map(({ message }) => message),
        ["a request failed after its answer"],
      );
    });
  }

  test("stand among the plugins of Fastify where they were named", async () => {
    const { seen, plugs } = recording(["first", pass], ["second", pass]);
    const app = await endpointApp(() => {}, { plugs: [plugs[0]!, cors({ origin: "*" }), plugs[1]!] });
    const headers = { origin: "https://x.com", "access-control-request-method": "GET" };
    assert.equal((await app.inject({ method: "OPTIONS", url: "/", headers })).statusCode, 204);
    assert.deepEqual(seen, ["first"]);
  });

  test("don't see clients of sockets that poll", async () => {
    const { seen, plugs } = recording(["first", () => ({ error: "forbidden" })]);
    const socket = defineSocket({ channels: [], connect: (_params, connecting) => ok(connecting) });
    const { endpoint } = await served(
      () => {},
      {
        plugs: [cors({ origin: "https://x.com" }), ...plugs],
        sockets: { "/socket": { handler: socket, longpoll: { checkOrigin: false } } },
        pubsub: "plugs.pubsub",
        secretKeyBase: "a secret of twenty bytes",
      },
      { children: [{ id: "pubsub", start: [PubSub, {}], name: "plugs.pubsub" }] },
    );
    const headers = { origin: "https://y.com" };
    const polled = await fetch(`${endpoint.url}/socket/longpoll?vsn=2.0.0`, { headers });
    assert.equal(polled.status, 200);
    const preflight = await fetch(`${endpoint.url}/socket/longpoll?vsn=2.0.0`, {
      method: "OPTIONS",
      headers: { ...headers, "access-control-request-method": "POST" },
    });
    assert.equal(preflight.headers.get("access-control-allow-methods"), "get, post, options");
    assert.deepEqual(seen, []);
    assert.equal((await fetch(endpoint.url)).status, 403);
  });
});
