import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";

type Request = Pick<IncomingMessage, "method" | "headers" | "rawHeaders">;

const AUTH_TOKEN_PREFIX = "base64url.bearer.phx.";
const CONNECTION = /(?:^|,)\s*upgrade\s*(?:,|$)/i;
const UPGRADE = /(?:^|,)\s*websocket\s*(?:,|$)/i;
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** A handshake that is refused before anything of the application is asked, and what to answer. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** Whether a request asks for a WebSocket, and not for something else, such as HTTP/2, which a server may leave unheard. */
export function asksForWebSocket({ headers }: Pick<Request, "headers">): boolean {
  const { upgrade = "" } = headers;
  // Nearly all write it so, and need no expression.
  return upgrade === "websocket" || UPGRADE.test(upgrade);
}

/** Why a request can't become a WebSocket; undefined if it can. The texts are those of WebSockAdapter. */
export function refuseUpgrade(request: Request): Refusal | undefined {
  if (request.method !== "GET") return { status: 400, text: "" };
  if (isHandshake(request)) return undefined;
  const text =
    refuseList(request, "connection", "upgrade") ??
    refuseList(request, "upgrade", "websocket") ??
    refuseKey(request) ??
    refuseVersion(request);
  return text === undefined ? undefined : { status: 400, text };
}

/** What a client hears whose request was not refused, after which both sides speak WebSocket (RFC 6455, 4.2.2). */
export function acceptUpgrade({ headers }: Request, subprotocol: string | undefined): string {
  const accept = hash("sha1", `${headers["sec-websocket-key"]}${ACCEPT_GUID}`, "base64");
  const protocol = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol}\r\n`;
}

/** What nearly all requests are. Node joins the lines of these headers, so two keys or versions are none. */
function isHandshake(request: Request): boolean {
  const { headers } = request;
  const { connection = "" } = headers;
  return (
    (connection === "Upgrade" || CONNECTION.test(connection)) &&
    asksForWebSocket(request) &&
    headers["sec-websocket-version"] === "13" &&
    KEY.test(headers["sec-websocket-key"] ?? "")
  );
}

function refuseList(request: Request, name: string, needed: string): string | undefined {
  const values = valuesOf(request, name);
  const items = values.flatMap(listOf).map((item) => item.toLowerCase());
  return items.includes(needed)
    ? undefined
    : `'${name}' header must contain '${needed}', got ${inspectList(values)}`;
}

function refuseKey(request: Request): string | undefined {
  const values = valuesOf(request, "sec-websocket-key");
  if (values.length === 0) return "'sec-websocket-key' header is absent";
  if (values.length === 1 && KEY.test(values[0]!)) return undefined;
  return `'sec-websocket-key' header must be 16 bytes in base64, got ${inspectList(values)}`;
}

function refuseVersion(request: Request): string | undefined {
  const values = valuesOf(request, "sec-websocket-version");
  if (values.length === 1 && values[0] === "13") return undefined;
  return `'sec-websocket-version' header must equal '13', got ${inspectList(values)}`;
}

/** All lines of a header. Node keeps one of some headers and joins others. */
function valuesOf({ rawHeaders }: Request, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name);
}

function listOf(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** As Elixir prints a list of strings. */
function inspectList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
}

export interface Subprotocols {
  /** What to answer; undefined for no such header. */
  readonly selected: string | undefined;
  readonly authToken: string | undefined;
  /** The client offered some, but none that is known here. */
  readonly refused: boolean;
}

const NONE_OFFERED: Subprotocols = { selected: undefined, authToken: undefined, refused: false };

/**
 * Reads `sec-websocket-protocol`. With `authToken`, one of the offered is no protocol but carries the token, in base64 with either
 * alphabet, and `phoenix` is a known protocol. With no protocol known, the header is ignored.
 */
export function readSubprotocols(
  header: string | undefined,
  { authToken, subprotocols }: { readonly authToken: boolean; readonly subprotocols: readonly string[] },
): Subprotocols {
  if (header === undefined) return NONE_OFFERED;
  const offered = listOf(header);
  const bearer = authToken ? offered.find((item) => item.startsWith(AUTH_TOKEN_PREFIX)) : undefined;
  const known = authToken ? ["phoenix", ...subprotocols] : subprotocols;
  const protocols = offered.filter((item) => item !== bearer);
  const selected = known.find((item) => protocols.includes(item));
  return {
    selected,
    // Node's base64 reads both alphabets, padded or not.
    authToken: bearer && Buffer.from(bearer.slice(AUTH_TOKEN_PREFIX.length), "base64").toString(),
    refused: known.length > 0 && protocols.length > 0 && selected === undefined,
  };
}
