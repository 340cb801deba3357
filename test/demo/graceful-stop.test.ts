import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket as NetSocket } from "node:net";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { connected } from "../support/phoenix-client.ts";

/** All that a demo says from now on. */
class Output {
  text = "";

  constructor({ child }: DemoProcess) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (chunk) => (this.text += String(chunk)));
  }

  async says(sentence: string): Promise<void> {
    await expect.poll(() => this.text).toContain(sentence);
  }

  /** Where it says so for the first and for the last time. */
  bounds(sentence: string): readonly [first: number, last: number] {
    assert.ok(this.text.includes(sentence), `${sentence}\n${this.text}`);
    return [this.text.indexOf(sentence), this.text.lastIndexOf(sentence)];
  }
}

/** Somebody who wants to sign up, and has sent all but the last byte. */
class SlowRequest {
  readonly #socket: NetSocket;
  #answered = "";

  private constructor(socket: NetSocket) {
    this.#socket = socket;
    socket.on("data", (chunk) => (this.#answered += String(chunk)));
  }

  static async send(url: string, name: string): Promise<SlowRequest> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const body = JSON.stringify({ user: { name, email: `${name}@example.com`, password: "correct horse" } });
    const head = "POST /api/v1/users HTTP/1.1\r\nhost: demo\r\ncontent-type: application/json";
    socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`);
    return new SlowRequest(socket);
  }

  /** Sends the rest; resolves to the whole answer when the server has closed the connection. */
  async finish(): Promise<string> {
    const closed = once(this.#socket, "close");
    this.#socket.write("}");
    await closed;
    return this.#answered;
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

/** Somebody who has signed up, and is connected. */
async function openSocket(url: string): Promise<{ readonly code: Promise<number> }> {
  const credentials = { email: "ada@example.com", password: "correct horse" };
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${url}/api/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  assert.equal((await post("users", { user: { name: "ada", ...credentials } })).status, 201);
  const { data } = (await (await post("sessions", credentials)).json()) as { data: { token: string } };
  const socket = await connected(`${url.replace("http", "ws")}/socket`, { token: data.token });
  const code = new Promise<number>((resolve) => {
    socket.onClose((event) => {
      socket.disconnect();
      resolve(event.code);
    });
  });
  return { code };
}

describe.for(["1", "2"])("SIGTERM to the demo on %s shards", (SHARDS) => {
  test("ends readiness first, then sockets, then requests, then the database, and loses nothing", async () => {
    const demo = await startDemo({ SHARDS, LOG_LEVEL: "info", DRAIN_DELAY_MS: "5000" });
    const output = new Output(demo);
    const idle = connect(Number(new URL(demo.url).port), "127.0.0.1");
    await once(idle, "connect");
    const idleClosed = once(idle, "close");
    const names = Array.from({ length: 8 }, (_, index) => `user${index}`);
    const requests = await Promise.all(names.map((name) => SlowRequest.send(demo.url, name)));
    const signUp = await SlowRequest.send(demo.url, "early");
    assert.equal(await statusOf(`${demo.url}/readyz`), 200);

    const { code } = await openSocket(demo.url);

    const exit = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    await output.says("demo.endpoint is draining");
    // For a while it only says that it is draining: what a load balancer still sends is served as ever.
    await expect.poll(() => statusOf(`${demo.url}/readyz`)).toBe(503);
    assert.equal(await statusOf(`${demo.url}/api/v1/products`), 200);
    assert.match(await signUp.finish(), /^HTTP\/1\.1 201 [^]*\r\nconnection: close\r\n/);
    assert.equal(await code, 1012);
    await output.says("demo.endpoint finishes the requests that are in");
    const answers = await Promise.all(requests.map((request) => request.finish()));
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 201 /);
    await idleClosed;
    assert.deepEqual(await exit, [0, null]);

    const steps = [
      "demo stops",
      "demo.endpoint is draining",
      "Sending away 1 of 1 clients of demo.endpoint/socket",
      '"path":"/api/v1/users","status":201',
      "demo.repo is closed",
      "demo has stopped",
    ];
    for (const [index, step] of steps.entries())
      if (index > 0)
        assert.ok(output.bounds(steps[index - 1]!)[0] < output.bounds(step)[1], `${step}\n${output.text}`);
    const lastAnswer = output.bounds('"status":201')[1];
    assert.ok(lastAnswer < output.bounds("demo.endpoint is closed")[1], output.text);
    assert.ok(lastAnswer < output.bounds("demo.repo is closed")[1], output.text);

    assert.ok(!existsSync(`${demo.databasePath}-wal`), "all that was committed is in the one file");
    const database = new Database(demo.databasePath, { readonly: true });
    const rows = database.prepare("select name from users order by id").all() as { name: string }[];
    database.close();
    assert.deepEqual(rows.map(({ name }) => name).toSorted(), [...names, "early", "ada"].toSorted());
  });

  test("a second one ends it at once, and a line says so", async () => {
    const demo = await startDemo({ SHARDS, LOG_LEVEL: "info" });
    const output = new Output(demo);
    await SlowRequest.send(demo.url, "never");
    assert.equal(await statusOf(`${demo.url}/readyz`), 200);
    const exit = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    await output.says("demo.endpoint is draining");
    demo.child.kill("SIGINT");
    assert.deepEqual(await exit, [130, null]);
    await output.says("demo ends at once: another signal came, SIGINT, before it had stopped\n");
  });

  test("takes at most as long as STOP_MS says, and a line says so", async () => {
    const demo = await startDemo({ SHARDS, STOP_MS: "300" });
    const output = new Output(demo);
    await SlowRequest.send(demo.url, "never");
    assert.equal(await statusOf(`${demo.url}/readyz`), 200);
    const exit = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    assert.deepEqual(await exit, [1, null]);
    await output.says("demo ends at once: it did not stop within 300 ms\n");
  });
});

describe("/readyz", () => {
  test("is 503 while the database takes no transactions, and 200 again when it does; /healthz is 200 all the time", async () => {
    await using demo = await startDemo({ SHARDS: "1" });
    const other = new Database(demo.databasePath);
    assert.equal(await statusOf(`${demo.url}/readyz`), 200);
    other.exec("begin immediate");
    assert.equal(await statusOf(`${demo.url}/readyz`), 503);
    assert.equal(await statusOf(`${demo.url}/healthz`), 200);
    other.exec("rollback");
    await expect.poll(() => statusOf(`${demo.url}/readyz`)).toBe(200);
    other.close();
  });
});
