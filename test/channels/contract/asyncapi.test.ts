import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { describe, test } from "vitest";
import { z } from "zod";
import {
  type AsyncApiDocument,
  asyncapi,
  defineChannel,
  defineContract,
  defineSocket,
  noReply,
  ok,
  type StandardSchema,
} from "../../../channels/index.ts";
import { BareChannel } from "../room-channel.ts";

const info = { title: "Chat", version: "1.2.3" };

interface Comment {
  readonly body: string;
  readonly answers: readonly Comment[];
}
const comment: z.ZodType<Comment, Comment> = z.object({
  body: z.string(),
  get answers() {
    return z.array(comment);
  },
});

const roomContract = defineContract({
  join: { params: z.object({ name: z.string() }), reply: z.object({ history: z.array(z.string()) }) },
  in: {
    "message:new": {
      payload: z.object({ body: z.string().trim().min(1) }),
      reply: z.object({ id: z.int() }),
      error: z.object({ reason: z.literal("muted") }),
    },
    message_new: {},
  },
  out: { "message:new": z.object({ at: z.string() }), comment },
  presence: z.object({ online_at: z.number() }),
});

/** A schema of a library without JSON Schema. */
const bare: StandardSchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

const roomChannel = defineChannel(roomContract, {
  join: (_topic, _params, socket) => ok({ history: [] }, socket),
  handleIn: {
    "message:new": (_payload, socket) => noReply(socket),
    message_new: (_payload, socket) => noReply(socket),
  },
});

const document = asyncapi(
  defineSocket({
    channels: [
      ["room:*", roomChannel],
      ["untyped:*", BareChannel],
    ],
    connect: (_params, socket) => ok(socket),
  }),
  info,
);

/** Errors of a document by the official schema of AsyncAPI 3.0. */
function faults(of: AsyncApiDocument): unknown {
  const require = createRequire(import.meta.url);
  const official = require("@asyncapi/specs/schemas/3.0.0-without-$id.json") as object;
  const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(official);
  validate(of);
  return validate.errors;
}

/** What a reference of the document stands for. */
function at(pointer: string): unknown {
  assert.match(pointer, /^#\//);
  let value: unknown = document;
  for (const key of pointer.slice(2).split("/")) value = (value as Record<string, unknown>)[key];
  return value;
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { $ref } = value as { $ref?: unknown };
  return [
    ...(typeof $ref === "string" ? [$ref] : []),
    ...Object.values(value).flatMap((part) => references(part)),
  ];
}

/** Whether a payload is what the document says of the message. */
function allows(message: string, payload: unknown): boolean {
  const ajv = new Ajv({ strict: false });
  const $ref = `document#/channels/room/messages/${message}/payload`;
  return ajv.addSchema(document, "document").validate({ $ref }, payload);
}

describe("asyncapi", () => {
  test("makes a document that is valid by the official schema", () => {
    assert.equal(faults(document), null);
    assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
  });

  test("would be found out if it were not", () => {
    assert.notEqual(faults({ ...document, operations: { join: { action: "listen" } } } as never), null);
  });

  test("describes each channel that has a contract, under its topic", () => {
    assert.deepEqual(Object.keys(document.channels), ["room"]);
    const { address, parameters } = document.channels["room"]!;
    assert.equal(address, "room:{subtopic}");
    assert.deepEqual(parameters, { subtopic: { description: "The rest of the topic." } });
    assert.deepEqual(document.info, info);
  });

  test("has an operation for the join and for each event, from where the server stands", () => {
    const operations = Object.entries(document.operations).map(([name, { action, messages, reply }]) => {
      const named = [...messages, ...(reply?.messages ?? [])].map(
        ({ $ref }) => (at($ref) as { name: string }).name,
      );
      return `${name}: ${action} ${named.join()}`;
    });
    assert.deepEqual(operations, [
      "room.join: receive phx_join,phx_reply,phx_reply",
      "room.in.message_new: receive message:new,phx_reply,phx_reply",
      "room.in.message_new_2: receive message_new,phx_reply,phx_reply",
      "room.out.message_new: send message:new",
      "room.out.comment: send comment",
      "room.out.presence_state: send presence_state",
      "room.out.presence_diff: send presence_diff",
    ]);
  });

  test("says of payloads what the schemas take", () => {
    assert.ok(allows("in.message_new", { body: "hi" }));
    assert.ok(!allows("in.message_new", { body: 7 }));
    assert.ok(!allows("in.message_new", {}));
    assert.ok(allows("in.message_new_2", 7));
    assert.ok(allows("in.message_new.error", { reason: "muted" }));
    assert.ok(allows("in.message_new.error", { reason: "invalid payload", errors: { body: ["no"] } }));
    assert.ok(!allows("in.message_new.error", { reason: "deaf" }));
  });

  test("says what presences look like", () => {
    const here = { "7": { metas: [{ online_at: 1, phx_ref: "x" }] } };
    assert.ok(allows("out.presence_state", here));
    assert.ok(!allows("out.presence_state", { "7": { metas: [{ phx_ref: "x" }] } }));
    assert.ok(!allows("out.presence_state", { "7": { metas: [{ online_at: 1 }] } }));
    assert.ok(allows("out.presence_diff", { joins: here, leaves: {} }));
    assert.ok(!allows("out.presence_diff", { joins: here }));
  });

  test("keeps a schema that refers to itself whole", () => {
    for (const reference of references(document)) assert.notEqual(at(reference), undefined, reference);
    assert.ok(allows("out.comment", { body: "hi", answers: [{ body: "ho", answers: [] }] }));
    assert.ok(!allows("out.comment", { body: "hi", answers: [{ body: 7, answers: [] }] }));
  });

  test("takes contracts by their topics, and topics of any kind", () => {
    const contract = defineContract({ in: { shout: {} } });
    const { channels } = asyncapi({ "*": contract, lobby: contract, "lobby:*": contract }, info);
    assert.deepEqual(
      Object.entries(channels).map(([id, { address }]) => [id, address]),
      [
        ["all", "{subtopic}"],
        ["lobby", "lobby"],
        ["lobby_2", "lobby:{subtopic}"],
      ],
    );
    assert.equal(channels["lobby"]!.parameters, undefined);
  });

  test("describes as anything what has no JSON Schema", () => {
    const made = asyncapi({ lobby: defineContract({ out: { bare, date: z.date() as never } }) }, info);
    const { messages } = made.channels["lobby"]!;
    assert.deepEqual([messages["out.bare"]?.payload, messages["out.date"]?.payload], [{}, {}]);
    assert.equal(faults(made), null);
  });
});
