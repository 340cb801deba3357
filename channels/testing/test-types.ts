import type { ChannelClass } from "../channel.ts";
import type {
  Contract,
  ContractError,
  EventIn,
  JoinError,
  JoinParams,
  JoinReply,
  PayloadIn,
  ReplyError,
  ReplyOk,
} from "../contract/contract.ts";
import type { ContractOf, UnderContract } from "../contract/outgoing.ts";
import type { Socket } from "../socket.ts";

/** A payload as a test sees it: of one whose type nobody has told, any key may be asked for. */
export type Seen<T> = unknown extends T
  ? Readonly<Record<string, unknown>>
  : [T, object] extends [object, T]
    ? Readonly<Record<string, unknown>>
    : T;

/** The contract of a class, unknown if it has none that says anything. */
type ContractOfClass<C extends ChannelClass> = C extends { readonly contract: infer Own }
  ? Contract extends Own
    ? unknown
    : Own
  : unknown;

export type JoinParamsOf<C extends ChannelClass> =
  unknown extends ContractOfClass<C> ? unknown : JoinParams<ContractOfClass<C>>;
export type JoinReplyOf<C extends ChannelClass> = Seen<
  unknown extends ContractOfClass<C> ? unknown : JoinReply<ContractOfClass<C>>
>;
export type JoinErrorOf<C extends ChannelClass> = Seen<
  unknown extends ContractOfClass<C> ? unknown : JoinError<ContractOfClass<C>> | ContractError
>;
export type SocketOf<C extends ChannelClass> =
  unknown extends ContractOfClass<C> ? Socket : Socket & UnderContract<ContractOfClass<C>>;

/** The events that may be pushed to the channel of a socket. */
export type EventInFor<S> = unknown extends ContractOf<S> ? string : EventIn<ContractOf<S>>;
export type PayloadInFor<S, Event> =
  unknown extends ContractOf<S> ? unknown : PayloadIn<ContractOf<S>, Event>;
export type ReplyFor<S, Event> = unknown extends ContractOf<S> ? unknown : ReplyOk<ContractOf<S>, Event>;
export type ErrorFor<S, Event> =
  unknown extends ContractOf<S> ? unknown : ReplyError<ContractOf<S>, Event> | ContractError;

/** The payload of an answer with that status. */
export type Answered<Ok, Error, Status> = Seen<
  Status extends "ok" ? Ok : Status extends "error" ? Error : unknown
>;
