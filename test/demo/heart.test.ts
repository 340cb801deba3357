import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Channel, Socket } from "phoenix";
import { afterEach, describe, expect, test } from "vitest";
import { ownPort } from "../support/own-port.ts";
import { answer } from "../support/phoenix-client.ts";

const program = fileURLToPath(new URL("stalling-demo.ts", import.meta.url));
/** Short; ten times as long is more than a busy machine takes a thread's turn away for. */
const STALL_MS = 200;
const CLIENTS = 6;

let server: ChildProcess | undefined;
let folder: string;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Starts the server; resolves when it listens. */
async function start(port: number, shards: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      PORT: String(port),
      SHARDS: String(shards),
      DATABASE_PATH: join(folder, "demo.db"),
      CHECK_ORIGIN: "false",
      HEART: "true",
      STALL_MS: String(STALL_MS),
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  server = child;
  await once(child.stdout!, "data");
  return child;
}

async function post(url: string, body: object, token?: string): Promise<{ status: number; data: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const { data } = (await response.json()) as { data: unknown };
  return { status: response.status, data };
}

async function signUp(url: string, number: number): Promise<string> {
  const user = { name: `User ${number}`, email: `user${number}@example.com`, password: "correct horse" };
  await post(`${url}/api/v1/users`, { user });
  const { email, password } = user;
  const { data } = await post(`${url}/api/v1/sessions`, { email, password });
  return (data as { token: string }).token;
}

async function joined(url: string, token: string): Promise<Channel> {
  const socket = new Socket(`${url.replace("http", "ws")}/socket`, {
    params: { token },
    transport: WebSocket,
    reconnectAfterMs: () => 50,
    rejoinAfterMs: () => 50,
  });
  sockets.push(socket);
  socket.connect();
  const room = socket.channel("room:1");
  assert.equal((await answer(room.join())).status, "ok");
  return room;
}

/** Orders again and again until the server answers no more; the ids of what was answered with 201. */
async function orderAll(url: string, token: string, ordered: number[]): Promise<void> {
  const order = { items: [{ product_id: 3, quantity: 1 }] };
  try {
    for (;;) {
      const { status, data } = await post(`${url}/api/v1/orders`, { order }, token);
      assert.equal(status, 201);
      ordered.push((data as { id: number }).id);
    }
  } catch (error) {
    // What fetch says when the connection is gone.
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
  }
}

for (const shards of [1, 2]) {
  describe(`a server with a heart, on ${shards} ${shards === 1 ? "shard" : "shards"}, whose first is held behind an await`, () => {
    test("ends by SIGKILL; started again, its clients come back by themselves, and what it acknowledged is there", async () => {
      folder = mkdtempSync(join(tmpdir(), "rookery-heart-"));
      const port = await ownPort();
      const url = `http://127.0.0.1:${port}`;
      const child = await start(port, shards);
      const tokens: string[] = [];
      const rooms: Channel[] = [];
      for (let number = 0; number < CLIENTS; number += 1) {
        tokens.push(await signUp(url, number));
        rooms.push(await joined(url, tokens.at(-1)!));
      }
      const lost = rooms.map((room) => new Promise((resolve) => room.onError(resolve)));
      const ordered = tokens.map((): number[] => []);
      const orders = tokens.map((token, index) => orderAll(url, token, ordered[index]!));
      await expect.poll(() => ordered.every((ids) => ids.length > 0)).toBe(true);

      let stderr = "";
      child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
      child.send("hold");
      assert.deepEqual(await once(child, "close"), [null, "SIGKILL"]);
      expect(stderr).toMatch(/^Heart: .* has held the first shard of .* ends by SIGKILL.*\n$/);
      await Promise.all([...lost, ...orders]);

      await start(port, shards);
      await expect.poll(() => rooms.map(({ state }) => state)).toEqual(rooms.map(() => "joined"));
      for (const room of rooms)
        assert.equal((await answer(room.push("message:new", { body: "back" }))).status, "ok");
      for (const [index, token] of tokens.entries())
        for (const id of ordered[index]!) {
          const found = await fetch(`${url}/api/v1/orders/${id}`, {
            headers: { authorization: `Bearer ${token}` },
          });
          assert.equal(found.status, 200);
        }
    });
  });
}
