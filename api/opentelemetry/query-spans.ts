import type { Tracer } from "@opentelemetry/api";
import type { TelemetryHandler } from "../../runtime/index.ts";
import { systemClock } from "../../runtime/internal.ts";
import type { QueryMeasurements, QueryMetadata } from "../repo/query-telemetry.ts";
import { failSpan, type OpenTelemetryApi } from "./span.ts";

/** Makes a span of each query, by the conventions for database clients, once it has run. The values of its parameters are not in it. */
export function querySpans(
  api: OpenTelemetryApi,
  tracer: Tracer,
): TelemetryHandler<QueryMeasurements, QueryMetadata> {
  return ({ totalTimeMs }, { repo, system, sql, source, result, error }) => {
    const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase();
    // The SDK takes small numbers for the time since Node began, as its own clock has it.
    const endedMs = systemClock.nowMs();
    const span = tracer.startSpan([operation, source].filter(Boolean).join(" ") || system, {
      kind: api.SpanKind.CLIENT,
      startTime: endedMs - totalTimeMs,
      attributes: {
        "db.system.name": system,
        "db.query.text": sql,
        "db.operation.name": operation,
        "db.collection.name": source,
        "rookery.repo": repo,
      },
    });
    if (result === "error") failSpan(api, span, error);
    span.end(endedMs);
  };
}
