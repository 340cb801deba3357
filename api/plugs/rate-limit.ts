import { createHash } from "node:crypto";
import fastifyRateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Runtime } from "../../runtime/index.ts";
import type { RunningEndpoint } from "../endpoint/running-endpoint.ts";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";
import {
  type CompleteRateLimitOptions,
  completeRateLimitOptions,
  type RateLimitOptions,
} from "../rate-limit/rate-limit-options.ts";
import { RedisCounts } from "../rate-limit/redis-counts.ts";
import { type WindowCount, WindowCounts } from "../rate-limit/window-counts.ts";

type Limiter = ReturnType<FastifyInstance["createRateLimit"]>;
type Hit = (key: string) => WindowCount | Promise<WindowCount>;

/** Clients may choose the texts that are counted by: longer ones are kept as their digests. */
const KEY_LENGTH_MAX = 100;
/** For what is not counted. `@fastify/rate-limit` lets it pass. */
const NOT_COUNTED = "";

/**
 * Lets `max` requests of a key pass in each window; the others are answered with 429 and `retry-after`. All are told where they stand, in
 * `x-ratelimit-limit`, `x-ratelimit-remaining` and `x-ratelimit-reset` (seconds). For pipelines and for the `plugs` of an endpoint,
 * several of them on one way, too. `@fastify/rate-limit` decides; the counts are the shard's, or Redis's.
 *
 * ```ts
 * route.pipeline("logins", [rateLimit({ max: 5, windowMs: 60_000 })]);
 * ```
 */
export function rateLimit(options: RateLimitOptions): Plug {
  const complete = completeRateLimitOptions(options);
  // By endpoint: a request may be of a scope within the app, which has another instance.
  const limiters = new WeakMap<RunningEndpoint, Limiter>();
  const installed = new WeakSet<FastifyInstance>();

  const limit = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const result = await limiters.get(request.server.endpoint)!(request);
    if (result.isAllowed) return undefined;
    reply.header("x-ratelimit-limit", result.max);
    reply.header("x-ratelimit-remaining", result.remaining);
    reply.header("x-ratelimit-reset", result.ttlInSeconds);
    if (!result.isExceeded) return undefined;
    reply.header("retry-after", result.ttlInSeconds);
    return { error: "too_many_requests" };
  };

  const install = (app: FastifyInstance): unknown => {
    if (installed.has(app)) return undefined;
    installed.add(app);
    const store = storeOf(counter(app, complete));
    // In a scope of its own, where it meets neither other limits nor those that the program registers.
    return app.register(async (scope) => {
      await scope.register(fastifyRateLimit, { global: false, store });
      const { max, windowMs: timeWindow, by } = complete;
      const limiter = scope.createRateLimit({
        max,
        timeWindow,
        keyGenerator: (request) => keyOf(request, by),
        allowList: [NOT_COUNTED],
      });
      limiters.set(app.endpoint, limiter);
    });
  };

  return Object.assign(limit, { install, refuses: [429] });
}

function counter(app: FastifyInstance, { windowMs, keysMax, redis, name }: CompleteRateLimitOptions): Hit {
  const runtime: Runtime | undefined = app.endpoint?.runtime;
  if (runtime === undefined)
    throw apiError("ROOKERY_PLUG_OPTION", "an endpoint, whose time counts,", "rateLimit", "none");
  const own = new WindowCounts(windowMs, keysMax);
  if (redis === undefined) return (key) => own.hit(key, runtime.clock.nowMs());
  const counts = new RedisCounts(runtime, redis, name, windowMs, own);
  app.addHook("onReady", () => counts.open());
  app.addHook("onClose", () => counts.close());
  return (key) => counts.hit(key);
}

type StoreConstructor = NonNullable<Parameters<typeof fastifyRateLimit>[1]["store"]>;
type Store = InstanceType<StoreConstructor>;

/** What `@fastify/rate-limit` counts with. */
function storeOf(hit: Hit): StoreConstructor {
  return class implements Store {
    incr(key: string, told: Parameters<Store["incr"]>[1]): void {
      Promise.resolve(hit(key)).then((count) => told(null, count), told);
    }

    child(): this {
      return this;
    }
  };
}

function keyOf(request: FastifyRequest, by: CompleteRateLimitOptions["by"]): string {
  if (typeof by === "function") {
    const key = by(request);
    return key === undefined ? NOT_COUNTED : short(`key:${key}`);
  }
  const { currentUser } = request;
  if (by === "user" && currentUser !== undefined) return short(`user:${currentUser.id}`);
  // What a trusted proxy has passed on need not be an address.
  return short(`ip:${normalizeIP(request.ip)}`);
}

function short(key: string): string {
  return key.length <= KEY_LENGTH_MAX ? key : createHash("sha256").update(key).digest("base64url");
}
