import type { IncomingMessage } from "node:http";
import { channelsError } from "../errors.ts";
import { CONNECT_INFO_KEYS, type ConnectInfoKey } from "./connect-info.ts";
import type { CheckOrigin } from "./origin.ts";

/** An answer to a handshake that is refused. */
export interface HandshakeResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a mount serves WebSockets. */
export interface WebSocketOptions {
  /** Below the mount: `/socket` and `/websocket` make `/socket/websocket`. */
  readonly path?: string;
  /** In milliseconds: a client that sends nothing for so long is gone. 60,000 if left out. */
  readonly timeout?: number;
  /** In bytes: a larger frame ends the connection with 1009. 10,000,000 if left out. */
  readonly maxFrameSize?: number;
  /** In bytes: a client that leaves more than this unread is disconnected. 16 MiB if left out. */
  readonly maxBufferedSize?: number;
  /** Whether frames may be compressed, which takes much memory and time. */
  readonly compress?: boolean;
  readonly checkOrigin?: CheckOrigin;
  /** What `connect` is told of the request. */
  readonly connectInfo?: readonly ConnectInfoKey[];
  /** Clients may send a token as a subprotocol, which logs don't show; `connectInfo.auth_token`. */
  readonly authToken?: boolean;
  /** Subprotocols of the application, the preferred one first. */
  readonly subprotocols?: readonly string[];
  /** Answers a client that `connect` refused with a reason. 403 without a body if left out. */
  readonly errorHandler?: (request: IncomingMessage, reason: unknown) => HandshakeResponse;
}

export const websocketDefaults: Required<WebSocketOptions> = {
  path: "/websocket",
  timeout: 60_000,
  maxFrameSize: 10_000_000,
  maxBufferedSize: 16 * 1_024 * 1_024,
  compress: false,
  checkOrigin: true,
  connectInfo: [],
  authToken: false,
  subprotocols: [],
  errorHandler: () => ({ status: 403 }),
};

/** Checks the options of a mount and completes them. Throws ROOKERY_WEBSOCKET_OPTION. */
export function completeWebSocketOptions(options: WebSocketOptions = {}): Required<WebSocketOptions> {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(websocketDefaults, name)) refuse("only known options", name);
  }
  const complete = { ...websocketDefaults, ...options };
  if (typeof complete.path !== "string" || !complete.path.startsWith("/"))
    refuse("a path like /websocket", complete.path);
  for (const name of ["timeout", "maxFrameSize", "maxBufferedSize"] as const) {
    if (typeof complete[name] !== "number" || !(complete[name] > 0))
      refuse(`a ${name} above 0`, complete[name]);
  }
  for (const key of complete.connectInfo) {
    if (!CONNECT_INFO_KEYS.includes(key)) refuse(`a connectInfo of ${CONNECT_INFO_KEYS.join(", ")}`, key);
  }
  return Object.freeze(complete);
}

function refuse(expected: string, got: unknown): never {
  throw channelsError("ROOKERY_WEBSOCKET_OPTION", expected, got);
}
