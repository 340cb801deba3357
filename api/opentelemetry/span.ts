import type * as api from "@opentelemetry/api";

/** What is used of `@opentelemetry/api`: handed in, so that it is the program's own, of the version that its SDK wants. */
export type OpenTelemetryApi = Pick<
  typeof api,
  "trace" | "context" | "propagation" | "ROOT_CONTEXT" | "SpanKind" | "SpanStatusCode"
>;

/** Says of `span` that its work has failed, and why. */
export function failSpan({ SpanStatusCode }: OpenTelemetryApi, span: api.Span, failure: unknown): void {
  const isError = failure instanceof Error;
  span.setAttribute("error.type", isError ? ((failure as { code?: string }).code ?? failure.name) : "exit");
  if (isError) span.recordException(failure);
  span.setStatus({ code: SpanStatusCode.ERROR, message: isError ? failure.message : String(failure) });
}
