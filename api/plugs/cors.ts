import fastifyCors, { type FastifyCorsOptions } from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { apiError } from "../errors.ts";
import type { EndpointPlug } from "../plug.ts";

/** What pages of other origins may do. */
export interface CorsOptions {
  /** Whose pages may read the answers: `"*"` for all; origins such as `"https://x.com"`, patterns, or whether a given one may. */
  readonly origin:
    | string
    | RegExp
    | readonly (string | RegExp)[]
    | ((origin: string) => boolean | Promise<boolean>);
  /** Whether browsers send cookies along. Not together with `"*"`: any page could act for its visitor. Default: false. */
  readonly credentials?: boolean;
  /** Default: GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[];
  /** The headers that pages may send. Default: those they ask for. */
  readonly allowedHeaders?: readonly string[];
  /** The headers that pages may read, besides those that all may. */
  readonly exposedHeaders?: readonly string[];
  /** For how many seconds browsers may keep the answer to a preflight. Default: 1,728,000. */
  readonly maxAge?: number;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const MAX_AGE_S = 1_728_000;
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#\s]+$/i;

/**
 * Tells browsers which pages of other sites may use this endpoint, and answers their preflights with 204, for routes that nobody has
 * declared, too. Refuses nobody: it is the browser that does. For the `plugs` of an endpoint; the work is `@fastify/cors`'s.
 */
export function cors(options: CorsOptions): EndpointPlug {
  const shared = corsOptions(options);
  const preflight: FastifyCorsOptions = { ...shared, preflight: true };
  const others: FastifyCorsOptions = { ...shared, preflight: false };
  const sockets: FastifyCorsOptions = { origin: false };
  const delegator = (
    request: FastifyRequest,
    decide: (error: Error | null, options: FastifyCorsOptions) => void,
  ): void => {
    if (request.routeOptions.config.isSocket === true) decide(null, sockets);
    else decide(null, isPreflight(request) ? preflight : others);
  };
  return { install: (app: FastifyInstance) => app.register(fastifyCors, { delegator }) };
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return (
    method === "OPTIONS" &&
    headers.origin !== undefined &&
    headers["access-control-request-method"] !== undefined
  );
}

function corsOptions(options: CorsOptions): FastifyCorsOptions {
  const { origin, credentials = false, methods = METHODS, allowedHeaders, exposedHeaders, ...rest } = options;
  const { maxAge = MAX_AGE_S, ...unknown } = rest;
  for (const name of Object.keys(unknown)) refuse("only known names", name);
  if (!Number.isInteger(maxAge) || maxAge < 0) refuse("a maxAge in whole seconds", maxAge);
  const isEverybody = typeof origin === "function" ? false : [origin].flat().includes("*");
  if (credentials && isEverybody) refuse("origins beside credentials", "*");
  return {
    origin: isEverybody ? "*" : typeof origin === "function" ? asked(origin) : origins([origin].flat()),
    credentials,
    methods: [...methods],
    maxAge,
    strictPreflight: false,
    ...(allowedHeaders === undefined ? {} : { allowedHeaders: [...allowedHeaders] }),
    ...(exposedHeaders === undefined ? {} : { exposedHeaders: [...exposedHeaders] }),
  };
}

function origins(list: readonly unknown[]): (string | RegExp)[] {
  return list.map((origin) => {
    if (origin instanceof RegExp || (typeof origin === "string" && ORIGIN.test(origin))) return origin;
    return refuse('an origin such as "https://x.com", a pattern, a function or "*"', origin);
  });
}

/** True stands for the origin of the request, which is the one that was asked about. */
function asked(
  isAllowed: (origin: string) => boolean | Promise<boolean>,
): (origin: string | undefined) => Promise<boolean> {
  return async (origin) => origin !== undefined && (await isAllowed(origin));
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "cors", got);
}
