import { completeRedisOptions, RedisConnection } from "../../channels/internal.ts";
import type { RedisOptions } from "../../channels/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { WindowCount, WindowCounts } from "./window-counts.ts";

/** So long a request waits for Redis. Then its own shard counts it. */
const ANSWER_MS = 500;

/** In one step; and a key without an end, whoever has made it, gets one: nobody is locked out for ever. */
const HIT = `
local current = redis.call("INCR", KEYS[1])
local ttl = redis.call("PTTL", KEYS[1])
if ttl < 0 then
  ttl = tonumber(ARGV[1])
  redis.call("PEXPIRE", KEYS[1], ttl)
end
return {current, ttl}
`;

/** Who can be asked: a connection that is in use. */
type Session = { command(...args: string[]): Promise<unknown> };

/**
 * Counts in Redis, so that all shards and nodes count together. While Redis can't be reached, or takes too long, `own` counts,
 * each shard for itself.
 */
export class RedisCounts {
  readonly #runtime: Runtime;
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #windowMs: number;
  readonly #own: WindowCounts;
  #session: Session | undefined = undefined;

  constructor(runtime: Runtime, redis: RedisOptions, name: string, windowMs: number, own: WindowCounts) {
    const settings = completeRedisOptions(`rateLimit ${name}`, redis);
    this.#runtime = runtime;
    this.#prefix = `${settings.prefix}:rate-limit:${name}:`;
    this.#windowMs = windowMs;
    this.#own = own;
    this.#connection = new RedisConnection(runtime, settings, {
      name: `rateLimit ${name}`,
      begin: async () => {},
      up: (session) => {
        this.#session = session;
      },
      down: () => {
        this.#session = undefined;
      },
    });
  }

  open(): Promise<void> {
    return this.#connection.open();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async hit(key: string): Promise<WindowCount> {
    const answer = this.#session === undefined ? undefined : await this.#ask(this.#session, key);
    return answer ?? this.#own.hit(key, this.#runtime.clock.nowMs());
  }

  async #ask(session: Session, key: string): Promise<WindowCount | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = this.#runtime.clock.setTimer(ANSWER_MS, () => late.resolve(undefined));
    try {
      const command = session.command("EVAL", HIT, "1", this.#prefix + key, String(this.#windowMs));
      const answer = await Promise.race([command, late.promise]);
      return isCount(answer) ? { current: answer[0], ttl: answer[1] } : undefined;
    } catch {
      // Refused, or cut off: the connection says so in the log.
      return undefined;
    } finally {
      timer.cancel();
    }
  }
}

function isCount(answer: unknown): answer is readonly [current: number, ttlMs: number] {
  return Array.isArray(answer) && answer.length === 2 && answer.every(Number.isInteger);
}
