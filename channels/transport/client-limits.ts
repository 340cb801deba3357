import { channelsError } from "../errors.ts";
import type { Message } from "../message.ts";
import { type Rate, TokenBucket } from "./token-bucket.ts";

/**
 * How much one client may ask for. What is left out is not limited. A join or an event beyond is answered with the status `"error"`
 * and `{ reason: "rate limited", retry_after_ms }`, or `{ reason: "payload too large", max_size }`, and reaches no channel;
 * the client stays connected. Heartbeats and leaves are free.
 */
export interface SocketLimits {
  readonly joinsPerSecond?: number;
  /** So many joins at once: a client that comes back joins all its topics. As many as in a second if left out. */
  readonly joinBurst?: number;
  readonly eventsPerSecond?: number;
  /** So many events at once. As many as in a second if left out. */
  readonly eventBurst?: number;
  /** In bytes of the frame that carries it: so large an event or a join may be. */
  readonly maxEventSize?: number;
}

export interface CompleteLimits {
  readonly joins: Rate | undefined;
  readonly events: Rate | undefined;
  readonly maxEventSize: number;
}

/** Checks and completes limits; undefined if there are none. Throws ROOKERY_SOCKET_OPTION. */
export function completeLimits(limits: SocketLimits): CompleteLimits | undefined {
  if (typeof limits !== "object" || limits === null)
    throw channelsError("ROOKERY_SOCKET_OPTION", "an object of limits", limits);
  const { joinsPerSecond, joinBurst, eventsPerSecond, eventBurst, maxEventSize, ...unknown } = limits;
  for (const key of Object.keys(unknown))
    throw channelsError("ROOKERY_SOCKET_OPTION", "only known limits", key);
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value !== "number" || !(value > 0))
      throw channelsError("ROOKERY_SOCKET_OPTION", `a ${name} above 0`, value);
  }
  const joins = rateOf("joinBurst", joinsPerSecond, joinBurst);
  const events = rateOf("eventBurst", eventsPerSecond, eventBurst);
  if (joins === undefined && events === undefined && maxEventSize === undefined) return undefined;
  return Object.freeze({ joins, events, maxEventSize: maxEventSize ?? Number.POSITIVE_INFINITY });
}

function rateOf(name: string, perSecond?: number, burst?: number): Rate | undefined {
  if (perSecond === undefined) {
    if (burst !== undefined)
      throw channelsError("ROOKERY_SOCKET_OPTION", `a rate a second besides ${name}`, perSecond);
    return undefined;
  }
  if (burst !== undefined && burst < 1)
    throw channelsError("ROOKERY_SOCKET_OPTION", `a ${name} of at least 1`, burst);
  return { perSecond, burst: burst ?? Math.max(1, perSecond) };
}

/** Which limit stands against a message. */
export type LimitKind = "joins" | "events" | "size" | "channels";

/** Why a message is refused, and what its client is told. */
export interface Refusal {
  readonly kind: LimitKind;
  readonly response: object;
}

/** What is left of what one client may ask for. */
export class ClientLimits {
  readonly #joins: TokenBucket | undefined;
  readonly #events: TokenBucket | undefined;
  readonly #maxEventSize: number;

  constructor({ joins, events, maxEventSize }: CompleteLimits, nowMs: number) {
    this.#joins = joins && new TokenBucket(joins, nowMs);
    this.#events = events && new TokenBucket(events, nowMs);
    this.#maxEventSize = maxEventSize;
  }

  /** Counts a message that came as `data`, and answers why it goes no further, or undefined if it does. */
  refusalOf({ topic, event }: Message, data: string | Uint8Array, nowMs: number): Refusal | undefined {
    if (event === "phx_leave" || (event === "heartbeat" && topic === "phoenix")) return undefined;
    const isJoin = event === "phx_join";
    const waitMs = (isJoin ? this.#joins : this.#events)?.take(nowMs) ?? 0;
    if (waitMs > 0) {
      const response = { reason: "rate limited", retry_after_ms: waitMs };
      return { kind: isJoin ? "joins" : "events", response };
    }
    if (!isLarger(data, this.#maxEventSize)) return undefined;
    return { kind: "size", response: { reason: "payload too large", max_size: this.#maxEventSize } };
  }
}

/** No character of a string takes more than three bytes of UTF-8, so most need no counting. */
function isLarger(data: string | Uint8Array, bytes: number): boolean {
  if (data.length > bytes) return true;
  return typeof data === "string" && data.length * 3 > bytes && Buffer.byteLength(data) > bytes;
}
