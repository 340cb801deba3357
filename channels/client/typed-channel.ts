import type {
  ContractError,
  ContractPresences,
  EventIn,
  EventOut,
  JoinError,
  JoinParams,
  JoinReply,
  PayloadIn,
  PayloadOut,
  ReplyError,
  ReplyOk,
} from "../contract/contract.ts";

/** A push of the `phoenix` client, whose answers have types. */
export interface TypedPush<Ok, Error> {
  receive(status: "ok", callback: (reply: Ok) => void): this;
  receive(status: "error", callback: (error: Error) => void): this;
  receive(status: "timeout", callback: () => void): this;
}

/** A channel of the `phoenix` client, as its contract describes it. */
export interface TypedChannel<C> {
  readonly topic: string;
  readonly state: string;
  join(timeoutMs?: number): TypedPush<JoinReply<C>, JoinError<C> | ContractError>;
  leave(timeoutMs?: number): TypedPush<unknown, unknown>;
  push<Event extends EventIn<C>>(
    event: Event,
    payload: PayloadIn<C, Event>,
    timeoutMs?: number,
  ): TypedPush<ReplyOk<C, Event>, ReplyError<C, Event> | ContractError>;
  on<Event extends EventOut<C>>(event: Event, callback: (payload: PayloadOut<C, Event>) => void): number;
  off(event: EventOut<C>, ref?: number): void;
  onError(callback: (reason: unknown) => void): number;
  onClose(callback: (payload: unknown) => void): number;
}

/** As much of a socket of the `phoenix` client as is needed. */
export interface ClientSocket {
  channel(topic: string, params?: object): object;
}

/**
 * A channel of the unmodified `phoenix` client with the types of its contract, of which the client needs nothing but
 * `import type`. The channel is the client's own object: this adds nothing to it, and checks nothing at run time.
 * @example
 * ```ts
 * import type { RoomContract } from "./room-contract.ts";
 *
 * const room = typedChannel<RoomContract>(socket, "room:1", { name: "Ada" });
 * room.join().receive("ok", ({ history }) => show(history));
 * room.on("message:new", ({ body }) => show([body]));
 * room.push("message:new", { body: "hi" }).receive("error", ({ errors }) => console.log(errors));
 * ```
 */
export function typedChannel<C>(
  socket: ClientSocket,
  topic: string,
  params: JoinParams<C> & object,
): TypedChannel<C>;
/** The same for a channel that is there already. */
export function typedChannel<C>(channel: object): TypedChannel<C>;
export function typedChannel<C>(socketOrChannel: object, topic?: string, params?: object): TypedChannel<C> {
  const channel =
    topic === undefined ? socketOrChannel : (socketOrChannel as ClientSocket).channel(topic, params);
  return channel as TypedChannel<C>;
}

/** A presence of a key, as the `phoenix` client shows it. */
type TypedEntry<C> = ContractPresences<C>[string];

/** A `Presence` of the `phoenix` client, whose metas have types. */
export interface TypedPresence<C> {
  list(): readonly TypedEntry<C>[];
  list<Shown>(by: (key: string, presence: TypedEntry<C>) => Shown): Shown[];
  onJoin(callback: (key: string, current: TypedEntry<C> | undefined, joined: TypedEntry<C>) => void): void;
  onLeave(callback: (key: string, current: TypedEntry<C>, left: TypedEntry<C>) => void): void;
  onSync(callback: () => void): void;
}

/** The same for who is there: `typedPresence<RoomContract>(new Presence(channel))`. */
export function typedPresence<C>(presence: object): TypedPresence<C> {
  return presence as TypedPresence<C>;
}
