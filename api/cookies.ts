import fastifyCookie from "@fastify/cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EndpointToken } from "./endpoint/endpoint-token.ts";
import { apiError } from "./errors.ts";

/** The limit of browsers for a cookie with its name and attributes. */
const COOKIE_BYTES_MAX = 4_096;
/** Tells browsers to forget a cookie. */
export const EXPIRED: Date = new Date(0);
const DEFAULTS = { httpOnly: true, sameSite: "lax", path: "/" } as const;

/** How a cookie is protected from its owner: readable and not to be changed, or not even readable. */
export type CookieSeal = "signed" | "encrypted";

/** How a cookie is made, and how it is sealed: `Plug.Conn.put_resp_cookie`. */
export interface CookieOptions {
  /** Default: it is sent as it is. With a seal its value may be any plain data. */
  readonly seal?: CookieSeal;
  /** In seconds, for the browser, and of a seal for us. Default: until the browser ends, and a day for us. */
  readonly maxAge?: number;
  /** Default: true, scripts of pages don't see it. */
  readonly httpOnly?: boolean;
  /** Whether browsers send it over TLS only. Default: `"auto"`, if it was made over TLS. */
  readonly secure?: boolean | "auto";
  /** With which requests of other sites browsers send it. Default: `"lax"`, when the user comes over from there. */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Default: `"/"`. */
  readonly path?: string;
  /** Default: the host of the request, without those below it. */
  readonly domain?: string;
}

const installed = new WeakSet<FastifyInstance>();

/** Lets requests and replies of an app have cookies: they are read by those who need them. */
export function installCookies(app: FastifyInstance): void {
  if (installed.has(app) || app.hasDecorator("serializeCookie")) return;
  installed.add(app);
  app.register(fastifyCookie, { hook: false });
}

/** The cookies of a request, read the first time. */
export function parsedCookies(request: FastifyRequest): Readonly<Record<string, string | undefined>> {
  request.cookies ??= request.server.parseCookie(request.headers.cookie ?? "");
  return request.cookies;
}

/** Throws ROOKERY_COOKIE_OVERFLOW for what browsers would drop. */
export function expectCookieSize(name: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > COOKIE_BYTES_MAX) throw apiError("ROOKERY_COOKIE_OVERFLOW", name, COOKIE_BYTES_MAX, bytes);
}

/**
 * The cookie of that name; with a `seal`, what it was made from, and undefined for one that was changed or is too old. Behind the
 * plug `fetchCookies` or `session`. `Plug.Conn.fetch_cookies/2`.
 */
export function getCookie(request: FastifyRequest, name: string, seal?: CookieSeal): unknown {
  expectCookies(request);
  const value = parsedCookies(request)[name];
  if (seal === undefined || value === undefined) return value;
  const open = seal === "signed" ? EndpointToken.verify : EndpointToken.decrypt;
  const result = open(request, saltOf(name), value);
  return result.ok ? result.data : undefined;
}

/**
 * Sets a cookie with the answer. What is sealed, real Phoenix applications of the same secret can open, and the other way round.
 * `Plug.Conn.put_resp_cookie/4`.
 */
export function putCookie(
  reply: FastifyReply,
  name: string,
  value: unknown,
  { seal, secure = "auto", ...options }: CookieOptions = {},
): void {
  const { request, server } = reply;
  expectCookies(request);
  const { maxAge } = options;
  const make = seal === "encrypted" ? EndpointToken.encrypt : EndpointToken.sign;
  const text =
    seal === undefined
      ? String(value)
      : make(request, saltOf(name), value, maxAge === undefined ? {} : { maxAge });
  const attributes = { ...DEFAULTS, ...options, secure: isSecure(request, secure) };
  expectCookieSize(name, server.serializeCookie(name, text, attributes));
  reply.setCookie(name, text, attributes);
}

/**
 * Lets the browser forget a cookie, which it knows by its path and domain, too; in the frame of another site only with the `sameSite` that it
 * was set with. `Plug.Conn.delete_resp_cookie/3`.
 */
export function deleteCookie(
  reply: FastifyReply,
  name: string,
  { secure = "auto", ...options }: Pick<CookieOptions, "path" | "domain" | "secure" | "sameSite"> = {},
): void {
  const { request } = reply;
  expectCookies(request);
  // Also the end of a cookie called `__Host-` or `__Secure-` is taken only if it is secure.
  const attributes = { ...DEFAULTS, ...options, secure: isSecure(request, secure) };
  reply.setCookie(name, "", { ...attributes, maxAge: 0, expires: EXPIRED });
}

/** Whether a cookie of the answer is for TLS only. */
export function isSecure({ protocol }: FastifyRequest, secure: boolean | "auto"): boolean {
  return secure === "auto" ? protocol === "https" : secure;
}

/** As Plug calls it. */
function saltOf(name: string): string {
  return `${name}_cookie`;
}

function expectCookies(request: FastifyRequest): void {
  if (!request.server.hasDecorator("serializeCookie"))
    throw apiError("ROOKERY_NO_COOKIES", request.routeOptions.url);
}
