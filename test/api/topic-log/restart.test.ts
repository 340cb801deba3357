import { assert, describe, onTestFinished, test } from "vitest";
import { defineEndpoint, defineRouter, Repo } from "../../../api/index.ts";
import { sqliteLogStore } from "../../../api/topic-log/sqlite-log-store.ts";
import { broadcastTo, PubSub, TopicLog } from "../../../channels/index.ts";
import { type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { LOG, resumedSocket } from "../../channels/resume/resumed-room.ts";
import { Listener, TOPIC } from "./listener.ts";
import { TemporaryFolder } from "../repo/temporary-repo.ts";

const PUBSUB = "restart.pubsub";

/** A server with an endpoint, a log, and a database if it has a path. */
class Server {
  readonly runtime: Runtime;
  readonly port: number;
  readonly #tree: Pid;

  private constructor(runtime: Runtime, tree: Pid, port: number) {
    this.runtime = runtime;
    this.#tree = tree;
    this.port = port;
  }

  static async start(path: string | undefined, port: number = 0): Promise<Server> {
    const runtime = await Runtime.start({ logger: silentLogger });
    const repo = path === undefined ? undefined : new Repo<unknown>({ path });
    const store = repo === undefined ? {} : { store: sqliteLogStore(repo) };
    const endpoint = defineEndpoint({
      name: "restart.endpoint",
      pubsub: PUBSUB,
      router: defineRouter(() => {}),
      sockets: { "/socket": { handler: resumedSocket, websocket: {} } },
    });
    const { pid, endpoint: running } = await endpoint.start(runtime, {
      port,
      children: [
        ...(repo === undefined ? [] : [repo.childSpec()]),
        { id: "pubsub", name: PUBSUB, start: [PubSub] },
        { id: "log", name: LOG, start: [TopicLog, { pubsub: PUBSUB, ...store }] },
      ],
    });
    const server = new Server(runtime, pid, Number(new URL(running.url).port));
    onTestFinished(() => runtime.shutdown());
    return server;
  }

  /** In order, as an application does when it is asked to end. */
  async stop(): Promise<void> {
    await this.runtime.stop(this.#tree, "shutdown");
    await this.runtime.shutdown();
  }

  say(...numbers: readonly number[]): void {
    for (const n of numbers) broadcastTo(this.runtime, PUBSUB, TOPIC, "said", { n });
  }
}

describe("the client of Phoenix with resumable", () => {
  test("goes on through a restart of the server with a SQLite log, without a gap and nothing twice", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("log.db");
    let server = await Server.start(path);
    const { port } = server;
    const listener = new Listener(port);
    await listener.heardSoFar(1);
    server.say(1, 2);
    await listener.heardSoFar(3);
    const { position } = listener.room;
    listener.socket.disconnect();
    server.say(3, 4);
    await server.stop();

    server = await Server.start(path, port);
    server.say(5);
    listener.socket.connect();
    const heard = await listener.heardSoFar(7);
    assert.deepEqual(heard, ["not resumed", { n: 1 }, { n: 2 }, "resumed", { n: 3 }, { n: 4 }, { n: 5 }]);
    server.say(6);
    assert.deepEqual((await listener.heardSoFar(8)).at(-1), { n: 6 });
    assert.deepInclude(listener.room.position, { epoch: position!.epoch, offset: 6 });

    // A page that is loaded again goes on where it stood.
    const again = new Listener(port, position);
    assert.deepEqual(await again.heardSoFar(5), ["resumed", { n: 3 }, { n: 4 }, { n: 5 }, { n: 6 }]);
  });

  test("comes back by itself while the server restarts under it", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("log.db");
    let server = await Server.start(path);
    const listener = new Listener(server.port);
    await listener.heardSoFar(1);
    server.say(1);
    await listener.heardSoFar(2);
    await server.stop();
    server = await Server.start(path, server.port);
    server.say(2);
    assert.deepEqual((await listener.heardSoFar(4)).slice(2), ["resumed", { n: 2 }]);
  });

  test("is told that a SQLite log was cut off when the server was killed", async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("log.db");
    let server = await Server.start(path);
    const listener = new Listener(server.port);
    await listener.heardSoFar(1);
    server.say(1);
    await listener.heardSoFar(2);
    await server.runtime.shutdown();
    server = await Server.start(path, server.port);
    assert.deepEqual(await listener.heardSoFar(3), ["not resumed", { n: 1 }, "not resumed"]);
  });

  test("is told that a log in memory is another after a restart", async () => {
    let server = await Server.start(undefined);
    const listener = new Listener(server.port);
    await listener.heardSoFar(1);
    server.say(1);
    await listener.heardSoFar(2);
    await server.stop();
    server = await Server.start(undefined, server.port);
    assert.deepEqual(await listener.heardSoFar(3), ["not resumed", { n: 1 }, "not resumed"]);
    server.say(2);
    assert.deepEqual((await listener.heardSoFar(4)).at(-1), { n: 2 });
    assert.equal(listener.room.position!.offset, 1);
  });

  test("joins again by itself when the log dies, gets bytes, and not its own whispers", async () => {
    const server = await Server.start(undefined);
    const [one, other] = [new Listener(server.port), new Listener(server.port)];
    for (const listener of [one, other]) await listener.heardSoFar(1);
    server.runtime.exit(LOG, "kill");
    for (const listener of [one, other])
      assert.deepEqual(await listener.heardSoFar(2), ["not resumed", "not resumed"]);
    one.room.channel.push("whisper", { n: 1 });
    assert.deepEqual((await other.heardSoFar(3)).at(-1), { n: 1 });
    one.room.channel.push("sayBytes", {});
    assert.deepEqual((await one.heardSoFar(3)).at(-1), "bytes");
    await other.heardSoFar(4);
    assert.deepEqual(
      [one, other].map(({ room }) => room.position!.offset),
      [2, 2],
    );
    one.socket.disconnect();
    server.say(3);
    one.socket.connect();
    assert.deepEqual((await one.heardSoFar(5)).slice(2), ["bytes", "resumed", { n: 3 }]);
  });
});
