import type { FastifyRequest } from "fastify";

/** Who follows requests. */
export interface RequestTracer {
  /** A request has arrived; `goOn` is what happens with it. */
  begin(request: FastifyRequest, goOn: () => void): void;
  /** Goes on with it: what has read its body since then may have come from elsewhere. */
  resume<Value>(request: FastifyRequest, goOn: () => Value): Value;
}

/** The one who does so on this thread: nobody, unless somebody traces. */
export const requestTracing: { tracer: RequestTracer | undefined } = { tracer: undefined };
