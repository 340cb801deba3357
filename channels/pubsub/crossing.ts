import type { Pid } from "../../runtime/index.ts";
import { Broadcast } from "../message.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { NamedDispatchers } from "./named-dispatchers.ts";

/** What of a broadcast crosses beside the message. Of a Broadcast only the payload is one: its class can't be copied. */
export type Head = readonly [
  topic: string,
  from: Pid | undefined,
  dispatcher: string,
  of?: readonly [topic: string, event: string],
];

/** Throws ROOKERY_DISPATCHER for a dispatcher without a name. */
export function headOf(
  dispatchers: NamedDispatchers,
  topic: string,
  from: Pid | undefined,
  dispatcher: Dispatcher,
  message: unknown,
): Head {
  const called = dispatchers.nameOf(dispatcher);
  return message instanceof Broadcast
    ? [topic, from, called, [message.topic, message.event]]
    : [topic, from, called];
}

export function bodyOf(message: unknown): unknown {
  return message instanceof Broadcast ? message.payload : message;
}

/** The message again, on the other side. */
export function messageOf([, , , of]: Head, body: unknown): unknown {
  return of === undefined ? body : new Broadcast(of[0], of[1], body as object);
}
