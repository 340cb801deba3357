import { assert, describe, expect, test } from "vitest";
import {
  type ConnectRequest,
  type ConnectReturn,
  error,
  SocketTransport,
  type SocketTransportClass,
} from "../../../channels/index.ts";
import { SocketDrain } from "../../../channels/transport-message.ts";
import { type CastResult, noReply, ok, type Ok, stop, sys } from "../../../runtime/index.ts";
import type { Pid } from "../../../runtime/index.ts";
import type { TestLogger } from "../test-connection.ts";
import { TestServer, TestSocket } from "../websocket-server.ts";

interface Count {
  readonly name: string;
  readonly frames: number;
}

let pid: Pid;
const ends: unknown[] = [];

/** Does what the text of a frame says. */
class CountingSocket extends SocketTransport<Count, { readonly say: string }> {
  static connect({ params, connectInfo, transport }: ConnectRequest): ConnectReturn<Count> {
    if (params["token"] === "refuse") return error();
    if (params["token"] === "reason") return error("unauthorized");
    if (params["token"] === "raise") throw new Error("connect failed");
    if (params["token"] === "wrong") return "wrong" as unknown as ConnectReturn<Count>;
    return ok({ name: `${String(params["name"])} ${transport} ${connectInfo.user_agent}`, frames: 0 });
  }

  override init(state: Count): Ok<Count> {
    ({ pid } = this.self);
    this.push(`welcome ${state.name}`);
    return ok({ ...state, frames: 100 });
  }

  override handleIn(data: string | Uint8Array): CastResult | Promise<CastResult> {
    this.state = { ...this.state, frames: this.state.frames + 1 };
    switch (data) {
      case "count":
        this.push(String(this.state.frames));
        return noReply();
      case "later":
        this.self.send(this.self.pid, { say: "later" });
        return noReply();
      case "slow":
        return Promise.resolve().then(() => {
          this.state = { ...this.state, frames: this.state.frames + 1_000 };
          this.push("slow");
          return noReply();
        });
      case "crash":
        throw new Error("boom");
      case "stop":
        return stop("normal");
      case "shutdown":
        return stop("shutdown");
      case "close":
        return stop(["shutdown", ["close", 4001]]);
      default:
        this.push(data);
        return noReply();
    }
  }

  override handleControl(kind: "ping" | "pong", data: Uint8Array): CastResult {
    this.push(`${kind} ${Buffer.from(data).toString()}`);
    return noReply();
  }

  override handleInfo({ say }: { readonly say: string }): CastResult {
    this.push(say);
    return noReply();
  }

  override terminate(reason: unknown): void {
    ends.push(reason);
  }
}

/** Has what it must have. */
class BareSocket extends SocketTransport {
  static connect(): ConnectReturn {
    return ok(undefined);
  }

  handleIn(data: string | Uint8Array): CastResult {
    this.push(data);
    return noReply();
  }
}

const start = (handler: SocketTransportClass = CountingSocket): Promise<TestServer> =>
  TestServer.start({ connectInfo: ["user_agent"], timeout: 5_000 }, handler);

const open = (server: TestServer, params = "name=ada"): Promise<TestSocket> =>
  TestSocket.open(server.url(params), { parse: String });

describe("a connection without channels", () => {
  test("begins with the state of connect, once it is open, whatever the version", async () => {
    await using server = await start();
    const client = await open(server);
    assert.equal(await client.next(), "welcome ada websocket undefined");
    assert.equal(await client.ask("count"), "101");
    client.websocket.terminate();
  });

  test("is refused with 403 by error and by a wrong return, with 500 by a failure", async () => {
    await using server = await start();
    for (const [token, status] of [
      ["refuse", 403],
      ["reason", 403],
      ["wrong", 403],
      ["raise", 500],
    ] as const) {
      await expect(open(server, `token=${token}`)).rejects.toThrow(`${status}`);
    }
    assert.deepEqual(
      (server.runtime.logger as TestLogger).lines.filter((line) => line.startsWith("error")),
      [
        "error Expected the connect of CountingSocket to return ok(state), error() or error(reason): the client is refused",
        "error The connect of CountingSocket failed",
      ],
    );
  });

  test("takes text as a string and bytes as bytes, and pushes both", async () => {
    await using server = await start();
    const client = await open(server);
    await client.next();
    assert.equal(await client.ask('["not", "of Phoenix"'), '["not", "of Phoenix"');
    assert.equal(await client.ask("žluť"), "žluť");
    assert.deepEqual(await client.ask(Uint8Array.of(0, 255)), Buffer.from([0, 255]));
    client.websocket.terminate();
  });

  test("handles one frame at a time, also when it takes long", async () => {
    await using server = await start();
    const client = await open(server);
    await client.next();
    client.send("slow");
    client.send("count");
    assert.equal(await client.next(), "slow");
    assert.equal(await client.next(), "1102");
    client.websocket.terminate();
  });

  test("gets messages of other processes, and pings and pongs of the client", async () => {
    await using server = await start();
    const client = await open(server);
    await client.next();
    assert.equal(await client.ask("later"), "later");
    server.runtime.send(pid, { say: "from outside" });
    assert.equal(await client.next(), "from outside");
    client.websocket.ping("hello");
    assert.equal(await client.next(), "ping hello");
    client.websocket.pong("you");
    assert.equal(await client.next(), "pong you");
    client.websocket.terminate();
  });

  test("gets all pings and pongs, however many there are", async () => {
    await using server = await start();
    const client = await open(server);
    await client.next();
    for (let n = 0; n < 300; n += 1) client.websocket.pong(String(n));
    for (let n = 0; n < 300; n += 1) assert.equal(await client.next(), `pong ${n}`);
    client.websocket.terminate();
  });

  test("shows its state, and goes on with another one that it is given", async () => {
    await using server = await start();
    const client = await open(server);
    await client.next();
    assert.deepEqual(await sys.getState(server.runtime, pid), {
      name: "ada websocket undefined",
      frames: 100,
    });
    await sys.replaceState(server.runtime, pid, (state) => ({ ...(state as Count), frames: 7 }));
    assert.equal(await client.ask("count"), "8");
    client.websocket.terminate();
  });

  for (const [frame, code, reason] of [
    ["stop", 1000, "normal"],
    ["shutdown", 1012, "shutdown"],
    ["close", 4001, ["shutdown", ["close", 4001]]],
    ["crash", 1011, expect.objectContaining({ message: "boom" })],
  ] as const) {
    test(`is closed with ${code} after ${frame}, and terminates with its reason`, async () => {
      await using server = await start();
      const client = await open(server);
      ends.length = 0;
      client.send(frame);
      assert.equal(await client.closed(), code);
      expect(ends).toEqual([reason]);
    });
  }

  test("ends when its client is gone, is closed with 1012 when the server drains and with 1002 when it is silent", async () => {
    await using server = await start();
    ends.length = 0;
    const gone = await open(server);
    await gone.next();
    gone.websocket.close();
    await expect.poll(() => ends).toEqual([["shutdown", "closed"]]);
    const drained = await open(server);
    await drained.next();
    server.runtime.send(pid, new SocketDrain());
    assert.equal(await drained.closed(), 1012);
    await using impatient = await TestServer.start({ timeout: 40 }, CountingSocket);
    const silent = await open(impatient);
    assert.equal(await silent.closed(), 1002);
  });

  test("needs no callback but handleIn", async () => {
    await using server = await start(BareSocket);
    const client = await open(server);
    client.websocket.ping();
    assert.equal(await client.ask("x"), "x");
    client.websocket.terminate();
  });
});
