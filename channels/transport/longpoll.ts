import type { IncomingMessage } from "node:http";
import type { Runtime } from "../../runtime/index.ts";
import { ExitError } from "../../runtime/index.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { connectSocket } from "../connect.ts";
import { decodeParams, type Params } from "../params.ts";
import { PubSub } from "../pubsub/pubsub.ts";
import type { Socket } from "../socket.ts";
import type { SocketDefinition } from "../socket-definition.ts";
import { sessionsSupervisor } from "../socket-supervisor.ts";
import { connectInfo, isEncrypted } from "./connect-info.ts";
import { framesOf } from "./longpoll-body.ts";
import { Exchange, type ExchangeOptions, FrameResult } from "./longpoll-exchange.ts";
import {
  type CompleteLongPollOptions,
  completeLongPollOptions,
  type LongPollOptions,
} from "./longpoll-options.ts";
import { LongPollSession, SessionStart } from "./longpoll-session.ts";
import {
  newRoute,
  readSessionToken,
  type ReadToken,
  type SessionRoute,
  type SessionSecret,
  sessionToken,
} from "./longpoll-token.ts";
import { type OriginCheck, originCheck } from "./origin.ts";
import type { HandshakeResponse } from "./websocket-options.ts";

const TOKEN_HEADER = "x-phoenix-longpoll-token";
const AUTH_TOKEN_HEADER = "x-phoenix-authtoken";

/** The statuses that clients know; they stand in the body of an answer that is 200 for HTTP. */
const Status = {
  Ok: 200,
  NoContent: 204,
  Forbidden: 403,
  Timeout: 408,
  Gone: 410,
  Failed: 500,
} as const;
type Status = (typeof Status)[keyof typeof Status];

export interface LongPollMount {
  readonly runtime: Runtime;
  readonly socket: SocketDefinition;
  /** The name of the mount, that of its `socketSupervisor`. */
  readonly name: string;
  readonly pubsub: string;
  /** Signs the tokens of the sessions: the same on all shards and nodes. */
  readonly secretKeyBase: string;
  readonly options?: LongPollOptions;
}

export interface LongPollRequest {
  readonly request: IncomingMessage;
  /** Of a POST. */
  readonly body: Buffer;
  /** Whether there may be a new session, asked when it comes to that: not while the server drains. */
  readonly isOpen: () => boolean;
  /** Aborted when the client hangs up. */
  readonly signal: AbortSignal;
  /** The variables of the mount's path. */
  readonly pathParams?: Readonly<Record<string, string>>;
}

/** What a request says in its head. */
interface Asked extends LongPollRequest {
  readonly params: Params;
  readonly token: unknown;
  readonly read: ReadToken;
}

/**
 * Serves the clients of one mount that poll: hand it each request to the mount's path. A session lives where its first request came in; any
 * shard and any node with the same secret, the same mount, and a PubSub that reaches the others serves the rest. Needs the mount's
 * `socketSupervisor` and its PubSub running.
 */
export class LongPollTransport {
  /** Where it is, below the mount. */
  readonly path: string;
  /** In bytes: no larger body need be read. */
  readonly maxBodySize: number;
  readonly #mount: LongPollMount;
  readonly #options: CompleteLongPollOptions;
  readonly #originAllowed: OriginCheck;
  readonly #secret: SessionSecret;

  /** Throws ROOKERY_LONGPOLL_OPTION or ROOKERY_ORIGIN for options that are wrong, ROOKERY_SECRET for a secret that is too short. */
  constructor(mount: LongPollMount) {
    const { runtime, name, secretKeyBase } = mount;
    this.#mount = mount;
    this.#options = completeLongPollOptions(mount.options);
    this.path = this.#options.path;
    this.maxBodySize = this.#options.maxBodySize;
    this.#originAllowed = originCheck(this.#options.checkOrigin);
    this.#secret = { secretKeyBase, salt: name, maxAge: this.#options.crypto.maxAge, clock: runtime.clock };
    // Derives the key, which takes a moment, and refuses what is none.
    readSessionToken("", this.#secret);
  }

  /** Answers a request, always: a client that is refused learns it from the status in the body. */
  async serve(asked: LongPollRequest): Promise<HandshakeResponse> {
    const { runtime, name } = this.#mount;
    try {
      return await this.#serve(asked);
    } catch (error) {
      // A checkOrigin or an errorHandler has thrown, or what a mount needs is not running.
      runtime.logger.error({ err: error }, `A request to poll ${name} failed`);
      return json({ status: Status.Failed });
    }
  }

  /** The answer to a request whose body can't be read. */
  badRequest(): HandshakeResponse {
    return { status: 400, headers: COMMON_HEADERS };
  }

  async #serve(asked: LongPollRequest): Promise<HandshakeResponse> {
    const { request, pathParams } = asked;
    const { method, headers, url = "" } = request;
    if (!this.#originAllowed(headers.origin, headers.host, isEncrypted(request))) {
      this.#mount.runtime.logger.warn(
        { origin: headers.origin },
        `Refused the origin of a request in ${this.#mount.name}`,
      );
      return json({ status: Status.Forbidden });
    }
    if (method === "OPTIONS") return preflight(headers["access-control-request-headers"]);
    if (method !== "GET" && method !== "POST") return this.badRequest();
    const query = url.indexOf("?");
    const head = this.#head(request, query === -1 ? "" : url.slice(query + 1));
    if (head === undefined) return this.badRequest();
    // Without a prototype, as params are.
    const params = Object.assign(Object.create(null), head.params, pathParams) as Params;
    return method === "GET"
      ? this.#poll({ ...asked, ...head, params })
      : this.#push({ ...asked, ...head, params });
  }

  /** Undefined if the query can't be read. */
  #head({ headers }: IncomingMessage, query: string): Omit<Asked, keyof LongPollRequest> | undefined {
    const params = decodeParams(query);
    if (params === undefined) return undefined;
    const inHeader = headers[TOKEN_HEADER];
    const token = inHeader ?? params["token"];
    const read = readSessionToken(token, this.#secret);
    // A client adds it to its own parameters, of which one may have the same name, and be what `connect` is to see.
    const own = read.sent && inHeader === undefined ? decodeParams(withoutLastToken(query)) : params;
    return { params: own ?? params, token, read };
  }

  async #poll(asked: Asked): Promise<HandshakeResponse> {
    const { read, token, signal } = asked;
    if (read.route !== undefined) {
      const messages = await Exchange.run(this.#exchange(read.route, signal), async (exchange) =>
        (await exchange.isThere()) ? exchange.poll() : undefined,
      );
      if (messages !== undefined) {
        const status = messages.length > 0 ? Status.Ok : Status.NoContent;
        return json({ messages, status, token: token as string });
      }
    }
    return asked.isOpen() && !signal.aborted ? this.#connect(asked) : json({ status: Status.Failed });
  }

  async #push({ request, body, read }: Asked): Promise<HandshakeResponse> {
    const { route } = read;
    if (route === undefined) return json({ status: Status.Gone });
    const frames =
      body.length > this.maxBodySize ? undefined : framesOf(request.headers["content-type"], body);
    if (frames === undefined) return this.badRequest();
    const status = await Exchange.run(this.#exchange(route), async (exchange) => {
      if (!(await exchange.isThere())) return Status.Gone;
      for (const frame of frames) {
        const result = await exchange.frame(frame);
        if (result === FrameResult.Ended) break;
        if (result === FrameResult.Absent) return Status.Gone;
        if (result !== FrameResult.Handled) return Status.Timeout;
      }
      return Status.Ok;
    });
    return json({ status });
  }

  #exchange(route: SessionRoute, signal?: AbortSignal): ExchangeOptions {
    const { runtime, name, pubsub } = this.#mount;
    const { pubsubTimeoutMs, windowMs } = this.#options;
    const options = { runtime, name, pubsub, route, pubsubTimeoutMs, windowMs };
    return signal === undefined ? options : { ...options, signal };
  }

  async #connect({ request, params, signal }: Asked): Promise<HandshakeResponse> {
    const { runtime, socket: handler, pubsub } = this.#mount;
    const { serializers, authToken, errorHandler } = this.#options;
    const info = await connectInfo(request, params, this.#options);
    const header = request.headers[AUTH_TOKEN_HEADER];
    const result = await connectSocket(
      { handler, transport: "longpoll", runtime, pubsub, serializers },
      params,
      authToken ? { ...info, auth_token: typeof header === "string" ? header : undefined } : info,
    );
    // Nobody would poll a session of which the client has not heard.
    if (result.ok && !signal.aborted) return this.#open(result.socket);
    if (result.ok || result.failed) return json({ status: Status.Failed });
    if (result.reason === undefined || errorHandler === undefined) return json({ status: Status.Forbidden });
    const { status, headers, body } = errorHandler(request, result.reason);
    return {
      status,
      headers: { ...COMMON_HEADERS, ...headers },
      ...(body === undefined ? {} : { body }),
    };
  }

  async #open(socket: Socket): Promise<HandshakeResponse> {
    const { runtime, name, pubsub } = this.#mount;
    const route = newRoute(PubSub.nodeName(runtime, pubsub), runtime.clock);
    try {
      const started = await DynamicSupervisor.startChild(runtime, sessionsSupervisor(name), {
        id: "session",
        start: [LongPollSession, new SessionStart(name, socket, route.topic, this.#options)],
        restart: "temporary",
      });
      if (started.ok)
        return json({ messages: [], status: Status.Gone, token: sessionToken(route, this.#secret) });
      runtime.logger.error({ reason: started.reason }, `A session of ${name} did not start`);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      runtime.logger.error({ err: error }, `The supervisor of the sessions of ${name} is not running`);
    }
    return json({ status: Status.Failed });
  }
}

const COMMON_HEADERS = {
  // The origin is always checked.
  "access-control-allow-origin": "*",
  // Where the token travels in a header, all sessions poll the same address.
  "cache-control": "no-store",
} as const;
const JSON_HEADERS = { ...COMMON_HEADERS, "content-type": "application/json; charset=utf-8" } as const;

/** The order of the names is that of Phoenix. */
type Body =
  | { readonly status: Status }
  | { readonly messages: readonly string[]; readonly status: Status; readonly token: string };

function json(body: Body): HandshakeResponse {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(body) };
}

function preflight(requestedHeaders: string = ""): HandshakeResponse {
  return {
    status: 200,
    headers: {
      ...COMMON_HEADERS,
      "access-control-allow-headers": requestedHeaders,
      "access-control-allow-methods": "get, post, options",
      "access-control-max-age": "3600",
    },
  };
}

function withoutLastToken(query: string): string {
  const parts = query.split("&");
  const last = parts.findLastIndex((part) => part.startsWith("token="));
  return parts.filter((_, index) => index !== last).join("&");
}
