import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type IncomingMessage, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, onTestFinished, test } from "vitest";
import { onProcessExit } from "../../../runtime/internal.ts";
import { Held, served, successor } from "./served.ts";

const ping = { show: () => ({ pong: true }) };

/** Whether nobody listens on the port. */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", () => resolve(true));
  });
}

describe("a killed acceptor", () => {
  test("listens no more the moment it is dead", async () => {
    const { endpoint, runtime } = await served((route) => route.get("/", ping, "show"));
    const refused = new Promise<boolean>((resolve) => {
      // Asked in the middle of its death, before its supervisor hears of it.
      onProcessExit(runtime.whereis("endpoint.acceptor")!, () => resolve(isRefused(endpoint.port)));
    });
    runtime.exit("endpoint", "kill");
    assert.equal(await refused, true);
  });

  test("is succeeded by one that listens on the same port", async () => {
    const { endpoint, runtime } = await served((route) => route.get("/", ping, "show"));
    const { port } = endpoint;
    for (let kill = 0; kill < 3; kill += 1) {
      runtime.exit("endpoint.acceptor", "kill");
      await successor(runtime, "endpoint.acceptor");
      assert.equal((await fetch(endpoint.url)).status, 200);
    }
    assert.equal(endpoint.port, port);
  });

  test("takes no request with it that is in, and no connection on which the next one may be on its way", async () => {
    const held = new Held();
    const { endpoint, runtime } = await served((route) => {
      route.get("/held", held, "show");
      route.get("/", ping, "show");
    });
    const agents = { busy: new Agent({ keepAlive: true }), idle: new Agent({ keepAlive: true }) };
    onTestFinished(() => Object.values(agents).forEach((agent) => agent.destroy()));
    const ask = async (agent: Agent, path: string): Promise<[Socket, string]> => {
      const [response] = (await once(get(endpoint.url + path, { agent }), "response")) as [IncomingMessage];
      const { socket } = response;
      return [socket, await text(response)];
    };
    const [idleSocket] = await ask(agents.idle, "/");
    const busy = ask(agents.busy, "/held");
    await held.arrived.promise;

    runtime.exit("endpoint.acceptor", "kill");
    await successor(runtime, "endpoint.acceptor");

    held.answer.resolve({ survived: true });
    assert.equal((await busy)[1], '{"survived":true}');
    const [socket, body] = await ask(agents.idle, "/");
    assert.ok(socket === idleSocket, "the second request is on the connection of the first");
    assert.equal(body, '{"pong":true}');
  });
});

describe("an orderly stop", () => {
  test("lets requests that are in finish, meanwhile says that it is draining, and listens no more after that", async () => {
    const held = new Held();
    const health = {
      show: (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
        reply.code(request.server.endpoint.draining ? 503 : 200).send({}),
    };
    const { endpoint, runtime, pid } = await served((route) => {
      route.get("/", held, "show");
      route.get("/healthz", health, "show");
    });
    const response = fetch(endpoint.url);
    await held.arrived.promise;
    assert.equal((await fetch(`${endpoint.url}/healthz`)).status, 200);

    const stopped = runtime.stop(pid, "shutdown");
    while ((await fetch(`${endpoint.url}/healthz`)).status === 200);
    held.answer.resolve({ finished: true });
    assert.deepEqual(await (await response).json(), { finished: true });
    await stopped;
    assert.equal(endpoint.draining, true);
    assert.equal(await isRefused(endpoint.port), true);
  });

  test("waits for requests only so long", async () => {
    const held = new Held();
    const { endpoint, runtime, pid } = await served((route) => route.get("/", held, "show"), {
      requestDrainMs: 1,
    });
    const failed = assert.rejects(fetch(endpoint.url));
    await held.arrived.promise;
    await runtime.stop(pid, "shutdown");
    await failed;
  });

  test("does not wait for connections on which nothing is asked", async () => {
    const { endpoint, runtime, pid } = await served((route) => route.get("/", ping, "show"));
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const idle = httpRequest(endpoint.url, { agent }).end();
    const [response] = (await once(idle, "response")) as [IncomingMessage];
    const closed = once(response.socket, "close");
    await text(response);
    await runtime.stop(pid, "shutdown");
    await closed;
  });

  test("closes what plugins hold with the instance", async () => {
    const closed = Promise.withResolvers<void>();
    const { runtime, pid } = await served(() => {}, {
      configure: (app) => {
        app.addHook("onClose", async () => closed.resolve());
      },
    });
    await runtime.stop(pid, "shutdown");
    await closed.promise;
  });
});
