import type { Context, Span, Tracer } from "@opentelemetry/api";
import type { MessageTracer, TracedWork, WorkSpan } from "../../runtime/internal.ts";
import { failSpan, type OpenTelemetryApi } from "./span.ts";

const NAMES: Readonly<Record<TracedWork["kind"], (name: string) => string>> = {
  call: (name) => `call ${name}`,
  handle_call: (name) => `${name}.handleCall`,
  handle_cast: (name) => `${name}.handleCast`,
  task: (name) => (name === "" ? "Task" : `Task ${name}`),
};

/** A span of what a process does. */
class ProcessSpan implements WorkSpan<Context> {
  readonly context: Context;
  readonly #api: OpenTelemetryApi;
  readonly #span: Span;

  constructor(api: OpenTelemetryApi, span: Span, parent: Context) {
    this.#api = api;
    this.#span = span;
    this.context = api.trace.setSpan(parent, span);
  }

  readonly end = (failure?: unknown): void => {
    if (failure !== undefined) failSpan(this.#api, this.#span, failure);
    this.#span.end();
  };
}

/** Takes the context of OpenTelemetry along with messages, and makes spans of what comes of them. */
export class MessageSpans implements MessageTracer<Context> {
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;

  constructor(api: OpenTelemetryApi, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  current(): Context | undefined {
    const active = this.#api.context.active();
    return this.#api.trace.getSpan(active) === undefined ? undefined : active;
  }

  within<Value>(context: Context | undefined, work: () => Value): Value {
    return this.#api.context.with(context ?? this.#api.ROOT_CONTEXT, work);
  }

  begin({ kind, name, pid }: TracedWork, parent: Context): WorkSpan<Context> {
    const attributes = pid === undefined ? {} : { "rookery.pid": String(pid) };
    // Internal, also of a call: to who draws a map of services, clients and servers are programs.
    const options = { kind: this.#api.SpanKind.INTERNAL, attributes };
    return new ProcessSpan(this.#api, this.#tracer.startSpan(NAMES[kind](name), options, parent), parent);
  }

  written(context: Context): unknown {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(context, carrier);
    return carrier;
  }

  read(carrier: unknown): Context | undefined {
    const context = this.#api.propagation.extract(this.#api.ROOT_CONTEXT, carrier);
    return this.#api.trace.getSpan(context) === undefined ? undefined : context;
  }
}
