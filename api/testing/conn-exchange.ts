import type { FastifyInstance, FastifyRequest } from "fastify";
import { attachTelemetry, detachTelemetry } from "../../runtime/index.ts";
import type { Route } from "../router/route.ts";
import { dispatchStart, endpointStart, endpointStop, errorRendered } from "../telemetry.ts";

/** What a conn asks for. */
export interface ConnRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
  /** Put into the session before a plug or an action sees it. */
  readonly session: Readonly<Record<string, unknown>> | undefined;
  /** Whether it needs the token of its session, as the requests of browsers do. */
  readonly csrfProtected: boolean;
  readonly remoteIp: string;
}

/** What came of it. */
export interface ConnAnswer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  /** By name, in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly setCookies: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
  /** As plugs and action have left it. */
  readonly request: FastifyRequest;
  /** The route that matched, if any did. */
  readonly route: Route | undefined;
  /** Whether an exception, or that there is no such route, was turned into the answer. */
  readonly isError: boolean;
  /** That exception. */
  readonly error: unknown;
}

/** A request on its way, as far as telemetry has told of it. */
interface Followed {
  readonly asked: ConnRequest;
  readonly over: PromiseWithResolvers<void>;
  request: FastifyRequest | undefined;
  route: Route | undefined;
  isError: boolean;
  error: unknown;
}

/** Taken off again before anything of the application sees it. */
const TAG = "x-rookery-conn";
let exchanges = 0;

/** Hands requests to apps in memory, and follows each by telemetry to what it was there. */
export class ConnExchange implements Disposable {
  readonly #id: string;
  readonly #handlerIds: readonly string[];
  readonly #byTag = new Map<string, Followed>();
  readonly #byRequest = new WeakMap<FastifyRequest, Followed>();
  #sent = 0;

  constructor() {
    exchanges += 1;
    this.#id = `conn exchange ${exchanges}`;
    this.#handlerIds = ["start", "dispatch", "error", "stop"].map((event) => `${this.#id}: ${event}`);
    const [start, dispatch, error, stop] = this.#handlerIds as [string, string, string, string];
    attachTelemetry(start, [endpointStart], (_, { request }) => this.#started(request));
    attachTelemetry(dispatch, [dispatchStart], (_, { request, route }) => {
      const followed = this.#byRequest.get(request);
      if (followed !== undefined) followed.route = route;
    });
    attachTelemetry(error, [errorRendered], (_, rendered) => {
      const followed = this.#byRequest.get(rendered.request);
      if (followed === undefined) return;
      followed.isError = true;
      followed.error = rendered.error;
    });
    attachTelemetry(stop, [endpointStop], (_, { request }) => this.#byRequest.get(request)?.over.resolve());
  }

  /** Resolves when all is said about the request, its line in the log included. */
  async send(app: FastifyInstance, asked: ConnRequest): Promise<ConnAnswer> {
    const { method, url, headers, body, remoteIp } = asked;
    this.#sent += 1;
    const tag = `${this.#id}: ${this.#sent}`;
    const followed: Followed = {
      asked,
      over: Promise.withResolvers<void>(),
      request: undefined,
      route: undefined,
      isError: false,
      error: undefined,
    };
    this.#byTag.set(tag, followed);
    try {
      const response = await app.inject({
        method: method as "GET",
        url,
        remoteAddress: remoteIp,
        headers: { ...headers, [TAG]: tag },
        ...(body === undefined ? {} : { payload: body }),
      });
      if (followed.request !== undefined) await followed.over.promise;
      const setCookies = [response.headers["set-cookie"] ?? []].flat();
      return {
        method,
        url,
        status: response.statusCode,
        headers: new Map(
          Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(", ")]),
        ),
        setCookies,
        body: response.payload,
        bytes: response.rawPayload,
        request: followed.request!,
        route: followed.route,
        isError: followed.isError,
        error: followed.error,
      };
    } finally {
      this.#byTag.delete(tag);
    }
  }

  [Symbol.dispose](): void {
    for (const id of this.#handlerIds) detachTelemetry(id);
  }

  #started(request: FastifyRequest): void {
    const { headers, rawHeaders } = request.raw;
    const followed = this.#byTag.get(String(headers[TAG]));
    if (followed === undefined) return;
    delete headers[TAG];
    rawHeaders.splice(rawHeaders.indexOf(TAG), 2);
    followed.request = request;
    this.#byRequest.set(request, followed);
    const { session, csrfProtected } = followed.asked;
    if (session !== undefined) putIntoSession(request, session);
    if (!csrfProtected) request.skipsCsrfProtection = true;
  }
}

/** Puts the test's data into the session as soon as the session plug has fetched it. */
function putIntoSession(request: FastifyRequest, data: Readonly<Record<string, unknown>>): void {
  let fetched: FastifyRequest["fetchedSession"];
  Object.defineProperty(request, "fetchedSession", {
    configurable: true,
    get: () => fetched,
    set: (session: FastifyRequest["fetchedSession"]) => {
      fetched = session;
      for (const [key, value] of Object.entries(data)) session?.put(key, value);
    },
  });
}
