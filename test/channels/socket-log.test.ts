import { afterEach, assert, describe, expect, test } from "vitest";
import {
  Channel,
  defineSocket,
  error,
  type HandleInMap,
  type JoinReturn,
  ok,
  reply,
  type Socket,
} from "../../channels/index.ts";
import { connectSocket } from "../../channels/connect.ts";
import { v2Json } from "../../channels/serializer/v2-json.ts";
import type { Logger, LogLevel, Runtime } from "../../runtime/index.ts";
import { VirtualClock } from "../../runtime/testing.ts";
import { connect, PUBSUB, startRuntime } from "./test-connection.ts";

/** Keeps lines with their fields, of the level that is wanted and those above. */
class FieldLogger implements Logger {
  readonly lines: [level: LogLevel, message: string, fields: object][] = [];
  readonly #levels: readonly LogLevel[];

  constructor(...levels: LogLevel[]) {
    this.#levels = levels;
  }

  isLevelEnabled = (level: LogLevel): boolean => this.#levels.includes(level);
  debug = (fields: object, message: string): void => this.#keep("debug", message, fields);
  info = (fields: object, message: string): void => this.#keep("info", message, fields);
  warn = (fields: object, message: string): void => this.#keep("warn", message, fields);
  error = (fields: object, message: string): void => this.#keep("error", message, fields);

  /** Supervisors tell of their children at debug. */
  #keep(level: LogLevel, message: string, fields: object): void {
    if (!("supervisor" in fields)) this.lines.push([level, message, fields]);
  }
}

class LoggedChannel extends Channel {
  join(topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return topic === "room:no" ? error({ reason: "no" }) : ok(socket);
  }

  handleIn: HandleInMap = { echo: (payload, socket) => reply("ok", payload, socket) };
}

class QuietChannel extends LoggedChannel {
  static override readonly logJoin = false;
  static override readonly logHandleIn = false;
}

class LoudChannel extends LoggedChannel {
  static override readonly logJoin = "warn";
  static override readonly logHandleIn = "info";
}

const definition = defineSocket({
  name: "LoggedSocket",
  channels: [
    ["quiet:*", QuietChannel],
    ["loud:*", LoudChannel],
    ["*", LoggedChannel],
  ],
  connect: ({ password }, socket) => (password === "wrong" ? error() : ok(socket)),
});

let runtime: Runtime;

afterEach(() => runtime.shutdown());

/** Joins a topic and pushes an event, and answers the lines about both. */
async function linesOf(logger: FieldLogger, topic: string): Promise<FieldLogger["lines"]> {
  runtime = await startRuntime({ logger, clock: new VirtualClock() });
  const client = await connect(runtime, definition, { id: "user:1" });
  await client.ask(["1", "1", topic, "phx_join", { token: "s3cret", a: 1 }]);
  await client.ask(["1", "2", topic, "echo", { user: { password: "s3cret" } }]);
  return logger.lines;
}

describe("the log", () => {
  test("has a line for each join and, at debug, each push, without what looks like a secret", async () => {
    const lines = await linesOf(new FieldLogger("debug", "info"), "room:1");
    const about = { topic: "room:1", id: "user:1", durationMs: 0 };
    assert.deepEqual(lines, [
      ["info", "JOINED room:1", { ...about, params: { token: "[FILTERED]", a: 1 } }],
      [
        "debug",
        "HANDLED echo INCOMING ON room:1 (LoggedChannel)",
        { ...about, event: "echo", params: { user: { password: "[FILTERED]" } } },
      ],
    ]);
  });

  test("has of long params the beginning, without secrets, and how much is missing", async () => {
    const logger = new FieldLogger("debug", "info");
    runtime = await startRuntime({ logger });
    const client = await connect(runtime, definition, { id: "user:1" });
    const params = { token: "s3cret", text: "x".repeat(5_000), password: "hunter2" };
    await client.ask(["1", "1", "room:1", "phx_join", params]);
    await client.ask(["1", "2", "room:1", "echo", params]);
    const begin = `{"token":"[FILTERED]","text":"`;
    const length = `${begin}","password":"[FILTERED]"}`.length + 5_000;
    const cut = `${begin}${"x".repeat(1_000 - begin.length)}… (${length - 1_000} more characters)`;
    assert.deepEqual(
      logger.lines.map(([, , fields]) => (fields as { params: unknown }).params),
      [cut, cut],
    );
  });

  test("says so when a join is refused", async () => {
    const [line] = await linesOf(new FieldLogger("info"), "room:no");
    assert.deepEqual(line!.slice(0, 2), ["info", "REFUSED JOIN room:no"]);
  });

  test("is as loud as the channel's class says", async () => {
    const heard = async (topic: string): Promise<string[]> =>
      (await linesOf(new FieldLogger("debug", "info", "warn"), topic)).map(
        ([level, message]) => `${level} ${message}`,
      );
    assert.deepEqual(await heard("quiet:1"), []);
    assert.deepEqual(await heard("loud:1"), [
      "warn JOINED loud:1",
      "info HANDLED echo INCOMING ON loud:1 (LoudChannel)",
    ]);
  });

  test("is not written to at a level that nobody wants", async () => {
    assert.deepEqual(await linesOf(new FieldLogger("error"), "room:1"), []);
  });

  test("has a line for each connect, let in or not", async () => {
    const logger = new FieldLogger("info");
    runtime = await startRuntime({ logger, clock: new VirtualClock() });
    const context = { transport: "websocket", runtime, pubsub: PUBSUB, serializers: [v2Json] };
    for (const password of ["right", "wrong"]) {
      await connectSocket({ handler: definition, ...context }, { vsn: "2.0.0", password }, {});
    }
    await connectSocket({ handler: { ...definition, log: false }, ...context }, { vsn: "2.0.0" }, {});
    const fields = {
      transport: "websocket",
      durationMs: 0,
      params: { vsn: "2.0.0", password: "[FILTERED]" },
    };
    assert.deepEqual(logger.lines, [
      ["info", "CONNECTED TO LoggedSocket", fields],
      ["info", "REFUSED CONNECTION TO LoggedSocket", fields],
    ]);
  });

  test("takes no other level", () => {
    expect(() =>
      defineSocket({ channels: [], connect: (_, socket) => ok(socket), log: "loud" as LogLevel }),
    ).toThrow(expect.objectContaining({ code: "ROOKERY_SOCKET_OPTION" }));
  });
});
