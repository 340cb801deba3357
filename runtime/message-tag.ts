import { Monitor } from "./monitor.ts";

/** Marks a cast in the mailbox. */
export const CAST: unique symbol = Symbol("rookery.cast");

/** Marks the timeout of a server that waited for a message. */
export const IDLE_TIMEOUT: unique symbol = Symbol("rookery.idle-timeout");

/** Marks the request to terminate; the message is the reason. */
export const STOP: unique symbol = Symbol("rookery.stop");

/** A call stands in the mailbox with its caller as the tag. */
export function isCall(tag: unknown): boolean {
  return tag instanceof Monitor;
}
