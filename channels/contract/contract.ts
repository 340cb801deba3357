import { channelsError } from "../errors.ts";
import type { PresenceDiff, PresenceEntry, Presences } from "../presence/presences.ts";
import type { Meta } from "../tracker/entry.ts";
import type { InvalidPayload, UnknownEvent } from "./invalid-payload.ts";
import { type InputOf, isStandardSchema, type OutputOf, type StandardSchema } from "./standard-schema.ts";

/** Of a join: what the client gives, what it is answered, what it is told when it is refused. */
export interface JoinSchemas {
  readonly params?: StandardSchema;
  readonly reply?: StandardSchema;
  readonly error?: StandardSchema;
}

/** Of an event that clients push: its payload, its reply `"ok"`, its reply `"error"`. */
export interface PushSchemas {
  readonly payload?: StandardSchema;
  readonly reply?: StandardSchema;
  readonly error?: StandardSchema;
}

/**
 * What a channel and its clients have agreed on: a schema for all that passes between them. A payload or a reply that is left out may be
 * anything; an error that is left out, the compiler doesn't let through.
 */
export interface Contract {
  readonly join?: JoinSchemas;
  /** The events that clients push. All others are answered with an error. */
  readonly in?: { readonly [event: string]: PushSchemas };
  /** The payloads of the events that are pushed or broadcast to clients. */
  readonly out?: { readonly [event: string]: StandardSchema };
  /** A meta of a presence. */
  readonly presence?: StandardSchema;
}

type At<T, Key extends string> = T extends { readonly [K in Key]: infer Value } ? Value : undefined;
type Pushed<C, Event> = Event extends keyof At<C, "in"> ? At<C, "in">[Event] : undefined;
type Json = Readonly<Record<string, unknown>>;

/** What a client joins with, before and after the schema. */
export type JoinParams<C> = InputOf<At<At<C, "join">, "params">, Json>;

/** What `join` gets of a contract: its params after the schema; `unknown` if the contract has none for them. */
export type JoinedWith<C> = OutputOf<At<At<C, "join">, "params">, unknown>;
/** What a join is answered with, as the server gives it. */
export type JoinReply<C> = InputOf<At<At<C, "join">, "reply">, unknown>;
/** Of a join that is refused; a contract without it has none that is. */
export type JoinError<C> = InputOf<At<At<C, "join">, "error">, never>;

/** The events that clients push. */
export type EventIn<C> = string & keyof At<C, "in">;
/** The payload of one, before and after the schema. */
export type PayloadIn<C, Event> = InputOf<At<Pushed<C, Event>, "payload">, object>;
export type PayloadTaken<C, Event> = OutputOf<At<Pushed<C, Event>, "payload">, unknown>;

/** What an event is answered with, status `"ok"`, as the server gives it; `unknown` if the contract does not say. */
export type ReplyOk<C, Event> = InputOf<At<Pushed<C, Event>, "reply">, unknown>;
/** Of the reply `"error"`; an event without it has none of its own. */
export type ReplyError<C, Event> = InputOf<At<Pushed<C, Event>, "error">, never>;

/** A meta as it is tracked. */
export type PresenceFields<C> = InputOf<At<C, "presence">, Json>;
/** A meta as clients see it. */
export type PresenceMeta<C> = PresenceFields<C> & Meta;
/** The presences of a topic, as clients see them. */
export type ContractPresences<C> = Readonly<
  Record<string, PresenceEntry & { readonly metas: readonly PresenceMeta<C>[] }>
>;
interface ContractPresenceDiff<C> extends PresenceDiff {
  readonly joins: ContractPresences<C>;
  readonly leaves: ContractPresences<C>;
}
interface PresenceEvents<C> {
  presence_state: ContractPresences<C>;
  presence_diff: ContractPresenceDiff<C>;
}
type PresenceEvent<C> = At<C, "presence"> extends undefined ? never : keyof PresenceEvents<C>;

/** The events that reach clients. */
export type EventOut<C> = (string & keyof At<C, "out">) | PresenceEvent<C>;

/** The payload of an event that reaches clients, as they see it; `never` for one that the contract does not have. */
export type PayloadOut<C, Event> = Event extends keyof At<C, "out">
  ? InputOf<At<C, "out">[Event], object>
  : Event extends keyof PresenceEvents<C>
    ? PresenceEvents<C>[Event]
    : never;

/** The same where it is sent: presences are lists of metas that were checked when they were tracked. */
export type PayloadSent<C, Event> = Event extends keyof At<C, "out">
  ? PayloadOut<C, Event>
  : Event extends "presence_state"
    ? Presences
    : Event extends "presence_diff"
      ? PresenceDiff
      : never;

/** What the channel itself answers for its contract, before a handler is asked. */
export type ContractError = InvalidPayload | UnknownEvent;

const PARTS: Readonly<Record<string, readonly string[] | undefined>> = {
  join: ["params", "reply", "error"],
  in: ["payload", "reply", "error"],
};

/**
 * Checks a contract and answers it, frozen. Throws ROOKERY_CONTRACT for what is no schema, for a part that no contract has, and for
 * an event whose name the protocol needs for itself (`phx_…`).
 * @example
 * ```ts
 * const roomContract = defineContract({
 *   join: { params: z.object({ name: z.string() }), reply: z.object({ history: z.array(z.string()) }) },
 *   in: { "message:new": { payload: z.object({ body: z.string().min(1) }), reply: z.object({ id: z.number() }) } },
 *   out: { "message:new": z.object({ id: z.number(), body: z.string() }) },
 *   presence: z.object({ online_at: z.number() }),
 * });
 * type RoomContract = typeof roomContract; // all that clients need to import
 * ```
 */
export function defineContract<C extends Contract>(contract: C): C {
  expectObject("what defineContract takes", contract);
  const { join = {}, in: inbound = {}, out = {}, presence, ...unknown } = contract;
  for (const part of Object.keys(unknown)) throw wrong("only join, in, out and presence", part);
  expectSchemas("join", join, PARTS["join"]!);
  expectObject("in", inbound);
  expectObject("out", out);
  for (const [event, schemas] of Object.entries(inbound)) {
    expectEvent(event);
    expectSchemas(`in of ${event}`, schemas, PARTS["in"]!);
    Object.freeze(schemas);
  }
  for (const [event, schema] of Object.entries(out)) {
    expectEvent(event);
    if (!isStandardSchema(schema)) throw wrong(`a Standard Schema as out of ${event}`, schema);
  }
  if (presence !== undefined && !isStandardSchema(presence))
    throw wrong("a Standard Schema as presence", presence);
  for (const part of [join, inbound, out]) Object.freeze(part);
  return Object.freeze(contract);
}

function expectObject(where: string, schemas: unknown): asserts schemas is object {
  if (typeof schemas !== "object" || schemas === null || Array.isArray(schemas))
    throw wrong(`an object of schemas as ${where}`, schemas);
}

function expectSchemas(where: string, schemas: unknown, names: readonly string[]): void {
  expectObject(where, schemas);
  for (const [name, schema] of Object.entries(schemas)) {
    if (!names.includes(name)) throw wrong(`only ${names.join(", ")} in ${where}`, name);
    if (schema !== undefined && !isStandardSchema(schema))
      throw wrong(`a Standard Schema as ${name} of ${where}`, schema);
  }
}

function expectEvent(event: string): void {
  if (event.startsWith("phx_")) throw wrong("events of its own", event);
}

function wrong(expected: string, got: unknown): Error {
  return channelsError("ROOKERY_CONTRACT", expected, got);
}
