import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "phoenix";
import { describe, test } from "vitest";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { answer, connected } from "../support/phoenix-client.ts";

async function ended({ child }: DemoProcess): Promise<unknown> {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  return (await exit)[0];
}

async function post(url: string, body: object): Promise<{ token: string; user: { id: number } }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 201);
  return ((await response.json()) as { data: { token: string; user: { id: number } } }).data;
}

/** Why the demo did not start: what it said before it ended with code 1. */
async function failure(env: Record<string, string>): Promise<string> {
  try {
    await using _ = await startDemo(env);
  } catch (error) {
    const [, text] = /^the demo ended with 1: ([^]*)$/.exec((error as Error).message) ?? [];
    assert.ok(text !== undefined, String(error));
    assert.match(text, /^demo could not start: [^\n]+\n$/, "one sentence on one line");
    return text;
  }
  throw new Error(`the demo has started with ${JSON.stringify(env)}`);
}

describe.for(["1", "2"])("npm start with SHARDS=%s", (SHARDS) => {
  test("prints its address, drains on SIGTERM, ends with 0 and has kept everything when it is back", async () => {
    const demo = await startDemo({ SHARDS });
    const credentials = { email: "ada@example.com", password: "correct horse" };
    await post(`${demo.url}/api/v1/users`, { user: { name: "Ada", ...credentials } });
    const { token } = await post(`${demo.url}/api/v1/sessions`, credentials);
    const sockets: Socket[] = [];
    // Enough for each shard to have some.
    while (sockets.length < 8)
      sockets.push(await connected(`${demo.url.replace("http", "ws")}/socket`, { token }));
    const room = sockets[0]!.channel("room:1");
    await answer(room.join());
    assert.equal((await answer(room.push("message:new", { body: "kept" }))).status, "ok");

    const closed = sockets.map(
      (socket) =>
        new Promise<number>((resolve) => {
          socket.onClose(({ code }) => {
            socket.disconnect();
            resolve(code);
          });
        }),
    );
    assert.equal(await ended(demo), 0);
    const told = "clients are told to come back";
    assert.deepEqual(
      await Promise.all(closed),
      sockets.map(() => 1012),
      told,
    );

    await using back = await startDemo({ SHARDS, DATABASE_PATH: demo.databasePath });
    const response = await fetch(`${back.url}/api/v1/rooms/1/messages`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { data } = (await response.json()) as { data: { body: string }[] };
    assert.deepEqual(
      data.map(({ body }) => body),
      ["kept"],
    );
  });

  test("says 503 at /healthz while it drains, and still answers the request that was in", async () => {
    const demo = await startDemo({ SHARDS });
    const { hostname, port } = new URL(demo.url);
    const client = connect(Number(port), hostname);
    let answered = "";
    client.on("data", (chunk) => (answered += String(chunk)));
    await once(client, "connect");
    const head = "POST /api/v1/sessions HTTP/1.1\r\nhost: demo\r\ncontent-type: application/json";
    client.write(`${head}\r\ncontent-length: 2\r\n\r\n{`);
    assert.equal((await fetch(`${demo.url}/healthz`)).status, 200);

    const code = ended(demo);
    let response: Response | undefined;
    // A shard that has nothing to finish stops listening; who asks it in that moment has to ask again.
    do response = await fetch(`${demo.url}/healthz`).catch(() => undefined);
    while (response === undefined || response.status === 200);
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { errors: { detail: "Service Unavailable" } });
    client.write("}");
    assert.equal(await code, 0);
    assert.match(answered, /^HTTP\/1\.1 400 Bad Request/);
  });
});

describe("npm start", () => {
  test("says in one sentence why it can't start, and ends with 1", async () => {
    await using taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const folder = mkdtempSync(join(tmpdir(), "rookery-demo-"));
    const file = join(folder, "file");
    writeFileSync(file, "this is no database, and it is long enough to tell");

    assert.match(
      await failure({ PORT: String((taken.address() as AddressInfo).port) }),
      /another program listens there already/,
    );
    assert.match(
      await failure({ DATABASE_PATH: join(file, "demo.db") }),
      /Expected a database that can be opened/,
    );
    assert.match(await failure({ DATABASE_PATH: file }), /file is not a database/);
    await using other = await startDemo({ SHARDS: "2" });
    const { port } = new URL(other.url);
    assert.match(await failure({ PORT: port, SHARDS: "2" }), /another program listens there already/);
    assert.match(await failure({ SHARDS: "65" }), /SHARDS \("65"\) is malformed/);
    assert.match(await failure({ PORT: "many" }), /PORT \("many"\) is malformed/);
    assert.match(
      await failure({ NODE_ENV: "production", SECRET_KEY_BASE: "" }),
      /SECRET_KEY_BASE is missing/,
    );
  });
});
