import { Ref } from "./ref.ts";

/** Marks a cast in the mailbox. */
export const CAST: unique symbol = Symbol("rookery.cast");

/** Marks the timeout of a server that waited for a message. */
export const IDLE_TIMEOUT: unique symbol = Symbol("rookery.idle-timeout");

/** Marks the request to terminate; the message is the reason. */
export const STOP: unique symbol = Symbol("rookery.stop");

/** Marks a timer of a GenStatem that has run out; the message is its Timeout. */
export const STATEM_TIMEOUT: unique symbol = Symbol("rookery.statem-timeout");

/** Marks a request of `sys`; the message is the SystemCall. */
export const SYSTEM: unique symbol = Symbol("rookery.system");

/**
 * The tag of a message that belongs to a trace: the one it has by itself, and the context in which it was sent. Stands in mailboxes only
 * while somebody follows messages.
 */
export class Traced {
  readonly tag: unknown;
  readonly context: unknown;

  constructor(tag: unknown, context: unknown) {
    this.tag = tag;
    this.context = context;
  }
}

/** A call stands in the mailbox with its caller as the tag. */
export function isCall(tag: unknown): boolean {
  return tag instanceof Ref;
}

/** What stands in a mailbox as a receive, `sys` and `info` see it: requests as the tuples that OTP sends. */
export function asMessage(tag: unknown, message: unknown): unknown {
  if (tag === undefined) return message;
  if (tag === CAST) return ["$gen_cast", message];
  if (tag === SYSTEM) return ["system", message, (message as { readonly request: unknown }).request];
  if (tag === STOP) return ["system", undefined, ["terminate", message]];
  if (tag === IDLE_TIMEOUT) return "timeout";
  if (isCall(tag)) return ["$gen_call", tag, message];
  return tag instanceof Traced ? asMessage(tag.tag, message) : message;
}
