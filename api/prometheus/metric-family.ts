export type MetricType = "counter" | "gauge" | "histogram";

/** What a metric is called, and which labels tell its series apart. */
export interface MetricShape {
  readonly type: MetricType;
  /** With its unit, as Prometheus has them: `http_server_request_duration_seconds`. A counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** The upper bounds of a histogram's buckets, without the last one, which has none. */
  readonly bounds?: readonly number[];
}

/** One series: the values of the labels, and its number; of a histogram, the counts of its buckets and, last, the sum. */
export interface Series {
  readonly labels: readonly string[];
  readonly values: readonly number[];
}

/** A metric as it stood at one moment: plain data, which crosses between shards. */
export interface FamilySnapshot extends MetricShape {
  readonly series: readonly Series[];
}

/** More series than these a metric has by mistake: then a label says something that clients choose. */
const SERIES_MAX = 1_000;

/** All series of one metric. */
export class MetricFamily {
  readonly #shape: MetricShape;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: readonly string[]; readonly values: number[] }>();
  /** So often something was not counted, because it would have been one series too many. */
  dropped = 0;

  constructor(shape: MetricShape) {
    this.#shape = shape;
    this.#bounds = shape.bounds ?? [];
  }

  /** Adds to a counter, sets a gauge, or puts `value` in a bucket of a histogram. */
  record(labels: readonly string[], value: number): void {
    const values = this.#valuesOf(labels);
    if (values === undefined) {
      this.dropped += 1;
    } else if (this.#shape.type === "gauge") {
      values[0] = value;
    } else if (this.#shape.type === "counter") {
      values[0]! += value;
    } else {
      const bucket = this.#bounds.findIndex((bound) => value <= bound);
      values[bucket < 0 ? this.#bounds.length : bucket]! += 1;
      values[values.length - 1]! += value;
    }
  }

  #valuesOf(labels: readonly string[]): number[] | undefined {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known.values;
    if (this.#series.size >= SERIES_MAX) return undefined;
    const length = this.#shape.type === "histogram" ? this.#bounds.length + 2 : 1;
    const values = Array.from({ length }, () => 0);
    this.#series.set(key, { labels, values });
    return values;
  }

  snapshot(): FamilySnapshot {
    const series = Array.from(this.#series.values(), ({ labels, values }) => ({
      labels,
      values: [...values],
    }));
    return { ...this.#shape, series };
  }
}

/** The metrics of several shards as those of one program: series with the same labels are summed. */
export function mergeSnapshots(shards: readonly (readonly FamilySnapshot[])[]): FamilySnapshot[] {
  const merged = new Map<string, { readonly shape: FamilySnapshot; readonly series: Map<string, Series> }>();
  for (const family of shards.flat()) {
    const known = merged.get(family.name);
    const { series } = known ?? { series: new Map<string, Series>() };
    if (known === undefined) merged.set(family.name, { shape: family, series });
    for (const one of family.series) {
      const key = JSON.stringify(one.labels);
      const other = series.get(key);
      series.set(key, other === undefined ? one : sum(one, other));
    }
  }
  return Array.from(merged.values(), ({ shape, series }) => ({ ...shape, series: [...series.values()] }));
}

function sum({ labels, values }: Series, other: Series): Series {
  return { labels, values: values.map((value, index) => value + (other.values[index] ?? 0)) };
}
