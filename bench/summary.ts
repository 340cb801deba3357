import type { BenchCase, Figures, Metric } from "./bench-case.ts";
import { median } from "./median.ts";

/** The runs of one contender, for one metric. */
export interface Summary {
  readonly contender: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

export interface Comparison {
  readonly case: string;
  readonly metric: Metric;
  readonly summaries: readonly Summary[];
}

/** Sums up what `runs` holds for each contender of a case: one comparison a metric. */
export function compare(benchCase: BenchCase, runs: ReadonlyMap<string, readonly Figures[]>): Comparison[] {
  return benchCase.metrics.map((metric) => ({
    case: benchCase.name,
    metric,
    summaries: benchCase.contenders.map((contender) => {
      const figures = runs.get(contender)!.map((figure) => figure[metric.name]!);
      return { contender, ...spread(figures) };
    }),
  }));
}

function spread(figures: readonly number[]): Omit<Summary, "contender"> {
  return { median: median(figures), min: Math.min(...figures), max: Math.max(...figures), runs: figures };
}

/** A Markdown table, a row for each contender. The last column says how many times better than it the first one is. */
export function table(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ case: name, metric, summaries }) =>
    summaries.map(({ contender, median, min, max }, index) => [
      index === 0 ? name : "",
      index === 0 ? metric.unit : "",
      contender,
      readable(median),
      `${readable(min)} .. ${readable(max)}`,
      index === 0 ? "" : timesBetter(metric, summaries[0]!.median, median),
    ]),
  );
  const lines = [["case", "unit", "", "median", "min .. max", "Rookery is better by"], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column < 3 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [format(lines[0]!), format(rule), ...lines.slice(1).map(format)].join("\n");
}

function timesBetter({ better }: Metric, ours: number, theirs: number): string {
  return `${(better === "more" ? ours / theirs : theirs / ours).toFixed(2)} times`;
}

function readable(figure: number): string {
  const digits = figure >= 1_000 ? 0 : figure >= 100 ? 1 : 2;
  return figure.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
