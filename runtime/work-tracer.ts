/** A piece of work that is worth a span of its own. */
export interface TraceableWork {
  /** `server`: a client has asked for it. */
  readonly kind: "server" | "internal";
  /** One of few, whoever asks for what. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** Of the request of a client: `traceparent` and `tracestate`, as far as it has sent them. */
  readonly headers?: ReadonlyMap<string, string>;
}

/** Who makes spans of pieces of work. */
export interface WorkTracer {
  /** Does the work, in a span that ends when it is done, or its promise has settled. */
  around<Value>(work: TraceableWork, run: () => Value): Value;
}

/** The one who does so on this thread: nobody, unless somebody traces. To be asked before any of the work is described. */
export const workTracing: { tracer: WorkTracer | undefined } = { tracer: undefined };
