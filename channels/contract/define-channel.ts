import type { From } from "../../runtime/index.ts";
import { Channel, type ChannelClass, type HandleCallReturn, type HandleReturn } from "../channel.ts";
import type { Accepted, AcceptedWith, NoReply, RefusedWith, ReplyWith, Stop } from "../channel-returns.ts";
import { channelsError } from "../errors.ts";
import type { Socket } from "../socket.ts";
import type {
  Contract,
  EventIn,
  EventOut,
  JoinedWith,
  JoinError,
  JoinReply,
  PayloadSent,
  PayloadTaken,
  ReplyError,
  ReplyOk,
} from "./contract.ts";
import type { UnderContract } from "./outgoing.ts";

/** What a channel declares to the compiler beside its contract, which is what clients see of it. */
export interface ChannelTypes {
  readonly assigns?: object;
  readonly info?: unknown;
  readonly call?: unknown;
  readonly cast?: unknown;
}

type Assigns<T> = T extends { readonly assigns: infer A extends object } ? A : Record<string, unknown>;
type Declared<T, Key extends string> = T extends { readonly [K in Key]: infer Value } ? Value : unknown;
type Async<Value> = Value | Promise<Value>;

/** The socket of a channel with a contract: only what that promises to clients can be sent through it. */
export type ContractSocket<C, T extends ChannelTypes = ChannelTypes> = Socket<Assigns<T>> & UnderContract<C>;

/** A reply without payload is the reply `{}`. */
type Answer<Status, Payload> =
  | ReplyWith<Status, Payload>
  | (object extends Payload ? ReplyWith<Status, undefined> : never);

/** What joining a channel with a contract may return. */
export type ContractJoinReturn<C> = AcceptedWith<JoinReply<C>> | RefusedWith<JoinError<C>>;
/** What the handler of an event may return. */
export type ContractReturn<C, Event extends EventIn<C>> =
  | Answer<"ok", ReplyOk<C, Event>>
  | Answer<"error", ReplyError<C, Event>>
  | NoReply
  | Stop;

/** A handler for each event of the contract. */
export type ContractHandlers<C, T extends ChannelTypes> = {
  readonly [Event in EventIn<C>]: (
    payload: PayloadTaken<C, Event>,
    socket: ContractSocket<C, T>,
  ) => Async<ContractReturn<C, Event>>;
};

const SETTINGS = [
  "checkOutgoing",
  "hibernateAfterMs",
  "joinTimeoutMs",
  "logHandleIn",
  "logJoin",
  "resume",
  "shutdownMs",
] as const;

/** What the class of a channel may say of all its channels. */
export type ChannelSettings = Pick<ChannelClass, (typeof SETTINGS)[number]>;

interface CommonCallbacks<C, T extends ChannelTypes> extends ChannelSettings {
  /** What logs call it. `"Channel"` if left out. */
  readonly name?: string;
  readonly intercept?: readonly EventOut<C>[];
  join(topic: string, params: JoinedWith<C>, socket: ContractSocket<C, T>): Async<ContractJoinReturn<C>>;
  handleOut?<Event extends EventOut<C>>(
    event: Event,
    payload: PayloadSent<C, Event>,
    socket: ContractSocket<C, T>,
  ): Async<HandleReturn>;
  handleInfo?(message: Declared<T, "info">, socket: ContractSocket<C, T>): Async<HandleReturn>;
  handleCall?(
    request: Declared<T, "call">,
    from: From,
    socket: ContractSocket<C, T>,
  ): Async<HandleCallReturn>;
  handleCast?(request: Declared<T, "cast">, socket: ContractSocket<C, T>): Async<HandleReturn>;
  terminate?(reason: unknown, socket: ContractSocket<C, T>): unknown;
  codeChange?(oldVersion: unknown, socket: ContractSocket<C, T>, extra: unknown): Accepted;
}

/** The callbacks of `Channel`, with the types of a contract. `this` is the channel: `this.self` its process. */
export type ContractCallbacks<C, T extends ChannelTypes> = CommonCallbacks<C, T> &
  ([EventIn<C>] extends [never]
    ? { readonly handleIn?: undefined }
    : { readonly handleIn: ContractHandlers<C, T> });

/** A class of channels with a contract, for `defineSocket`. */
export interface ContractChannelClass<C extends Contract> extends ChannelClass {
  readonly contract: C;
}

const FUNCTIONS = [
  "join",
  "handleOut",
  "handleInfo",
  "handleCall",
  "handleCast",
  "terminate",
  "codeChange",
] as const;
const CALLBACKS = ["handleIn", ...FUNCTIONS] as const;
const OPTIONS: readonly string[] = ["name", "intercept", ...SETTINGS, ...CALLBACKS];

/**
 * Defines a channel by its contract: the payloads and replies of its callbacks have the types of the schemas. A payload that doesn't
 * fit never reaches a callback: the client is answered `"error"` with `{ reason: "invalid payload", errors: { body: ["…"] } }`, and
 * an event that is not in the contract with `{ reason: "unknown event" }`. A schema may be asynchronous; the channel waits, and
 * nobody else. What the channel replies, pushes and broadcasts is checked by the compiler, and while developing when it is sent.
 *
 * Throws ROOKERY_CONTRACT for a callback that there is none of or that is no function, without `join`, and for an event without
 * handler.
 * @example
 * ```ts
 * const RoomChannel = defineChannel(roomContract, {
 *   join(topic, { name }, socket) {
 *     return ok({ history: [] }, socket.assign({ name }));
 *   },
 *   handleIn: {
 *     "message:new"({ body }, socket) {
 *       broadcast(socket, "message:new", { id: 7, body });
 *       return reply("ok", { id: 7 }, socket);
 *     },
 *   },
 * });
 * ```
 */
export function defineChannel<C extends Contract, T extends ChannelTypes = ChannelTypes>(
  contract: C,
  callbacks: ContractCallbacks<C, T> & ThisType<Channel>,
): ContractChannelClass<C> {
  const { name = "Channel", intercept = [] } = callbacks;
  for (const key of Object.keys(callbacks))
    if (!OPTIONS.includes(key)) throw channelsError("ROOKERY_CONTRACT", "only the callbacks of Channel", key);
  const handlers = new Map<string, unknown>(Object.entries(callbacks.handleIn ?? {}));
  for (const event of Object.keys(contract.in ?? {})) {
    if (typeof handlers.get(event) !== "function")
      throw channelsError("ROOKERY_CONTRACT", `a handler for each event of in`, `none for ${event}`);
  }
  for (const key of FUNCTIONS) {
    if (typeof callbacks[key] !== "function" && (callbacks[key] !== undefined || key === "join"))
      throw channelsError("ROOKERY_CONTRACT", `a function ${key}`, callbacks[key]);
  }
  const defined = class extends Channel {
    static override readonly name: string = name;
    static override readonly intercept: readonly string[] = intercept;
    static readonly contract: C = contract;

    // Covered by the callback, like the others.
    join(): never {
      throw channelsError("ROOKERY_CONTRACT", "join", "none");
    }
  };
  for (const key of SETTINGS)
    if (callbacks[key] !== undefined) Object.defineProperty(defined, key, { value: callbacks[key] });
  for (const key of CALLBACKS)
    if (callbacks[key] !== undefined)
      Object.defineProperty(defined.prototype, key, { value: callbacks[key] });
  return defined as unknown as ContractChannelClass<C>;
}
