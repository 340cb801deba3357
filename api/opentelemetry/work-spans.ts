import type { TextMapGetter, Tracer } from "@opentelemetry/api";
import { isPromise, type TraceableWork, type WorkTracer } from "../../runtime/internal.ts";
import { failSpan, type OpenTelemetryApi } from "./span.ts";

const fromMap: TextMapGetter<ReadonlyMap<string, string>> = {
  get: (headers, name) => headers.get(name),
  keys: (headers) => [...headers.keys()],
};

/** Makes spans of the callbacks of sockets and channels. */
export class WorkSpans implements WorkTracer {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;

  constructor(api: OpenTelemetryApi, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  around<Value>({ kind, name, attributes, headers }: TraceableWork, run: () => Value): Value {
    const { context, propagation, SpanKind, trace } = this.#api;
    const active = context.active();
    const parent = headers === undefined ? active : propagation.extract(active, headers, fromMap);
    const options = { kind: kind === "server" ? SpanKind.SERVER : SpanKind.INTERNAL, attributes };
    const span = this.#tracer.startSpan(name, options, parent);
    const end = (): void => span.end();
    const fail = (failure: unknown): void => {
      failSpan(this.#api, span, failure);
      span.end();
    };
    let result: Value;
    try {
      result = context.with(trace.setSpan(parent, span), run);
    } catch (thrown) {
      fail(thrown);
      throw thrown;
    }
    if (isPromise(result)) result.then(end, fail);
    else end();
    return result;
  }
}
