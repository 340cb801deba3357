import assert from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { MetricFamily, mergeSnapshots } from "../../../api/prometheus/metric-family.ts";
import { textFormat } from "../../../api/prometheus/text-format.ts";

function durations(): MetricFamily {
  return new MetricFamily({
    type: "histogram",
    name: "duration_seconds",
    help: "How long it took.",
    labels: ["route"],
    bounds: [0.1, 1],
  });
}

describe("the text format", () => {
  test("has counters and gauges with their labels, which are escaped", () => {
    const orders = new MetricFamily({
      type: "counter",
      name: "orders_total",
      help: 'Orders,\nby "kind" and \\.',
      labels: ["kind", "city"],
    });
    orders.record(['a"b\\c\nd', ""], 1);
    orders.record(['a"b\\c\nd', ""], 2.5);
    const depth = new MetricFamily({ type: "gauge", name: "depth", help: "Depth.", labels: [] });
    depth.record([], 3);
    depth.record([], Number.POSITIVE_INFINITY);
    assert.equal(
      textFormat([orders.snapshot(), depth.snapshot()]),
      [
        '# HELP orders_total Orders,\\nby "kind" and \\\\.',
        "# TYPE orders_total counter",
        'orders_total{kind="a\\"b\\\\c\\nd",city=""} 3.5',
        "# HELP depth Depth.",
        "# TYPE depth gauge",
        "depth +Inf",
        "",
      ].join("\n"),
    );
  });

  test("has histograms with buckets that count all below them, sum and count", () => {
    const family = durations();
    for (const seconds of [0.1, 0.5, 0.25, 7]) family.record(["/"], seconds);
    assert.equal(
      textFormat([family.snapshot()]),
      `# HELP duration_seconds How long it took.
# TYPE duration_seconds histogram
duration_seconds_bucket{route="/",le="0.1"} 1
duration_seconds_bucket{route="/",le="1"} 3
duration_seconds_bucket{route="/",le="+Inf"} 4
duration_seconds_sum{route="/"} 7.85
duration_seconds_count{route="/"} 4
`,
    );
  });

  test("leaves out a metric of which nothing was counted", () => {
    assert.equal(textFormat([durations().snapshot()]), "");
  });
});

describe("the metrics of several shards", () => {
  test("are summed where their labels are the same, bucket by bucket", () => {
    const [one, other] = [durations(), durations()];
    one.record(["/a"], 0.5);
    other.record(["/a"], 0.05);
    other.record(["/b"], 2);
    const [merged] = mergeSnapshots([[one.snapshot()], [other.snapshot()]]);
    expect(merged!.series).toEqual([
      { labels: ["/a"], values: [1, 1, 0, 0.55] },
      { labels: ["/b"], values: [0, 0, 1, 2] },
    ]);
  });
});

describe("a metric", () => {
  test("has at most 1,000 series; what would be one more is dropped and counted, the others go on", () => {
    const family = durations();
    for (let route = 0; route < 1_002; route += 1) family.record([String(route)], 1);
    family.record(["0"], 1);
    const { series } = family.snapshot();
    expect([series.length, family.dropped]).toEqual([1_000, 2]);
    expect(series[0]!.values).toEqual([0, 2, 0, 2]);
  });
});
