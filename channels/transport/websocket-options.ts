import type { IncomingMessage } from "node:http";
import type { PerMessageDeflateOptions } from "ws";
import { channelsError } from "../errors.ts";
import { defaultSerializers } from "../serializer/default-serializers.ts";
import type { Serializer } from "../serializer/serializer.ts";
import { isSlowConsumer, type SlowConsumer } from "./backlog.ts";
import { type CheckCsrf, connectInfoFault, type ConnectInfoSource } from "./connect-info.ts";
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
  /** In bytes: so much a client may leave unread. 16 MiB if left out. */
  readonly maxBufferedSize?: number;
  /** What becomes of a client that leaves more unread. `"disconnect"` if left out. */
  readonly slowConsumer?: SlowConsumer;
  /** Whether frames may be compressed, which takes much memory and time, or how: the options of `ws`. */
  readonly compress?: boolean | PerMessageDeflateOptions;
  readonly checkOrigin?: CheckOrigin;
  /** What `connect` is told of the request. */
  readonly connectInfo?: readonly ConnectInfoSource[];
  /** Whether a session in `connectInfo` needs the param `_csrf_token`. True if left out. */
  readonly checkCsrf?: CheckCsrf;
  /** Clients may send a token as a subprotocol, which logs don't show; `connectInfo.auth_token`. */
  readonly authToken?: boolean;
  /** Subprotocols of the application, the preferred one first. */
  readonly subprotocols?: readonly string[];
  /** What its clients speak; the first of the version that a client asks for. Versions 1 and 2 of Phoenix's protocol if left out. */
  readonly serializers?: readonly Serializer[];
  /** Answers a client that `connect` refused with a reason. 403 without a body if left out. */
  readonly errorHandler?: (request: IncomingMessage, reason: unknown) => HandshakeResponse;
}

export const websocketDefaults: Required<WebSocketOptions> = {
  path: "/websocket",
  timeout: 60_000,
  maxFrameSize: 10_000_000,
  maxBufferedSize: 16 * 1_024 * 1_024,
  slowConsumer: "disconnect",
  compress: false,
  checkOrigin: true,
  connectInfo: [],
  checkCsrf: true,
  authToken: false,
  subprotocols: [],
  serializers: defaultSerializers,
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
  if (!isSlowConsumer(complete.slowConsumer)) {
    refuse("a slowConsumer of disconnect, drop_oldest, drop_newest or { conflate }", complete.slowConsumer);
  }
  if (!Array.isArray(complete.serializers) || complete.serializers.length === 0)
    refuse("a list of serializers", complete.serializers);
  if (typeof complete.errorHandler !== "function") refuse("a function errorHandler", complete.errorHandler);
  const fault = connectInfoFault(complete, complete.checkOrigin);
  if (fault !== undefined) refuse(...fault);
  return Object.freeze(complete);
}

function refuse(expected: string, got: unknown): never {
  throw channelsError("ROOKERY_WEBSOCKET_OPTION", expected, got);
}
