import {
  attachTelemetry,
  type CallResult,
  detachTelemetry,
  GenServer,
  type InitResult,
  ok,
  reply,
  type TelemetryEvent,
} from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import type { Metric } from "./metric.ts";
import { type FamilySnapshot, MetricFamily } from "./metric-family.ts";
import { ShardMetrics } from "./shard-metrics.ts";

/** What is counted on a shard. */
interface Counted {
  readonly families: readonly MetricFamily[];
  readonly shard: ShardMetrics;
}

/** Counts the telemetry of one shard, and answers what it has counted. */
export class MetricsServer extends GenServer<Counted, "snapshot"> {
  init(metrics: readonly Metric[]): InitResult<Counted> {
    const { self } = this;
    const handlerIds: string[] = [];
    const families = metrics.map((metric, index) => {
      const family = new MetricFamily(shapeOf(metric));
      const id = `rookery.metrics ${String(self.pid)} ${index}`;
      handlerIds.push(id);
      attachTelemetry(id, [metric.event as TelemetryEvent<object, object>], (measurements, metadata) => {
        const labels = metric.labelsOf(metadata as never).map(labelText);
        family.record(labels, metric.value(measurements as never));
      });
      return family;
    });
    const shard = new ShardMetrics(self.runtime);
    // Also when it is killed, and terminate does not run.
    onProcessExit(self.pid, () => {
      for (const id of handlerIds) detachTelemetry(id);
      shard.close();
    });
    return ok({ families, shard });
  }

  override handleCall(): CallResult {
    const { families, shard } = this.state;
    const dropped = families.reduce((sum, family) => sum + family.dropped, 0);
    return reply([...families.map((family) => family.snapshot()), droppedFamily(dropped), ...shard.read()]);
  }
}

function droppedFamily(dropped: number): FamilySnapshot {
  return {
    type: "counter",
    name: "rookery_metrics_dropped_total",
    help: "What was not counted, because its metric has too many series.",
    labels: [],
    series: [{ labels: [], values: [dropped] }],
  };
}

function shapeOf({ type, name, help, labels, bounds }: Metric): Omit<FamilySnapshot, "series"> {
  return { type, name, help, labels, ...(bounds === undefined ? {} : { bounds }) };
}

/** A label that says nothing is as if it was not there. */
function labelText(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
