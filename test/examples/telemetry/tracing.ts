import * as api from "@opentelemetry/api";
import { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { traceWithOpenTelemetry } from "rookery/api";

// In production: a BatchSpanProcessor, and the OTLPTraceExporter of "@opentelemetry/exporter-trace-otlp-http".
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] }).register();
traceWithOpenTelemetry(api);
