/** What is measured under one name, and by whom. */
export interface BenchCase {
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** Rookery first; the others are what it is compared with. */
  readonly contenders: readonly Contender[];
}

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
}

export interface Contender {
  readonly name: string;
  /** Measures once, in processes of its own. Answers a figure for each metric of its case, by name. */
  measure(): Promise<Figures>;
}

export type Figures = Readonly<Record<string, number>>;
