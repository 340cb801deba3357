import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, test } from "vitest";
import { z } from "zod";
import { type Runtime, silentLogger } from "../../../runtime/index.ts";
import {
  broadcast,
  broadcastTo,
  Channel,
  type ChannelSocket,
  type Contract,
  defineChannel,
  defineContract,
  defineSocket,
  error,
  type HandleInFunction,
  type JoinReturn,
  noReply,
  ok,
  Presence,
  push,
  reply,
  type Socket,
  type SocketDefinition,
  stop,
} from "../../../channels/index.ts";
import { checkOutgoing } from "../../../channels/contract/outgoing.ts";
import { connect, PUBSUB, startRuntime, type TestConnection } from "../test-connection.ts";

/** A wrong value, where the compiler would not let one through. */
const wrong = (value: unknown): never => value as never;

const roomContract = defineContract({
  join: {
    params: z.object({
      name: z.string().min(1),
      since: z.string().transform(Number).optional(),
    }),
    reply: z.object({ name: z.string(), since: z.number().optional() }),
    error: z.object({ reason: z.string() }),
  },
  in: {
    "message:new": {
      payload: z.object({
        body: z.string().trim().min(1),
        tags: z.array(z.object({ name: z.string() })).optional(),
      }),
      reply: z.object({ body: z.string() }),
      error: z.object({ reason: z.string() }),
    },
    taken: {
      payload: z.string().refine(async (name) => (await Promise.resolve(name)) !== "taken", "is taken"),
    },
    send: { payload: z.object({ event: z.string(), payload: z.unknown() }) },
    shout: {},
    intercepted: {},
    wrong_reply: {},
    wrong_error: { error: z.object({ reason: z.string() }) },
    wrong_payload: { reply: z.object({ id: z.number() }) },
    wrong_later: { reply: z.object({ id: z.number() }) },
    stop: {},
    wrong_stop: { reply: z.object({ id: z.number() }) },
  },
  out: { "message:new": z.object({ body: z.string() }), typing: z.object({ name: z.string() }) },
});

const RoomChannel = defineChannel(roomContract, {
  name: "RoomChannel",
  intercept: ["typing"],
  join(topic, { name, since }, socket) {
    if (topic === "room:full") return error({ reason: "full" });
    if (topic === "room:wrong") return ok(wrong({ name: 7 }), socket);
    if (topic === "room:wrong_error") return error(wrong("full"));
    return ok({ name, ...(since === undefined ? {} : { since }) }, socket.assign({ name }));
  },
  handleIn: {
    "message:new"({ body }, socket) {
      broadcast(socket, "message:new", { body });
      return reply("ok", { body }, socket);
    },
    taken: (name, socket) => reply("ok", { name }, socket),
    send({ event, payload }, socket) {
      push(socket, wrong(event), wrong(payload));
      return noReply(socket);
    },
    shout(payload, socket) {
      return reply(
        "ok",
        { payload, name: socket.assigns["name"], channel: this.self.pid === socket.channelPid },
        socket,
      );
    },
    async intercepted(_payload, socket) {
      await Promise.resolve();
      broadcast(socket, "typing", { name: "Ada" });
      return noReply(socket);
    },
    wrong_reply: () => wrong("wrong"),
    wrong_error: (_payload, socket) => reply("error", wrong({}), socket),
    wrong_payload: (_payload, socket) => reply("ok", wrong({ id: "7" }), socket),
    wrong_later: async (_payload, socket) => reply("ok", wrong({ id: "7" }), socket),
    wrong_stop: (_payload, socket) => stop("shutdown", ["ok", { id: "7" }], socket),
    stop: (_payload, socket) => stop("shutdown", ["ok", { bye: true }], socket),
  },
  handleOut(event, payload, socket) {
    push(socket, event, payload);
    return noReply(socket);
  },
});

interface EchoTypes {
  readonly join: { readonly name: string };
}

const echoContract = defineContract({
  join: { params: z.object({ name: z.string() }) },
  in: { echo: { payload: z.object({ body: z.string() }) } },
});

class EchoChannel extends Channel<EchoTypes> {
  static readonly contract: Contract = echoContract;

  override join(_topic: string, { name }: EchoTypes["join"], socket: ChannelSocket<EchoTypes>): JoinReturn {
    return ok({ name }, socket);
  }

  handleIn: HandleInFunction = (event, payload, socket) => reply("ok", { event, payload }, socket);
}

class LaxChannel extends Channel {
  static readonly contract: Contract = defineContract({ in: { send: {}, missing: {} }, out: {} });
  static readonly checkOutgoing: boolean = false;

  join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }

  handleIn = {
    send(_payload: unknown, socket: Socket) {
      push(socket, "unknown", { any: "thing" });
      return noReply(socket);
    },
  };
}

const handler: SocketDefinition = defineSocket({
  channels: [
    ["room:*", RoomChannel],
    ["echo", EchoChannel],
    ["lax", LaxChannel],
  ],
  connect: (_params, socket) => ok(socket),
});

let runtime: Runtime;
let client: TestConnection;

beforeEach(async () => {
  runtime = await startRuntime();
  client = await connect(runtime, handler);
});
afterEach(() => runtime.shutdown());

const joining = (topic: string, params: unknown): Promise<unknown> =>
  client.ask(["1", "1", topic, "phx_join", params]);

async function join(topic: string = "room:1"): Promise<void> {
  const answer = await joining(topic, { name: "Ada" });
  assert.equal((answer as { status: string }[])[4]?.status, "ok");
}

const pushing = (event: string, payload: unknown, topic: string = "room:1"): Promise<unknown> =>
  client.ask(["1", "2", topic, event, payload]);

/** The answer to a push: what it broadcasts comes before. */
async function lastOf(event: string, payload: unknown): Promise<unknown> {
  client.send(["1", "2", "room:1", event, payload]);
  return (await client.rest()).at(-1);
}

const replied = (status: string, response: unknown, topic: string = "room:1", ref: string = "2"): unknown => [
  "1",
  ref,
  topic,
  "phx_reply",
  { status, response },
];

const invalid = (errors: object): object => ({ reason: "invalid payload", errors });

const CRASHED = ["1", "1", "room:1", "phx_error", { reason: "channel_crash" }];

describe("the params of a join", () => {
  test("reach the channel as the schema has made them", async () => {
    assert.deepEqual(
      await joining("room:1", { name: "Ada", since: "7", extra: true }),
      replied("ok", { name: "Ada", since: 7 }, "room:1", "1"),
    );
  });

  test("that don't fit are answered with an error that names the field, and nobody joins", async () => {
    const errors = { name: ["Invalid input: expected string, received undefined"] };
    assert.deepEqual(await joining("room:1", {}), replied("error", invalid(errors), "room:1", "1"));
    assert.deepEqual(await pushing("shout", {}), [
      null,
      "2",
      "room:1",
      "phx_reply",
      { status: "error", response: { reason: "unmatched topic" } },
    ]);
  });

  test("that are no object are wrong as a whole, under the empty name", async () => {
    const errors = { "": ["Invalid input: expected object, received string"] };
    assert.deepEqual(await joining("room:1", "Ada"), replied("error", invalid(errors), "room:1", "1"));
  });

  test("don't matter to how the channel refuses", async () => {
    assert.deepEqual(
      await joining("room:full", { name: "Ada" }),
      replied("error", { reason: "full" }, "room:full", "1"),
    );
  });
});

describe("the payload of an event", () => {
  test("reaches its handler as the schema has made it", async () => {
    await join();
    client.send(["1", "2", "room:1", "message:new", { body: "  hi " }]);
    assert.deepEqual(await client.rest(), [
      [null, null, "room:1", "message:new", { body: "hi" }],
      replied("ok", { body: "hi" }),
    ]);
  });

  test("that does not fit is answered with an error that names each field by its path, and the channel lives on", async () => {
    await join();
    assert.deepEqual(
      await pushing("message:new", { body: "", tags: [{ name: "a" }, { name: 7 }] }),
      replied(
        "error",
        invalid({
          body: ["Too small: expected string to have >=1 characters"],
          "tags.1.name": ["Invalid input: expected string, received number"],
        }),
      ),
    );
    assert.deepEqual(await pushing("shout", 7), replied("ok", { payload: 7, name: "Ada", channel: true }));
  });

  test("is told with at most 32 of its faults", async () => {
    await join();
    const tags = Array.from({ length: 1_000 }, () => ({}));
    const [, , , , { response }] = (await pushing("message:new", { body: "hi", tags })) as [
      0,
      0,
      0,
      0,
      { response: { errors: object } },
    ];
    assert.equal(Object.keys(response.errors).length, 32);
  });

  test("may be checked asynchronously, and what comes meanwhile waits its turn", async () => {
    await join();
    client.send(["1", "2", "room:1", "taken", "taken"]);
    client.send(["1", "3", "room:1", "taken", "free"]);
    client.send(["1", "4", "room:1", "shout", 1]);
    assert.deepEqual(await client.rest(), [
      replied("error", invalid({ "": ["is taken"] })),
      replied("ok", { name: "free" }, "room:1", "3"),
      replied("ok", { payload: 1, name: "Ada", channel: true }, "room:1", "4"),
    ]);
  });

  test("may be bytes, if the schema says nothing else", async () => {
    await join();
    // kind=push, joinRefSize, refSize, topicSize, eventSize, the parts, one byte
    const frame = Buffer.from([0, 1, 1, 6, 11, ...Buffer.from("12room:1message:new"), 7]);
    const errors = { body: ["Invalid input: expected string, received undefined"] };
    assert.deepEqual(await client.ask(frame), replied("error", invalid(errors)));
  });

  test("may come with a field of any name", async () => {
    await join("echo");
    const payload = JSON.parse('{ "__proto__": 7, "body": 1, "constructor": {} }') as unknown;
    const errors = { body: ["Invalid input: expected string, received number"] };
    assert.deepEqual(await pushing("echo", payload, "echo"), replied("error", invalid(errors), "echo"));
  });
});

describe("whatever a client sends", () => {
  test("is answered, and the channel lives on", async () => {
    await join();
    const channel = await client.channelPid();
    const events = fc.constantFrom("message:new", "taken", "shout", "nothing", "__proto__");
    await fc.assert(
      fc.asyncProperty(events, fc.jsonValue(), async (event, payload) => {
        const [, , , name, { status }] = (await lastOf(event, payload)) as [
          0,
          0,
          0,
          string,
          { status: string },
        ];
        assert.equal(name, "phx_reply");
        assert.match(status, /^(ok|error)$/);
      }),
      { numRuns: 200, seed: 7 },
    );
    assert.ok(runtime.isAlive(channel));
  });
});

describe("an event that is not in the contract", () => {
  test("is answered with an error, and the channel lives on", async () => {
    await join();
    for (const event of ["message:old", "", "constructor", "__proto__", "handleIn", "join"]) {
      assert.deepEqual(await pushing(event, {}), replied("error", { reason: "unknown event" }), event);
    }
    assert.deepEqual(await pushing("shout", 1), replied("ok", { payload: 1, name: "Ada", channel: true }));
  });
});

describe("a class with a contract", () => {
  test("has its join and its handleIn called only with what fits", async () => {
    assert.deepEqual(
      await joining("echo", {}),
      replied(
        "error",
        invalid({ name: ["Invalid input: expected string, received undefined"] }),
        "echo",
        "1",
      ),
    );
    await join("echo");
    assert.deepEqual(
      await pushing("echo", { body: "hi", extra: 1 }, "echo"),
      replied("ok", { event: "echo", payload: { body: "hi" } }, "echo"),
    );
    assert.deepEqual(
      await pushing("other", {}, "echo"),
      replied("error", { reason: "unknown event" }, "echo"),
    );
  });

  test("crashes for an event of its contract without handler", async () => {
    await join("lax");
    assert.deepEqual(await pushing("missing", {}, "lax"), [
      "1",
      "1",
      "lax",
      "phx_error",
      { reason: "channel_crash" },
    ]);
  });
});

describe("what a channel sends", () => {
  const promises: [string, string, unknown][] = [
    ["a push that does not fit", "send", { event: "message:new", payload: { body: 7 } }],
    ["a push of an event that is not in the contract", "send", { event: "other", payload: {} }],
    ["a push of an event that objects have", "send", { event: "constructor", payload: {} }],
    ["a push of presences when it has none", "send", { event: "presence_state", payload: {} }],
    ["a reply ok that does not fit", "wrong_payload", {}],
    ["one that comes later", "wrong_later", {}],
    ["a reply error that does not fit", "wrong_error", {}],
    ["a reply with which it stops", "wrong_stop", {}],
  ];
  for (const [what, event, payload] of promises) {
    test(`crashes it while developing if it breaks the contract: ${what}`, async () => {
      await join();
      assert.deepEqual(await pushing(event, payload), CRASHED);
    });
  }

  test("crashes a join while developing, too", async () => {
    for (const topic of ["room:wrong", "room:wrong_error"]) {
      assert.deepEqual(
        await joining(topic, { name: "Ada" }),
        replied("error", { reason: "join crashed" }, topic, "1"),
      );
    }
  });

  test("is what the crash report tells of, with the field", async () => {
    const reports: object[] = [];
    const reporting = await startRuntime({
      logger: { ...silentLogger, error: (report) => void reports.push(report) },
    });
    const reported = await connect(reporting, handler);
    await reported.ask(["1", "1", "room:1", "phx_join", { name: "Ada" }]);
    const payload = { event: "message:new", payload: { body: 7 } };
    assert.deepEqual(await reported.ask(["1", "2", "room:1", "send", payload]), CRASHED);
    await reporting.shutdown();
    assert.match(
      inspect(reports, { depth: 9 }),
      /Expected the payload of message:new to fit the contract of RoomChannel, got .*body: .*expected string/,
    );
  });

  test("is not checked by a schema that takes its time, even if that fails", async () => {
    const validate = (): Promise<never> => Promise.reject(new Error("no answer"));
    const late = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const channel = class extends Channel {
      static readonly contract = defineContract({ out: { late } });
      static readonly checkOutgoing = true;
      join = (_topic: string, _params: unknown, socket: Socket): JoinReturn => ok(socket);
    };
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      checkOutgoing(channel, client.runtime, "late", {});
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off("unhandledRejection", note);
    }
    assert.deepEqual(unhandled, []);
  });

  test("is not checked where messages are not frozen, nor where the class says so", async () => {
    const production = await startRuntime({ freezeMessages: false });
    const unchecked = await connect(production, handler);
    await unchecked.ask(["1", "1", "room:1", "phx_join", { name: "Ada" }]);
    assert.deepEqual(
      await unchecked.ask(["1", "2", "room:1", "send", { event: "other", payload: { a: 1 } }]),
      ["1", null, "room:1", "other", { a: 1 }],
    );
    await production.shutdown();

    await join("lax");
    assert.deepEqual(await pushing("send", {}, "lax"), ["1", null, "lax", "unknown", { any: "thing" }]);
  });

  test("goes through handleOut if it is intercepted", async () => {
    await join();
    assert.deepEqual(await pushing("intercepted", {}), ["1", null, "room:1", "typing", { name: "Ada" }]);
  });

  test("from outside of a channel is not its business", async () => {
    await join();
    broadcastTo(runtime, PUBSUB, "room:1", "news", { a: 1 });
    assert.deepEqual(await client.next(), [null, null, "room:1", "news", { a: 1 }]);
  });

  test("may be a stop with a reply", async () => {
    await join();
    client.send(["1", "2", "room:1", "stop", {}]);
    assert.deepEqual(await client.rest(), [
      replied("ok", { bye: true }),
      ["1", "1", "room:1", "phx_close", {}],
    ]);
  });
});

describe("the metas of presences", () => {
  const lobby = defineContract({
    in: { come: { payload: z.unknown() }, change: { payload: z.unknown() } },
    presence: z.object({ at: z.number() }),
  });
  const definition = defineSocket({
    channels: [
      [
        "lobby",
        defineChannel(lobby, {
          join: (_topic, _params, socket) => ok(socket),
          handleIn: {
            async come(meta, socket) {
              await Presence.track(socket, "presence", 7, wrong(meta));
              return reply("ok", socket);
            },
            async change(meta, socket) {
              await Presence.update(socket, "presence", 7, wrong(meta));
              return reply("ok", socket);
            },
          },
        }),
      ],
    ],
    connect: (_params, socket) => ok(socket),
  });
  const crashed = ["1", "1", "lobby", "phx_error", { reason: "channel_crash" }];

  for (const event of ["come", "change"]) {
    test(`are held to the contract while developing: ${event}`, async () => {
      await runtime.start(Presence, { pubsub: PUBSUB }, { name: "presence" });
      client = await connect(runtime, definition);
      await join("lobby");
      await pushing("come", { at: 1 }, "lobby");
      await client.rest();
      assert.deepEqual(await pushing(event, { at: "now" }, "lobby"), crashed);
    });
  }
});

describe("defineChannel", () => {
  const contract = defineContract({ in: { shout: {} } });
  const join = (_topic: string, _params: unknown, socket: Socket) => ok(socket);

  test("wants a handler for each event of in", () => {
    assert.throws(() => defineChannel(contract, { join, handleIn: wrong({}) }), {
      code: "ROOKERY_CONTRACT",
      message: /a handler for each event of in .*shout/,
    });
  });

  test("wants a join, and functions for callbacks and handlers", () => {
    const handleIn = { shout: () => error() };
    for (const callbacks of [{ handleIn }, { join: 7, handleIn }, { join, handleIn: { shout: 7 } }])
      assert.throws(() => defineChannel(contract, wrong(callbacks)), { code: "ROOKERY_CONTRACT" });
    assert.throws(() => defineChannel(contract, wrong({ join, handleIn, terminate: 7 })), {
      code: "ROOKERY_CONTRACT",
      message: /terminate/,
    });
  });

  test("knows no callbacks but those of Channel", () => {
    const handleIn = { shout: () => error() };
    assert.throws(() => defineChannel(contract, wrong({ join, handleIn, handelInfo: () => {} })), {
      code: "ROOKERY_CONTRACT",
      message: /handelInfo/,
    });
  });

  test("gives the channel its name, for logs", () => {
    assert.equal(RoomChannel.name, "RoomChannel");
    assert.equal(handler.routes[0]?.instances.name, "RoomChannel");
  });
});

describe("defineContract", () => {
  test("answers what it was given, frozen", () => {
    const given = { in: { shout: {} } };
    assert.equal(defineContract(given), given);
    assert.ok(Object.isFrozen(given) && Object.isFrozen(given.in) && Object.isFrozen(given.in.shout));
  });

  test("refuses what no contract has, naming it", () => {
    const refused: [unknown, RegExp][] = [
      [{ inn: {} }, /only join, in, out and presence.*inn/],
      [{ join: { param: z.string() } }, /only params, reply, error in join.*param/],
      [{ join: { params: { name: "string" } } }, /a Standard Schema as params of join/],
      [{ in: { shout: { payload: {} } } }, /a Standard Schema as payload of in of shout/],
      [{ in: { shout: 7 } }, /an object of schemas as in of shout.*7/],
      [{ in: { shout: null } }, /an object of schemas as in of shout.*null/],
      [{ in: null }, /an object of schemas as in in.*null/],
      [{ in: "shout" }, /an object of schemas as in in.*shout/],
      [{ out: null }, /an object of schemas as out in.*null/],
      [{ out: ["shout"] }, /an object of schemas as out in.*shout/],
      [{ join: null }, /an object of schemas as join in.*null/],
      [null, /an object of schemas.*null/],
      [{ in: { phx_leave: {} } }, /events of its own.*phx_leave/],
      [{ out: { shout: {} } }, /a Standard Schema as out of shout/],
      [{ out: { phx_close: z.object({}) } }, /events of its own.*phx_close/],
      [{ presence: "meta" }, /a Standard Schema as presence.*meta/],
    ];
    for (const [contract, message] of refused)
      assert.throws(() => defineContract(wrong(contract)), { code: "ROOKERY_CONTRACT", message });
  });
});
