import type { IncomingMessage } from "node:http";
import { channelsError } from "../errors.ts";
import { defaultSerializers } from "../serializer/default-serializers.ts";
import type { Serializer } from "../serializer/serializer.ts";
import { isSlowConsumer, type SlowConsumer } from "./backlog.ts";
import { type CheckCsrf, connectInfoFault, type ConnectInfoSource } from "./connect-info.ts";
import type { CheckOrigin } from "./origin.ts";
import type { HandshakeResponse } from "./websocket-options.ts";

/** How a mount serves clients that poll. */
export interface LongPollOptions {
  /** Below the mount: `/socket` and `/longpoll` make `/socket/longpoll`. */
  readonly path?: string;
  /**
   * In milliseconds: so long a poll waits for something to answer with, and so long a frame may take to be handled. A client that does
   * not poll for one and a half times as long is gone. 10,000 if left out.
   */
  readonly windowMs?: number;
  /**
   * In milliseconds: a session that has not answered for so long, from wherever it is, is taken for gone; and so long another node may
   * take to confirm what it was given for a client. 2,000 if left out.
   */
  readonly pubsubTimeoutMs?: number;
  /** Of the token that names the session: `maxAge` in seconds. Two weeks if left out. */
  readonly crypto?: { readonly maxAge: number };
  /** In bytes: the body of a request that is larger is refused. 8,000,000 if left out. */
  readonly maxBodySize?: number;
  /** In bytes: so much may wait for the next poll. 16 MiB if left out. */
  readonly maxBufferedSize?: number;
  /** What becomes of a client for which more waits. `"disconnect"` if left out. */
  readonly slowConsumer?: SlowConsumer;
  readonly checkOrigin?: CheckOrigin;
  /** What `connect` is told of the request. */
  readonly connectInfo?: readonly ConnectInfoSource[];
  /** Whether a session in `connectInfo` needs the param `_csrf_token`. True if left out. */
  readonly checkCsrf?: CheckCsrf;
  /** Clients may send a token in the header `x-phoenix-authtoken`, which logs don't show; `connectInfo.auth_token`. */
  readonly authToken?: boolean;
  /** What its clients speak; the first of the version that a client asks for. Versions 1 and 2 of Phoenix's protocol if left out. */
  readonly serializers?: readonly Serializer[];
  /** Answers a client that `connect` refused with a reason. If left out, as one without: the status 403 in the body. */
  readonly errorHandler?: (request: IncomingMessage, reason: unknown) => HandshakeResponse;
}

type OptionalName = "errorHandler";
/** All that a mount needs to know. */
export type CompleteLongPollOptions = Required<Omit<LongPollOptions, OptionalName>> &
  Pick<LongPollOptions, OptionalName>;

const defaults: Required<Omit<LongPollOptions, OptionalName>> = {
  path: "/longpoll",
  windowMs: 10_000,
  pubsubTimeoutMs: 2_000,
  crypto: { maxAge: 1_209_600 },
  maxBodySize: 8_000_000,
  maxBufferedSize: 16 * 1_024 * 1_024,
  slowConsumer: "disconnect",
  checkOrigin: true,
  connectInfo: [],
  checkCsrf: true,
  authToken: false,
  serializers: defaultSerializers,
};

/** Checks the options of a mount and completes them. Throws ROOKERY_LONGPOLL_OPTION. */
export function completeLongPollOptions(options: LongPollOptions = {}): CompleteLongPollOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(defaults, name) && name !== "errorHandler") refuse("only known options", name);
  }
  const complete: CompleteLongPollOptions = { ...defaults, ...options };
  if (typeof complete.path !== "string" || !complete.path.startsWith("/"))
    refuse("a path like /longpoll", complete.path);
  for (const name of ["windowMs", "pubsubTimeoutMs", "maxBodySize", "maxBufferedSize"] as const) {
    if (!(Number.isFinite(complete[name]) && complete[name] > 0)) refuse(`a ${name} above 0`, complete[name]);
  }
  if (!Number.isInteger(complete.maxBodySize)) refuse("a maxBodySize in whole bytes", complete.maxBodySize);
  if (!isSlowConsumer(complete.slowConsumer)) {
    refuse("a slowConsumer of disconnect, drop_oldest, drop_newest or { conflate }", complete.slowConsumer);
  }
  if (!Array.isArray(complete.serializers) || complete.serializers.length === 0)
    refuse("a list of serializers", complete.serializers);
  const { errorHandler } = complete;
  if (errorHandler !== undefined && typeof errorHandler !== "function")
    refuse("a function errorHandler", errorHandler);
  if (typeof complete.crypto !== "object" || complete.crypto === null)
    refuse("a crypto of { maxAge }", complete.crypto);
  const { maxAge, ...unknown } = complete.crypto;
  for (const name of Object.keys(unknown)) refuse("only maxAge in crypto", name);
  if (typeof maxAge !== "number" || !(maxAge > 0)) refuse("a maxAge above 0 in crypto", maxAge);
  const fault = connectInfoFault(complete, complete.checkOrigin);
  if (fault !== undefined) refuse(...fault);
  return Object.freeze(complete);
}

function refuse(expected: string, got: unknown): never {
  throw channelsError("ROOKERY_LONGPOLL_OPTION", expected, got);
}
