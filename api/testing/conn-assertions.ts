import { AssertionError } from "node:assert";
import { STATUS_CODES } from "node:http";
import { inspect } from "node:util";
import type { Conn } from "./conn.ts";

/** A failure shows so much of a body. */
const SHOWN_LENGTH_MAX = 2_000;

type Format = "json" | "html" | "text";
const SUBTYPES: Readonly<Record<Format, string>> = { json: "json", html: "html", text: "plain" };

/** The body of an answer of this status. `response/2`. */
export function response(conn: Conn, status: number): string {
  expectStatus(conn, status, response);
  return conn.respBody;
}

/**
 * What the JSON of an answer of this status holds. Throws for another status, another content type, and what is no JSON; the text shows
 * the body, and what the server has thrown. `json_response/2`.
 */
export function jsonResponse<Body = unknown>(conn: Conn, status: number): Body {
  expectStatus(conn, status, jsonResponse);
  expectContentType(conn, "json", jsonResponse);
  try {
    return JSON.parse(conn.respBody) as Body;
  } catch (error) {
    throw failure(conn, `to be JSON, got what is none: ${(error as Error).message}`, jsonResponse);
  }
}

/** The same for text. `text_response/2`. */
export function textResponse(conn: Conn, status: number): string {
  expectStatus(conn, status, textResponse);
  expectContentType(conn, "text", textResponse);
  return conn.respBody;
}

/** The same for a page. `html_response/2`. */
export function htmlResponse(conn: Conn, status: number): string {
  expectStatus(conn, status, htmlResponse);
  expectContentType(conn, "html", htmlResponse);
  return conn.respBody;
}

/** The content type of the answer, which has to be that of the format. `response_content_type/2`. */
export function responseContentType(conn: Conn, format: Format): string {
  return expectContentType(conn, format, responseContentType);
}

/** Where a redirect leads to. `redirected_to/2`. */
export function redirectedTo(conn: Conn, status: number = 302): string {
  expectStatus(conn, status, redirectedTo);
  const location = conn.getRespHeader("location");
  if (location !== undefined) return location;
  throw failure(conn, "to have a location, got none", redirectedTo);
}

/** The path variables of where a redirect leads to. `redirected_params/2`. */
export function redirectedParams(conn: Conn, status: number = 302): Readonly<Record<string, string>> {
  const { pathname } = new URL(redirectedTo(conn, status), "http://localhost");
  return conn.pathParams(pathname);
}

/**
 * Claims that the request fails, by an exception or for want of a route, and that this is answered with `status`. What an action
 * answers by itself is no such failure. `assert_error_sent/2`.
 */
export async function assertErrorSent(
  status: number,
  request: () => Promise<Conn>,
): Promise<{
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly error: unknown;
}> {
  const conn = await request();
  expectStatus(conn, status, assertErrorSent);
  const { isError, headers, body, error } = conn.answer;
  if (isError) return { status, headers, body, error };
  throw failure(conn, "to be made of an exception, got one that was sent without any", assertErrorSent);
}

type Asserting = (...parameters: never[]) => unknown;

function expectStatus(conn: Conn, status: number, asserting: Asserting): void {
  if (conn.status === status) return;
  throw failure(conn, `to have the status ${named(status)}, got ${named(conn.status)}`, asserting, [
    status,
    conn.status,
  ]);
}

function expectContentType(conn: Conn, format: Format, asserting: Asserting): string {
  const type = conn.getRespHeader("content-type");
  const subtype = /^[^/]+\/([^;\s]+)/.exec(type ?? "")?.[1]?.toLowerCase();
  const wanted = SUBTYPES[format];
  if (type !== undefined && (subtype === wanted || subtype?.endsWith(`+${wanted}`) === true)) return type;
  throw failure(
    conn,
    `to have a content type of ${format}, got ${type === undefined ? "none" : `"${type}"`}`,
    asserting,
  );
}

function failure(
  conn: Conn,
  what: string,
  asserting: Asserting,
  [expected, actual]: readonly unknown[] = [],
): AssertionError {
  const { method, url, body, error } = conn.answer;
  const left = body.length - SHOWN_LENGTH_MAX;
  const shown = left > 0 ? `${body.slice(0, SHOWN_LENGTH_MAX)}… (${left} more characters)` : body;
  const text = shown === "" ? "without a body" : `with the body:\n${shown}`;
  const thrown = error === undefined ? "" : `\nIt was made of what the server has thrown:\n${inspect(error)}`;
  const failed = new AssertionError({
    message: `Expected the answer to ${method} ${url} ${what}, ${text}${thrown}`,
    ...(expected === undefined ? {} : { expected, actual, operator: "status" }),
    stackStartFn: asserting,
  });
  if (error !== undefined) failed.cause = error;
  return failed;
}

function named(status: number): string {
  return `${status} (${STATUS_CODES[status] ?? "unknown"})`;
}
