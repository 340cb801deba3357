import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Params } from "../params.ts";

/** What `connect` may be told of the request besides its params. */
export const CONNECT_INFO_KEYS = [
  "peer_data",
  "sec_websocket_headers",
  "trace_context_headers",
  "uri",
  "user_agent",
  "x_headers",
] as const;
export type ConnectInfoKey = (typeof CONNECT_INFO_KEYS)[number];

/** Reads the session that a request belongs to, such as from its cookie; undefined if there is none. */
export type SessionReader = (request: IncomingMessage) => unknown;

/**
 * One thing that `connect` is told of the request: what it is called here, the session, as somebody reads it, or anything under a name
 * of its own, passed on as it is.
 */
export type ConnectInfoSource =
  | ConnectInfoKey
  | { readonly session: SessionReader }
  | Readonly<Record<string, unknown>>;

/**
 * Whether the param `_csrf_token` is that of the session. A browser sends the cookies of a page's user with the requests of any
 * other page, too; such a token only the own pages know. `true`: the token is `session._csrf_token`.
 */
export type CheckCsrf = boolean | ((session: unknown, csrfToken: unknown) => boolean);

export interface ConnectInfoOptions {
  readonly connectInfo: readonly ConnectInfoSource[];
  readonly checkCsrf: CheckCsrf;
}

/** Name, in lower case, and value. */
export type Header = readonly [name: string, value: string];

/**
 * What `connect` gets to know of a client's request, beside its params: only what the mount's `connectInfo` asks for. The
 * `connect_info` of `Phoenix.Socket`, under its names.
 */
export interface ConnectInfo {
  readonly auth_token?: string | undefined;
  readonly peer_data?: { readonly address: string | undefined; readonly port: number | undefined };
  readonly sec_websocket_headers?: readonly Header[];
  readonly trace_context_headers?: readonly Header[];
  readonly uri?: {
    readonly scheme: "http" | "https";
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly query: string;
  };
  /** Undefined if there is none, or if the CSRF token of the params isn't the session's. */
  readonly session?: unknown;
  readonly user_agent?: string | undefined;
  readonly x_headers?: readonly Header[];
  readonly [name: string]: unknown;
}

/** Reads of a request what the mount's `connectInfo` names. A promise if that is a session; rejects if it can't be read. */
export function connectInfo(
  request: IncomingMessage,
  params: Params,
  { connectInfo: sources, checkCsrf }: ConnectInfoOptions,
): ConnectInfo | Promise<ConnectInfo> {
  const info: Record<string, unknown> = {};
  let read: SessionReader | undefined;
  for (const source of sources) {
    if (typeof source === "string") info[source] = READERS[source](request);
    else if (hasSession(source)) read = source.session;
    else Object.assign(info, source);
  }
  if (read === undefined) return info;
  return sessionOf(request, params, read, checkCsrf).then((session) => ({ ...info, session }));
}

/** What is wrong with the options, if anything: what was expected, and what came. */
export function connectInfoFault(
  { connectInfo: sources, checkCsrf, authToken }: ConnectInfoOptions & { readonly authToken: boolean },
  checkOrigin: unknown,
): readonly [expected: string, got: unknown] | undefined {
  for (const source of sources) {
    if (typeof source === "string" ? !isKey(source) : typeof source !== "object" || source === null) {
      return [`a connectInfo of ${CONNECT_INFO_KEYS.join(", ")}, { session } or { name: value }`, source];
    }
    if (typeof source === "object" && "session" in source && !hasSession(source))
      return ["a function that reads the session", source["session"]];
  }
  if (typeof authToken !== "boolean") return ["an authToken of true or false", authToken];
  if (typeof checkCsrf !== "boolean" && typeof checkCsrf !== "function")
    return ["a checkCsrf of true, false or a function", checkCsrf];
  if (checkCsrf === false && checkOrigin === false && sources.some(hasSession))
    return ["checkOrigin or checkCsrf for a session, which any page could use else,", "neither"];
  return undefined;
}

function isKey(source: string): source is ConnectInfoKey {
  return CONNECT_INFO_KEYS.includes(source as ConnectInfoKey);
}

function hasSession(source: ConnectInfoSource): source is { readonly session: SessionReader } {
  return typeof source === "object" && typeof source["session"] === "function";
}

async function sessionOf(
  request: IncomingMessage,
  { _csrf_token: csrfToken }: Params,
  read: SessionReader,
  checkCsrf: CheckCsrf,
): Promise<unknown> {
  if (checkCsrf === true && typeof csrfToken !== "string") return undefined;
  const session = await read(request);
  if (session === undefined || session === null || checkCsrf === false) return session ?? undefined;
  const isOwn = checkCsrf === true ? isCsrfTokenOf(session, csrfToken) : checkCsrf(session, csrfToken);
  return isOwn ? session : undefined;
}

function isCsrfTokenOf(session: unknown, csrfToken: unknown): boolean {
  const own = (session as { readonly _csrf_token?: unknown })._csrf_token;
  if (typeof own !== "string" || typeof csrfToken !== "string") return false;
  const [ours, theirs] = [Buffer.from(own), Buffer.from(csrfToken)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

/** Whether the request came over TLS. */
export function isEncrypted({ socket }: IncomingMessage): boolean {
  return (socket as NetSocket & Partial<TLSSocket>).encrypted === true;
}

const TRACE_CONTEXT: ReadonlySet<string> = new Set(["traceparent", "tracestate"]);

const READERS: { readonly [Key in ConnectInfoKey]: (request: IncomingMessage) => ConnectInfo[Key] } = {
  peer_data: ({ socket }) => ({ address: socket.remoteAddress, port: socket.remotePort }),
  sec_websocket_headers: (request) => headers(request, (name) => name.startsWith("sec-websocket-")),
  trace_context_headers: (request) => headers(request, (name) => TRACE_CONTEXT.has(name)),
  uri: uriOf,
  user_agent: (request) => request.headers["user-agent"],
  x_headers: (request) => headers(request, (name) => name.startsWith("x-")),
};

function headers({ rawHeaders }: IncomingMessage, wanted: (name: string) => boolean): Header[] {
  const found: Header[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (wanted(name)) found.push([name, rawHeaders[i + 1]!]);
  }
  return found;
}

function uriOf(request: IncomingMessage): NonNullable<ConnectInfo["uri"]> {
  const { url = "/" } = request;
  const { host = "" } = request.headers;
  const scheme = isEncrypted(request) ? "https" : "http";
  const authority = URL.parse(`${scheme}://${host}`);
  const [path = "", query = ""] = url.split("?", 2);
  return {
    scheme,
    host: authority?.hostname ?? "",
    port: Number(authority?.port) || (scheme === "https" ? 443 : 80),
    path,
    query,
  };
}
