import type { FamilySnapshot } from "./metric-family.ts";

/** Of the text format of Prometheus, which every scraper reads. */
export const TEXT_FORMAT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes metrics in the text format of Prometheus, version 0.0.4. Those without a series are left out. */
export function textFormat(families: readonly FamilySnapshot[]): string {
  return families
    .filter(({ series }) => series.length > 0)
    .map(familyText)
    .join("");
}

function familyText(family: FamilySnapshot): string {
  const { name, help, type } = family;
  const head = `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n`;
  return head + (type === "histogram" ? histogramText(family) : plainText(family));
}

function plainText({ name, labels: names, series }: FamilySnapshot): string {
  return series.map(({ labels, values }) => line(name, names, labels, values[0]!)).join("");
}

/** Buckets count all that is below their bound, in this format. */
function histogramText({ name, labels: names, bounds = [], series }: FamilySnapshot): string {
  let text = "";
  for (const { labels, values } of series) {
    let count = 0;
    for (const [bucket, bound] of [...bounds, Number.POSITIVE_INFINITY].entries()) {
      count += values[bucket]!;
      text += line(`${name}_bucket`, [...names, "le"], [...labels, numberText(bound)], count);
    }
    text += line(`${name}_sum`, names, labels, values.at(-1)!);
    text += line(`${name}_count`, names, labels, count);
  }
  return text;
}

function line(name: string, names: readonly string[], labels: readonly string[], value: number): string {
  const pairs = names.map((label, index) => `${label}="${labels[index]!.replace(/[\\\n"]/g, escaped)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}
