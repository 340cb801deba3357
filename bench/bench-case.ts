/** What is measured under one name, and by whom. */
export interface BenchCase {
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** Rookery first; the others are what it is compared with. */
  readonly contenders: readonly string[];
  /** Measures each of them once, in processes of their own. Answers a figure of each for each metric, by name. */
  run(): Promise<readonly Figures[]>;
}

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
}

export interface Contender {
  readonly name: string;
  /** Measures once, in processes of its own. */
  measure(): Promise<Figures>;
}

export type Figures = Readonly<Record<string, number>>;

/** A case whose contenders are measured one after the other, while there is no other. */
export function oneByOne(
  name: string,
  metrics: readonly Metric[],
  contenders: readonly Contender[],
): BenchCase {
  const run = async (): Promise<Figures[]> => {
    const figures: Figures[] = [];
    for (const contender of contenders) figures.push(await contender.measure());
    return figures;
  };
  return { name, metrics, contenders: contenders.map((contender) => contender.name), run };
}
