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

/** Ends what runs as the server. */
let end: () => unknown = () => {};
let folder: string;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  end();
  rmSync(folder, { recursive: true });
});

/** Starts the server; resolves when it listens. */
async function start(port: number, shards: number, command?: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      PORT: String(port),
      SHARDS: String(shards),
      DATABASE_PATH: join(folder, "demo.db"),
      CHECK_ORIGIN: "false",
      ...(command === undefined ? {} : { HEART_COMMAND: command }),
      STALL_MS: String(STALL_MS),
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  end = () => child.kill("SIGKILL");
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

describe("a server whose first shard is held behind an await ends by SIGKILL; its clients come back by themselves, and what it acknowledged is there", () => {
  test("where who has started it starts it again (2 shards)", async () => {
    const { url, port, child, ...before } = await used(2);
    let stderr = "";
    child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
    child.send("hold");
    assert.deepEqual(await once(child, "close"), [null, "SIGKILL"]);
    expect(stderr).toMatch(/^Heart: .* has held the first shard of .* ends by SIGKILL.*\n$/);
    await start(port, 2);
    await isAsBefore(url, before);
  });

  test("where its HEART_COMMAND does (1 shard)", async () => {
    const { url, child, ...before } = await used(1, `exec '${process.execPath}' '${program}'`);
    const again = once(child.stdout!, "data");
    child.send("hold");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    const [said] = (await again) as [Buffer];
    end = () => process.kill(Number.parseInt(String(said), 10), "SIGKILL");
    await isAsBefore(url, before);
  });
});

interface Before {
  readonly tokens: readonly string[];
  readonly rooms: readonly Channel[];
  /** What was acknowledged to each client. */
  readonly ordered: readonly (readonly number[])[];
  /** The connections are gone. */
  readonly lost: Promise<unknown>;
}

/** A server with clients in a room that order as long as it answers. */
async function used(
  shards: number,
  command?: string,
): Promise<Before & { readonly url: string; readonly port: number; readonly child: ChildProcess }> {
  folder = mkdtempSync(join(tmpdir(), "rookery-heart-"));
  const port = await ownPort();
  const url = `http://127.0.0.1:${port}`;
  const child = await start(port, shards, command);
  const tokens: string[] = [];
  const rooms: Channel[] = [];
  for (let number = 0; number < CLIENTS; number += 1) {
    tokens.push(await signUp(url, number));
    rooms.push(await joined(url, tokens.at(-1)!));
  }
  const errors = rooms.map((room) => new Promise((resolve) => room.onError(resolve)));
  const ordered = tokens.map((): number[] => []);
  const orders = tokens.map((token, index) => orderAll(url, token, ordered[index]!));
  await expect.poll(() => ordered.every((ids) => ids.length > 0)).toBe(true);
  return { url, port, child, tokens, rooms, ordered, lost: Promise.all([...errors, ...orders]) };
}

async function isAsBefore(url: string, { tokens, rooms, ordered, lost }: Before): Promise<void> {
  await lost;
  await expect.poll(() => rooms.map(({ state }) => state)).toEqual(rooms.map(() => "joined"));
  // On a busy machine a handler may take long enough to be taken for one that stalls: then its channel is joined anew.
  for (const room of rooms)
    await expect
      .poll(async () => (await answer(room.push("message:new", { body: "back" }))).status)
      .toBe("ok");
  for (const [index, token] of tokens.entries())
    for (const id of ordered[index]!) {
      const found = await fetch(`${url}/api/v1/orders/${id}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.equal(found.status, 200);
    }
}
