import type { TelemetryEvent } from "../../runtime/index.ts";
import type { MetricShape } from "./metric-family.ts";

/** A metric that is made of the executions of a telemetry event. */
export interface Metric extends MetricShape {
  readonly event: TelemetryEvent<never, never>;
  /** What one execution adds to it. */
  readonly value: (measurements: never) => number;
  /** The values of its labels, in the order of their names. */
  readonly labelsOf: (metadata: never) => readonly unknown[];
}

/** What a metric is called, and what it is made of: the executions of a telemetry event. */
export interface MetricOptions<Measurements extends object, Metadata extends object> {
  readonly name: string;
  readonly help: string;
  readonly event: TelemetryEvent<Measurements, Metadata>;
  /** One counts executions, if it is left out of a counter. */
  readonly value?: (measurements: Measurements) => number;
  /** Labels by name: what there is only few of. Never a path, a topic, or anything else that clients choose. */
  readonly labels?: Readonly<Record<string, (metadata: Metadata) => unknown>>;
}

/** The buckets that the conventions want for the durations of requests, in seconds. */
const SECONDS_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * A counter of the executions of a telemetry event, or of one of its measurements.
 * @example
 * ```ts doctest
 * const paid = telemetryEvent<{ cents: number }, { currency: string }>("shop.paid");
 * const metric = counter({
 *   name: "shop_paid_cents_total",
 *   help: "What customers have paid.",
 *   event: paid,
 *   value: ({ cents }) => cents,
 *   labels: { currency: ({ currency }) => currency },
 * });
 * metric.labels; // => ["currency"]
 * ```
 */
export function counter<Measurements extends object, Metadata extends object>(
  options: MetricOptions<Measurements, Metadata>,
): Metric {
  return metricOf("counter", { value: () => 1, ...options });
}

/** A histogram of one of the measurements of a telemetry event; mostly of seconds. */
export function histogram<Measurements extends object, Metadata extends object>(
  options: MetricOptions<Measurements, Metadata> & {
    readonly value: (measurements: Measurements) => number;
    /** The upper bounds of its buckets, rising. Those of the conventions for seconds, if left out. */
    readonly bounds?: readonly number[];
  },
): Metric {
  return { ...metricOf("histogram", options), bounds: options.bounds ?? SECONDS_BOUNDS };
}

function metricOf<Measurements extends object, Metadata extends object>(
  type: "counter" | "histogram",
  { name, help, event, value, labels = {} }: MetricOptions<Measurements, Metadata>,
): Metric {
  const readers = Object.values(labels);
  return {
    type,
    name,
    help,
    labels: Object.keys(labels),
    event,
    value: value!,
    labelsOf: (metadata: Metadata) => readers.map((read) => read(metadata)),
  };
}
