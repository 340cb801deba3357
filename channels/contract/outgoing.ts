import { inspect } from "node:util";
import type { Runtime } from "../../runtime/index.ts";
import { isPromise } from "../../runtime/internal.ts";
import type { ChannelClass } from "../channel.ts";
import { channelsError } from "../errors.ts";
import type { EventOut, PayloadSent, PresenceFields } from "./contract.ts";
import { errorsByField } from "./invalid-payload.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** What the compiler knows of a socket whose channel has a contract. Nothing of it is there at run time. */
export interface UnderContract<C> {
  readonly "~contract"?: C;
}

/** The contract of a socket's channel; unknown if it has none. */
export type ContractOf<S> = S extends UnderContract<infer C> ? C : unknown;

/** The events that may be sent through a socket: any, unless its channel has a contract. */
export type EventFor<S> = unknown extends ContractOf<S> ? string : EventOut<ContractOf<S>>;
export type PayloadFor<S, Event> =
  unknown extends ContractOf<S> ? object : PayloadSent<ContractOf<S>, Event> & object;

/** The metas under which the channel of a socket may be tracked. */
export type MetaFor<S> =
  unknown extends ContractOf<S> ? Readonly<Record<string, unknown>> : PresenceFields<ContractOf<S>>;

/** Whether a channel is held to what its contract promises to clients: while developing, unless its class says otherwise. */
export function checksOutgoing({ checkOutgoing }: ChannelClass, { shard }: Runtime): boolean {
  return checkOutgoing ?? shard.freezeMessages;
}

/** Throws ROOKERY_CONTRACT_PAYLOAD for an event that is not in the contract of a channel, or a payload that does not fit. */
export function checkOutgoing(
  channel: ChannelClass,
  runtime: Runtime,
  event: string,
  payload: unknown,
): void {
  const { contract } = channel;
  if (contract === undefined || !checksOutgoing(channel, runtime)) return;
  const { out = {}, presence } = contract;
  if (Object.hasOwn(out, event)) checkPromised(channel, out[event], `the payload of ${event}`, payload);
  else if (presence === undefined || !isPresenceEvent(event)) {
    throw channelsError(
      "ROOKERY_CONTRACT_PAYLOAD",
      "what is sent to clients",
      channel.name,
      `the event ${event}`,
    );
  }
}

function isPresenceEvent(event: string): boolean {
  return event === "presence_state" || event === "presence_diff";
}

/** Throws ROOKERY_CONTRACT_PAYLOAD for a meta that is not what the contract of the socket's channel calls one. */
export function checkMeta(
  from: { readonly channel?: ChannelClass | undefined } | object,
  key: string,
  meta: object,
): void {
  if (!("channel" in from) || from.channel?.contract === undefined) return;
  const { channel, runtime } = from as { readonly channel: ChannelClass; readonly runtime: Runtime };
  if (checksOutgoing(channel, runtime))
    checkPromised(channel, channel.contract?.presence, `the meta of ${key}`, meta);
}

/** A schema that answers with a promise is not waited for, nor is its failure heard of: sending has to be over when it returns. */
export function checkPromised(
  channel: ChannelClass,
  schema: StandardSchema | undefined,
  what: string,
  payload: unknown,
): void {
  const result = schema?.["~standard"].validate(payload);
  if (isPromise(result)) return void result.then(undefined, () => {});
  if (result?.issues === undefined) return;
  const errors = inspect({ ...errorsByField(result.issues) });
  throw channelsError("ROOKERY_CONTRACT_PAYLOAD", what, channel.name, errors);
}
