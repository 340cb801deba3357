import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import type { TLSSocket } from "node:tls";

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

/** Name, in lower case, and value. */
export type Header = readonly [name: string, value: string];

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
  readonly user_agent?: string | undefined;
  readonly x_headers?: readonly Header[];
}

/** Reads of a request what the mount's `connectInfo` names. */
export function connectInfo(request: IncomingMessage, keys: readonly ConnectInfoKey[]): ConnectInfo {
  return Object.fromEntries(keys.map((key) => [key, READERS[key](request)]));
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

function uriOf({
  headers: { host = "" },
  socket,
  url = "/",
}: IncomingMessage): NonNullable<ConnectInfo["uri"]> {
  const scheme = (socket as NetSocket & Partial<TLSSocket>).encrypted === true ? "https" : "http";
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
