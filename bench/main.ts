import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { beam } from "./beam.ts";
import type { BenchCase, Figures } from "./bench-case.ts";
import { crowdCase } from "./crowd-case.ts";
import { dashboardCases } from "./dashboard-cases.ts";
import { processCases } from "./process-cases.ts";
import { serverCases } from "./server-cases.ts";
import { compare, table } from "./summary.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, json: { type: "string" } },
});

const all: BenchCase[] = [...processCases(await beam()), ...serverCases, ...dashboardCases, crowdCase];
const unknown = positionals.filter((name) => !all.some((benchCase) => benchCase.name === name));
const runs = Number(values.runs);
if (unknown.length > 0 || !(runs >= 1)) {
  const names = all.map(({ name }) => name).join(" ");
  console.error(`Usage: npm run bench -- [--runs 5] [--json FILE] [CASE ...]\nThe cases: ${names}`);
  process.exit(1);
}

const selected = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
const comparisons = [];
for (const benchCase of selected) comparisons.push(...compare(benchCase, await measure(benchCase)));

console.log(`\n${table(comparisons)}\n`);
const report = JSON.stringify({
  node: process.version,
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  comparisons,
});
if (values.json === undefined) console.log(report);
else writeFileSync(values.json, `${report}\n`);

/** All contenders in each run, so that a machine that grows slow does so for all of them. */
async function measure({ name, contenders, run }: BenchCase): Promise<Map<string, Figures[]>> {
  const figures = new Map<string, Figures[]>(contenders.map((contender) => [contender, []]));
  for (let number = 1; number <= runs; number += 1) {
    process.stderr.write(`${name}, run ${number} of ${runs}\n`);
    const measured = await run();
    for (const [index, contender] of contenders.entries()) figures.get(contender)!.push(measured[index]!);
  }
  return figures;
}
