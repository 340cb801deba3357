import { assert, describe, test } from "vitest";
import { Channel, defineSocket, error, ok, PubSub, reply, type Socket } from "../../../channels/index.ts";
import type { SocketMount } from "../../../api/endpoint/endpoint-options.ts";
import { served } from "./served.ts";

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
  connect: ({ token }, socket) => (token === "bad" ? error() : ok(socket)),
});

const LONG_POLL_PATH = "/socket/longpoll?vsn=2.0.0";
const JSON_TYPE = "application/json; charset=utf-8";

function servedSocket(mount: Partial<SocketMount> = { longpoll: true }): ReturnType<typeof served> {
  const children = [{ id: "pubsub", start: [PubSub, {}], name: "test.pubsub" } as const];
  const sockets = { "/socket": { handler: UserSocket, ...mount } };
  const secretKeyBase = "a secret key base of the tests";
  return served(() => {}, { sockets, pubsub: "test.pubsub", secretKeyBase }, { children });
}

async function opened(url: string): Promise<string> {
  const response = await fetch(url + LONG_POLL_PATH);
  const { token } = (await response.json()) as { token: string };
  return `${url + LONG_POLL_PATH}&token=${token}`;
}

function post(session: string, body: string, type: string = "application/x-ndjson"): Promise<Response> {
  return fetch(session, { method: "POST", headers: { "content-type": type }, body });
}

const join = '["1","1","echo:a","phx_join",{}]';

describe("a socket of an endpoint whose clients may poll", () => {
  test("opens a session, takes frames and hands out frames", async () => {
    const { endpoint } = await servedSocket();
    const response = await fetch(endpoint.url + LONG_POLL_PATH);
    assert.deepEqual(
      [response.status, response.headers.get("content-type"), response.headers.get("cache-control")],
      [200, JSON_TYPE, "no-store"],
    );
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    const text = await response.text();
    const token = /^\{"messages":\[\],"status":410,"token":"([\w.-]+)"\}$/.exec(text)?.[1];
    const session = `${endpoint.url + LONG_POLL_PATH}&token=${token}`;
    const posted = await post(session, `${join}\n["1","2","echo:a","echo",{"a":"ž"}]`);
    assert.deepEqual([posted.status, await posted.text()], [200, '{"status":200}']);
    const polled = await fetch(session);
    assert.equal(
      await polled.text(),
      String.raw`{"messages":["[\"1\",\"1\",\"echo:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]",` +
        String.raw`"[\"1\",\"2\",\"echo:a\",\"phx_reply\",{\"response\":{\"a\":\"ž\"},\"status\":\"ok\"}]"],"status":200,"token":"${token}"}`,
    );
  });

  for (const type of ["application/json", "text/plain;charset=UTF-8", "application/anything"]) {
    test(`takes a body of ${type} as one frame, whatever stands in it`, async () => {
      const { endpoint } = await servedSocket();
      const session = await opened(endpoint.url);
      assert.equal(await (await post(session, join, type)).text(), '{"status":200}');
      assert.equal(await (await post(session, "no JSON", type)).text(), '{"status":408}');
      assert.equal(await (await post(session, join, type)).text(), '{"status":410}');
    });
  }

  test("answers a body that is too large, or can't be read, with HTTP 400", async () => {
    const { endpoint } = await servedSocket({ longpoll: { maxBodySize: 1_000 } });
    const session = await opened(endpoint.url);
    for (const body of [`${join}${" ".repeat(1_000)}`, "AAE"]) {
      const response = await post(session, body);
      assert.deepEqual([response.status, await response.text()], [400, ""]);
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
    }
    assert.equal((await post(session, `${join}${" ".repeat(1_000 - join.length)}`)).status, 200);
  });

  test("takes bodies up to 8 MB, however little the endpoint itself takes", async () => {
    const { endpoint } = await servedSocket();
    const session = await opened(endpoint.url);
    const frame = (bytes: number): string => join + " ".repeat(bytes - join.length);
    assert.equal((await post(session, frame(8_000_000))).status, 200);
    assert.equal((await post(session, frame(8_000_001))).status, 400);
  });

  test("answers OPTIONS for HTTP, and other methods with HTTP 400", async () => {
    const { endpoint } = await servedSocket();
    const headers = { "access-control-request-headers": "x-phoenix-authtoken" };
    const options = await fetch(endpoint.url + LONG_POLL_PATH, { method: "OPTIONS", headers });
    assert.deepEqual([options.status, await options.text()], [200, ""]);
    assert.equal(options.headers.get("access-control-allow-headers"), "x-phoenix-authtoken");
    assert.equal(options.headers.get("access-control-allow-methods"), "get, post, options");
    assert.equal(options.headers.get("access-control-max-age"), "3600");
    assert.isNull(options.headers.get("content-type"));
    for (const method of ["PUT", "PATCH", "DELETE", "HEAD"]) {
      const response = await fetch(endpoint.url + LONG_POLL_PATH, { method });
      assert.deepEqual([method, response.status, await response.text()], [method, 400, ""]);
    }
  });

  test("has no line in the log for each request of a client that polls", async () => {
    const { endpoint, log } = await servedSocket();
    const session = await opened(endpoint.url);
    await (await post(session, join)).text();
    await (await fetch(session)).text();
    await fetch(`${endpoint.url}/elsewhere`);
    await log.line(({ message }) => message === "GET /elsewhere");
    assert.deepEqual(
      log.lines.map(({ message }) => message).filter((message) => message.includes("/")),
      ["GET /elsewhere"],
    );
  });

  test("refuses whom connect refuses", async () => {
    const { endpoint } = await servedSocket();
    const response = await fetch(`${endpoint.url}${LONG_POLL_PATH}&token=bad`);
    assert.deepEqual([response.status, await response.text()], [200, '{"status":403}']);
  });

  test("may have no WebSockets, and another path", async () => {
    const { endpoint } = await servedSocket({ websocket: false, longpoll: { path: "/poll" } });
    const statusOf = async (path: string): Promise<number> => (await fetch(endpoint.url + path)).status;
    assert.deepEqual(
      [
        await statusOf("/socket/poll"),
        await statusOf("/socket/longpoll"),
        await statusOf("/socket/websocket"),
      ],
      [200, 404, 404],
    );
  });

  for (const mount of [{}, { longpoll: false }]) {
    test(`is one only if it says so: not for ${JSON.stringify(mount)}`, async () => {
      const { endpoint } = await servedSocket(mount);
      assert.equal((await fetch(endpoint.url + LONG_POLL_PATH)).status, 404);
    });
  }
});

describe("an orderly stop", () => {
  test("ends the sessions and answers the polls that wait: clients are to come back elsewhere", async () => {
    const { endpoint, runtime, pid } = await servedSocket();
    const session = await opened(endpoint.url);
    await post(session, join);
    await (await fetch(session)).text();
    const waits = fetch(session);
    // Behind it in line: when this is answered, the other one has been taken.
    await (await fetch(`${endpoint.url}/nothing`)).text();
    await runtime.stop(pid, "shutdown");
    assert.equal(await (await waits).text(), '{"status":500}');
  });
});
