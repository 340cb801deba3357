import * as api from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { onTestFinished } from "vitest";
import { traceWithOpenTelemetry } from "../../../api/opentelemetry/open-telemetry.ts";

/** The spans of one test, as the SDK would export them. */
export class RecordedSpans {
  readonly #exporter = new InMemorySpanExporter();
  end: () => void = () => {};

  /** Registers an SDK and traces, for the time of a test. */
  static start(): RecordedSpans {
    const recorded = new RecordedSpans();
    const spanProcessors = [new SimpleSpanProcessor(recorded.#exporter)];
    new NodeTracerProvider({ spanProcessors }).register();
    recorded.end = traceWithOpenTelemetry(api);
    onTestFinished(() => {
      recorded.end();
      api.trace.disable();
      api.context.disable();
      api.propagation.disable();
    });
    return recorded;
  }

  get all(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan {
    const found = this.all.find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name} among: ${this.names.join(", ")}`);
    return found;
  }

  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  /** The names of a span and of those in which it is, from the innermost on. */
  path(name: string): string {
    const names: string[] = [];
    let span: ReadableSpan | undefined = this.named(name);
    while (span !== undefined) {
      names.push(span.name);
      const parent: string | undefined = span.parentSpanContext?.spanId;
      span = this.all.find((other) => other.spanContext().spanId === parent);
    }
    return names.join(" < ");
  }
}
