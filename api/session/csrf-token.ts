import { randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { deleteSession, getSession, putSession } from "./session.ts";

/** Under which a session holds its token: as Plug, and as `checkCsrf: true` of a socket expects it. */
const SESSION_KEY = "_csrf_token";
const TOKEN_BYTES = 18;
const TOKEN_LENGTH = 24;
const MASKED_LENGTH = 56;

/**
 * The token that a page sends with what it asks to be changed, as the header `x-csrf-token` or as `_csrf_token` in the body. It is
 * another text each time, good for as long as the session has the same one. `Plug.CSRFProtection.get_csrf_token/0`.
 */
export function getCsrfToken(request: FastifyRequest): string {
  let token = getSession(request, SESSION_KEY);
  if (!isToken(token)) {
    token = newToken();
    putSession(request, SESSION_KEY, token);
  }
  return mask(token as string, newToken());
}

/** Makes all tokens of the session worthless. `Plug.CSRFProtection.delete_csrf_token/0`. */
export function deleteCsrfToken(request: FastifyRequest): void {
  deleteSession(request, SESSION_KEY);
}

/** Whether `token` was made for the session of this request. */
export function isOwnCsrfToken(request: FastifyRequest, token: unknown): boolean {
  return unmasks(getSession(request, SESSION_KEY), token);
}

/** Whether `csrfToken` was made for `session`: the `checkCsrf` of a socket whose pages have their token from `getCsrfToken`. */
export function checkCsrfToken(session: unknown, csrfToken: unknown): boolean {
  if (typeof session !== "object" || session === null) return false;
  return unmasks((session as Readonly<Record<string, unknown>>)[SESSION_KEY], csrfToken);
}

function isToken(token: unknown): token is string {
  return typeof token === "string" && token.length === TOKEN_LENGTH;
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/**
 * Never twice the same bytes, so that nobody finds the token out from how well answers are compressed:
 *
 * ```text
 *   base64url(token xor mask) 32 characters | mask 24 characters
 * ```
 */
function mask(token: string, by: string): string {
  return xor(Buffer.from(token), Buffer.from(by)).toString("base64url") + by;
}

function unmasks(own: unknown, given: unknown): boolean {
  if (!isToken(own) || typeof given !== "string" || given.length !== MASKED_LENGTH) return false;
  const masked = Buffer.from(given.slice(0, -TOKEN_LENGTH), "base64url");
  const by = Buffer.from(given.slice(-TOKEN_LENGTH));
  const ours = Buffer.from(own);
  if (masked.length !== ours.length || by.length !== ours.length) return false;
  return timingSafeEqual(xor(masked, by), ours);
}

function xor(one: Buffer, other: Buffer): Buffer {
  const result = Buffer.alloc(one.length);
  for (let at = 0; at < one.length; at += 1) result[at] = one[at]! ^ other[at]!;
  return result;
}
