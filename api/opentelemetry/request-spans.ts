import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import type { FastifyRequest } from "fastify";
import type { RequestTracer } from "../request-tracer.ts";
import type { OpenTelemetryApi } from "./span.ts";

/** Methods that are their own names; a client may send anything else, and names shall be few. */
const METHODS = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);

interface Followed {
  readonly context: Context;
  /** Ours; undefined where another instrumentation has one. */
  readonly span: Span | undefined;
}

interface AnsweredRequest {
  readonly request: FastifyRequest;
  readonly status: number;
  readonly aborted: boolean;
}

/** Makes a span of each request, by the conventions for HTTP servers. */
export class RequestSpans implements RequestTracer {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;
  readonly #followed = new WeakMap<FastifyRequest, Followed>();

  constructor(api: OpenTelemetryApi, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  begin(request: FastifyRequest, goOn: () => void): void {
    const { context } = this.#api;
    const followed = this.#follow(request);
    this.#followed.set(request, followed);
    context.with(followed.context, goOn);
  }

  #follow(request: FastifyRequest): Followed {
    const { context, propagation, SpanKind, trace } = this.#api;
    const active = context.active();
    if (trace.getSpan(active) !== undefined) return { context: active, span: undefined };
    const parent = propagation.extract(active, request.headers);
    const method = METHODS.has(request.method) ? request.method : "HTTP";
    const route = request.routeOptions.url;
    const options = { kind: SpanKind.SERVER, attributes: attributesOf(request) };
    const span = this.#tracer.startSpan(route === undefined ? method : `${method} ${route}`, options, parent);
    return { context: trace.setSpan(parent, span), span };
  }

  resume<Value>(request: FastifyRequest, goOn: () => Value): Value {
    const followed = this.#followed.get(request);
    return followed === undefined ? goOn() : this.#api.context.with(followed.context, goOn);
  }

  failed(request: FastifyRequest, error: unknown): void {
    if (error instanceof Error) this.#followed.get(request)?.span?.recordException(error);
  }

  end({ request, status, aborted }: AnsweredRequest): void {
    const span = this.#followed.get(request)?.span;
    if (span === undefined) return;
    span.setAttribute("http.response.status_code", status);
    // What the client did wrong is no failure of the server.
    if (status >= 500 || aborted) {
      span.setAttribute("error.type", aborted ? "aborted" : String(status));
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    span.end();
  }
}

/** The path without its query, which may carry a token. */
function attributesOf(request: FastifyRequest): Attributes {
  const { method, url, protocol, hostname, port, ip, headers } = request;
  const known = METHODS.has(method);
  return {
    "http.request.method": known ? method : "_OTHER",
    "http.request.method_original": known ? undefined : method,
    "http.route": request.routeOptions.url,
    "url.path": url.split("?", 1)[0],
    "url.scheme": protocol,
    "server.address": hostname,
    "server.port": port ?? undefined,
    "client.address": ip,
    "network.protocol.version": request.raw.httpVersion,
    "user_agent.original": headers["user-agent"],
  };
}
