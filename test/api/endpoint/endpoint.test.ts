import assert from "node:assert/strict";
import type { FastifyRequest } from "fastify";
import { describe, onTestFinished, test } from "vitest";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import type { RunningEndpoint } from "../../../api/endpoint/running-endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { GenServer, ok, Runtime, silentLogger } from "../../../runtime/index.ts";
import { child, Supervisor } from "../../../supervisors/index.ts";
import { served, successor } from "./served.ts";

const ping = { show: () => ({ pong: true }) };

describe("an endpoint", () => {
  test("serves its routes at its address", async () => {
    const { endpoint } = await served((route) => route.get("/ping", ping, "show"));
    const response = await fetch(`${endpoint.url}/ping`);
    assert.deepEqual([response.status, await response.json()], [200, { pong: true }]);
  });

  test("is one tree: its children, the HTTP server, the drainer", async () => {
    class Cell extends GenServer<number> {
      init(value: number): ReturnType<typeof ok<number>> {
        return ok(value);
      }
    }
    const children = [child(Cell, 1, { id: "repo" })];
    const { runtime } = await served(() => {}, {}, { children });
    const started = (await Supervisor.whichChildren(runtime, "endpoint")).toReversed();
    assert.deepEqual(
      started.map(({ id }) => id),
      ["repo", "acceptor", "drainer"],
    );
  });

  test("comes back on its port when all of it was killed", async () => {
    const runtime = await Runtime.start({ logger: silentLogger });
    onTestFinished(() => runtime.shutdown());
    let running: RunningEndpoint | undefined;
    const spec = defineEndpoint({
      router: defineRouter((route) => route.get("/ping", ping, "show")),
    }).childSpec({
      port: 0,
      onListening: (endpoint) => (running = endpoint),
    });
    await runtime.start(Supervisor, { strategy: "one_for_one", children: [spec] });
    const { url } = running!;
    runtime.exit("endpoint", "kill");
    await successor(runtime, "endpoint");
    assert.equal((await fetch(`${url}/ping`)).status, 200);
  });

  test("tells its program once when it listens", async () => {
    const urls: string[] = [];
    const { endpoint, runtime } = await served(() => {}, {}, { onListening: ({ url }) => urls.push(url) });
    runtime.exit("endpoint.acceptor", "kill");
    await successor(runtime, "endpoint.acceptor");
    assert.deepEqual(urls, [endpoint.url]);
  });

  test("is known to actions", async () => {
    const show = (request: FastifyRequest): object => ({ url: request.server.endpoint.url });
    const { endpoint } = await served((route) => route.get("/", { show }, "show"));
    assert.deepEqual(await (await fetch(endpoint.url)).json(), { url: endpoint.url });
  });
});

describe("an address that is taken", () => {
  test("fails the start with one sentence that names it", async () => {
    const { endpoint } = await served(() => {});
    const runtime = await Runtime.start({ logger: silentLogger });
    onTestFinished(() => runtime.shutdown());
    const second = defineEndpoint({ router: defineRouter(() => {}) });
    await assert.rejects(second.start(runtime, { port: endpoint.port }), {
      code: "ROOKERY_LISTEN",
      message: `Expected to listen on ${endpoint.url}, but another program listens there already`,
    });
    assert.equal(runtime.whereis("endpoint"), undefined);
  });

  test("fails the start as a child, too, with that reason at its bottom", async () => {
    const { endpoint } = await served(() => {});
    const runtime = await Runtime.start({ logger: silentLogger });
    onTestFinished(() => runtime.shutdown());
    const spec = defineEndpoint({ router: defineRouter(() => {}) }).childSpec({ port: endpoint.port });
    await assert.rejects(
      runtime.start(Supervisor, { strategy: "one_for_one", children: [spec] }),
      (error: Error) => {
        assert.match(String(JSON.stringify(error, ["reason", "code"])), /ROOKERY_LISTEN/);
        return true;
      },
    );
  });
});
