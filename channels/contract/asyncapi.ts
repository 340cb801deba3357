import type { SocketDefinition } from "../socket-definition.ts";
import type { Contract, PushSchemas } from "./contract.ts";
import { embeddedSchema, type JsonSchema } from "./json-schema.ts";

const ASYNCAPI_VERSION = "3.0.0";

/** What the document says of itself. */
export interface AsyncApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

interface Reference {
  readonly $ref: string;
}

interface AsyncApiMessage {
  /** The event. */
  readonly name: string;
  readonly summary: string;
  readonly payload: JsonSchema;
}

interface AsyncApiChannel {
  /** The topic. */
  readonly address: string;
  readonly messages: Record<string, AsyncApiMessage>;
  readonly parameters?: Record<string, { readonly description: string }>;
}

interface AsyncApiOperation {
  /** From where the server stands: it receives what clients push. */
  readonly action: "receive" | "send";
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
}

/** A plain object, to be served or written as JSON. */
export interface AsyncApiDocument {
  readonly asyncapi: string;
  readonly info: AsyncApiInfo;
  readonly defaultContentType: string;
  readonly channels: Record<string, AsyncApiChannel>;
  readonly operations: Record<string, AsyncApiOperation>;
  readonly components: { readonly schemas: Record<string, JsonSchema> };
}

const PRESENCE_EVENTS: Readonly<Record<string, string>> = {
  presence_state: "Who is in the topic, under their keys.",
  presence_diff: "Who has come into the topic, and who has left it.",
};

const COMPONENTS: Readonly<Record<string, JsonSchema>> = {
  InvalidPayload: {
    type: "object",
    description: "Under the path of each field what is wrong with it.",
    required: ["reason", "errors"],
    properties: {
      reason: { const: "invalid payload" },
      errors: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
    },
  },
};

/**
 * Describes channels to people and tools that are not written in TypeScript: an AsyncAPI 3 document, made of the contracts of a
 * socket's channels, or of contracts by their topic patterns. A channel without contract is left out. A payload is what stands in the
 * payload's place of a frame, as it crosses the wire. A schema whose library has no Standard JSON Schema, or which has no form
 * there, is described as anything.
 * @example
 * ```ts
 * const document = asyncapi(UserSocket, { title: "Chat", version: "1.0.0" });
 * document.channels["room"].address; // => "room:{subtopic}"
 * ```
 */
export function asyncapi(
  source: SocketDefinition | Readonly<Record<string, Contract>>,
  info: AsyncApiInfo,
): AsyncApiDocument {
  const document: AsyncApiDocument = {
    asyncapi: ASYNCAPI_VERSION,
    info,
    defaultContentType: "application/json",
    channels: {},
    operations: {},
    components: { schemas: { ...COMPONENTS } },
  };
  for (const [pattern, contract] of contractsOf(source)) describeChannel(document, pattern, contract);
  return document;
}

function contractsOf(source: SocketDefinition | Readonly<Record<string, Contract>>): [string, Contract][] {
  if (!("routes" in source && Array.isArray(source.routes))) return Object.entries(source);
  const { routes } = source as SocketDefinition;
  return routes.flatMap(({ pattern, channel: { contract } }) =>
    contract === undefined ? [] : [[pattern, contract]],
  );
}

function describeChannel(document: AsyncApiDocument, pattern: string, contract: Contract): void {
  const { join = {}, in: inbound = {}, out = {}, presence } = contract;
  const id = unused(document.channels, pattern.replace(/\W*\*$/, ""));
  const channel: AsyncApiChannel = {
    address: pattern.replace(/\*$/, "{subtopic}"),
    messages: {},
    ...(pattern.endsWith("*") ? { parameters: { subtopic: { description: "The rest of the topic." } } } : {}),
  };
  document.channels[id] = channel;
  const own: Reference = { $ref: `#/channels/${id}` };

  const message = (
    key: string,
    name: string,
    summary: string,
    payload: (pointer: string) => JsonSchema,
  ): Reference => {
    const at = unused(channel.messages, key);
    const $ref = `${own.$ref}/messages/${at}`;
    channel.messages[at] = { name, summary, payload: payload(`${$ref}/payload`) };
    return { $ref };
  };
  const received = (key: string, event: string, summary: string, { payload, reply, error }: PushSchemas) => {
    const invalid = { $ref: "#/components/schemas/InvalidPayload" };
    const messages = [message(key, event, summary, (pointer) => embeddedSchema(payload, pointer))];
    const replies = [
      message(`${key}.ok`, "phx_reply", `The answer "ok" to ${event}.`, (pointer) =>
        embeddedSchema(reply, pointer),
      ),
      message(`${key}.error`, "phx_reply", `The answer "error" to ${event}.`, (pointer) =>
        error === undefined ? {} : { anyOf: [embeddedSchema(error, `${pointer}/anyOf/0`), invalid] },
      ),
    ];
    document.operations[unused(document.operations, `${id}.${key}`)] = {
      action: "receive",
      channel: own,
      messages,
      reply: { channel: own, messages: replies },
    };
  };
  const sent = (event: string, summary: string, payload: (pointer: string) => JsonSchema): void => {
    const messages = [message(`out.${event}`, event, summary, payload)];
    document.operations[unused(document.operations, `${id}.out.${event}`)] = {
      action: "send",
      channel: own,
      messages,
    };
  };

  const { params, ...answers } = join;
  received("join", "phx_join", "A client joins the topic.", {
    ...(params === undefined ? {} : { payload: params }),
    ...answers,
  });
  for (const [event, schemas] of Object.entries(inbound))
    received(`in.${event}`, event, `Clients push ${event}.`, schemas);
  for (const [event, schema] of Object.entries(out))
    sent(event, `Clients get ${event}.`, (pointer) => embeddedSchema(schema, pointer));
  if (presence === undefined) return;
  const keyed = (pointer: string): JsonSchema => presences(embeddedSchema(presence, `${pointer}/${META_AT}`));
  for (const [event, summary] of Object.entries(PRESENCE_EVENTS)) {
    sent(event, summary, (pointer) =>
      event === "presence_state"
        ? keyed(pointer)
        : {
            type: "object",
            required: ["joins", "leaves"],
            properties: {
              joins: keyed(`${pointer}/properties/joins`),
              leaves: keyed(`${pointer}/properties/leaves`),
            },
          },
    );
  }
}

/** Where the schema of a meta stands in that of presences. */
const META_AT = "additionalProperties/properties/metas/items/allOf/0";

function presences(meta: JsonSchema): JsonSchema {
  const items = {
    allOf: [meta, { type: "object", required: ["phx_ref"], properties: { phx_ref: { type: "string" } } }],
  };
  return {
    type: "object",
    additionalProperties: {
      type: "object",
      required: ["metas"],
      properties: { metas: { type: "array", items } },
    },
  };
}

/** A key that references can name without escapes, and that nothing else has. */
function unused(taken: object, name: string): string {
  const key = name.replace(/[^\w.-]/g, "_") || "all";
  let free = key;
  for (let number = 2; Object.hasOwn(taken, free); number += 1) free = `${key}_${number}`;
  return free;
}
