import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";

/** Which requests `forceSsl` sends on to TLS: `Plug.SSL`. */
export interface ForceSslOptions {
  /** Where requests are sent to, with the port if it isn't 443. Default: the host they were made to. */
  readonly host?: string;
  /** Hosts that are served without TLS, or whether a request is. Default: `["localhost", "127.0.0.1"]`. */
  readonly exclude?: readonly string[] | ((request: FastifyRequest) => boolean);
  /** Whether, and for how long, browsers are to use TLS unasked: RFC 6797. Default: true, for a year. */
  readonly hsts?: boolean | HstsOptions;
}

/** What the header Strict-Transport-Security says (RFC 6797). */
export interface HstsOptions {
  /** In seconds. Default: 31,536,000, a year. */
  readonly maxAge?: number;
  readonly includeSubDomains?: boolean;
  readonly preload?: boolean;
}

const YEAR_S = 31_536_000;
const EXCLUDED: readonly string[] = ["localhost", "127.0.0.1"];
/** Anything else in `host` could make another place of the address that browsers are sent to. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)$/i;

/**
 * Sends requests that came without TLS to the same address with it: 301 for GET and HEAD, 307 for the others, which browsers repeat
 * as they were; what came over TLS is answered with `strict-transport-security`. Behind a proxy that ends TLS its
 * `x-forwarded-proto` counts if Fastify's `trustProxy` says that it may be believed, and never else. `Plug.SSL`, for the
 * `plugs` of an endpoint.
 */
export function forceSsl(options: ForceSslOptions = {}): Plug {
  const { host, exclude = EXCLUDED, hsts = true, ...unknown } = options;
  for (const name of Object.keys(unknown)) refuse("only known names", name);
  if (host !== undefined && !HOST.test(host.replace(/:\d+$/, ""))) refuse("a host", host);
  const header = hstsHeader(hsts);
  const isExcluded =
    typeof exclude === "function" ? exclude : (request: FastifyRequest) => exclude.includes(request.hostname);

  return (request, reply) => {
    if (isExcluded(request)) return undefined;
    if (request.protocol !== "https") return redirect(request, reply, host);
    if (header !== undefined) reply.header("strict-transport-security", header);
    return undefined;
  };
}

function redirect(request: FastifyRequest, reply: FastifyReply, host: string | undefined): unknown {
  const { method, url, hostname } = request;
  if (!url.startsWith("/") || (host === undefined && !HOST.test(hostname))) return { error: "bad_request" };
  const status = method === "GET" || method === "HEAD" ? 301 : 307;
  return reply
    .code(status)
    .header("location", `https://${host ?? hostname}${url}`)
    .send();
}

function hstsHeader(hsts: boolean | HstsOptions): string | undefined {
  if (hsts === false) return undefined;
  const {
    maxAge = YEAR_S,
    includeSubDomains = false,
    preload = false,
    ...unknown
  } = hsts === true ? {} : hsts;
  for (const name of Object.keys(unknown)) refuse("only known names in hsts", name);
  if (!Number.isInteger(maxAge) || maxAge < 0) refuse("a maxAge of hsts in whole seconds", maxAge);
  return `max-age=${maxAge}${includeSubDomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`;
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_PLUG_OPTION", expected, "forceSsl", got);
}
