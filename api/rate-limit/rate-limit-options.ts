import type { FastifyRequest } from "fastify";
import type { RedisOptions } from "../../channels/index.ts";
import { apiError } from "../errors.ts";

/** How many requests pass, in how long, and of whom. */
export interface RateLimitOptions {
  /** So many requests of one key pass in a window. */
  readonly max: number;
  /** How long a window is, which begins with the first request of a key. */
  readonly windowMs: number;
  /**
   * What is counted by: the client's address (for IPv6, the first half of it); the current user, or the address of nobody; or what a
   * function answers, of which undefined is not counted. Default: `"ip"`. The address is the proxy's unless Fastify's
   * `trustProxy` says whom to believe.
   */
  readonly by?: "ip" | "user" | ((request: FastifyRequest) => string | number | undefined);
  /** Counts in Redis, all shards and nodes together. Default: each shard counts for itself. */
  readonly redis?: RedisOptions;
  /** Which limit this is among those in one Redis; needed there. */
  readonly name?: string;
  /** Of so many keys a shard knows the counts; beyond that the oldest are forgotten. Default: 10,000. */
  readonly keysMax?: number;
}

export interface CompleteRateLimitOptions {
  readonly max: number;
  readonly windowMs: number;
  readonly by: NonNullable<RateLimitOptions["by"]>;
  readonly redis: RedisOptions | undefined;
  readonly name: string;
  readonly keysMax: number;
}

const KEYS_MAX = 10_000;

/** Checks and completes the options of a rate limit. Throws ROOKERY_PLUG_OPTION. */
export function completeRateLimitOptions(options: RateLimitOptions): CompleteRateLimitOptions {
  const { max, windowMs, by = "ip", redis, name = "", keysMax = KEYS_MAX, ...unknown } = options;
  for (const option of Object.keys(unknown)) refuse("only known names", option);
  if (!Number.isInteger(max) || max < 0) refuse("a max of requests", max);
  if (!Number.isInteger(windowMs) || windowMs <= 0) refuse("a windowMs in whole milliseconds", windowMs);
  if (!Number.isInteger(keysMax) || keysMax <= 0) refuse("a keysMax above 0", keysMax);
  if (by !== "ip" && by !== "user" && typeof by !== "function") refuse("by: ip, user or a function", by);
  if (redis !== undefined && name === "") refuse("a name for a limit in Redis", name);
  return Object.freeze({ max, windowMs, by, redis, name, keysMax });
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "rateLimit", got);
}
