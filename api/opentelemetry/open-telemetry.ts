import { attachTelemetry, detachTelemetry } from "../../runtime/index.ts";
import { traceMessages, workTracing } from "../../runtime/internal.ts";
import { apiError } from "../errors.ts";
import { repoQuery } from "../repo/query-telemetry.ts";
import { requestTracing } from "../request-tracer.ts";
import { dispatchException, endpointStop } from "../telemetry.ts";
import { MessageSpans } from "./message-spans.ts";
import { querySpans } from "./query-spans.ts";
import { RequestSpans } from "./request-spans.ts";
import type { OpenTelemetryApi } from "./span.ts";
import { WorkSpans } from "./work-spans.ts";

const HANDLER_ID = "rookery.opentelemetry";
const INSTRUMENTATION = "rookery";

/**
 * Makes spans, from now on and on this thread, of requests, connects of sockets, channel callbacks, calls and what servers do with them,
 * tasks and queries, by the OpenTelemetry API that it is given: `import * as api from "@opentelemetry/api"`. Where they go is decided by the SDK that
 * the program has registered; before one is, and without one, nothing is recorded. Answers a function that ends it.
 *
 * What is called, cast or sent to a server while a span is active is handled in its context, also on other shards and nodes that
 * trace: there the context travels as the registered propagator writes it. Calls, casts and tasks have spans only within a trace,
 * so what the system does by itself makes none. A request continues the trace of its `traceparent`; one that another instrumentation has a span
 * for gets no second one.
 *
 * With several shards each thread traces for itself: call it in a module that `node --import` loads, which Node does in
 * each of them. Until it is called, no code of it runs anywhere.
 * Refused with ROOKERY_TRACING while it traces already.
 */
export function traceWithOpenTelemetry(api: OpenTelemetryApi): () => void {
  if (workTracing.tracer !== undefined) throw apiError("ROOKERY_TRACING", "OpenTelemetry does");
  const tracer = api.trace.getTracer(INSTRUMENTATION);
  const requests = new RequestSpans(api, tracer);
  const endMessages = traceMessages(new MessageSpans(api, tracer));
  workTracing.tracer = new WorkSpans(api, tracer);
  requestTracing.tracer = requests;
  const handlerIds = [`${HANDLER_ID}.stop`, `${HANDLER_ID}.exception`, `${HANDLER_ID}.query`] as const;
  attachTelemetry(handlerIds[0], [endpointStop], (_measurements, answered) => requests.end(answered));
  attachTelemetry(handlerIds[1], [dispatchException], (_measurements, { request, error }) =>
    requests.failed(request, error),
  );
  attachTelemetry(handlerIds[2], [repoQuery], querySpans(api, tracer));
  return () => {
    for (const id of handlerIds) detachTelemetry(id);
    endMessages();
    workTracing.tracer = undefined;
    requestTracing.tracer = undefined;
  };
}
