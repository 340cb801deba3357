import type { Waiter } from "./async-outcome.ts";
import { PendingCall, placeFor } from "./call.ts";
import type { Dest } from "./dest.ts";
import { type Origin, resolveOrigin } from "./origin.ts";

/** A call as `Self.call` and `Runtime.call` place it, by one who does not wait for a promise. */
export function callFor(
  waiter: Waiter<unknown>,
  origin: Origin,
  dest: Dest,
  request: unknown,
  timeoutMs: number,
): void {
  const { shard, process } = resolveOrigin(origin);
  placeFor(new PendingCall(shard, process, dest, request, timeoutMs), waiter);
}
