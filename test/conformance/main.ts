import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { runSignals, type SignalsScenario } from "./signals.ts";

/** `npm run conformance -- SCENARIOS.jsonl[.gz]`: runs scenarios and writes a trace a line, to be held against the BEAM's. */
const file = process.argv[2];
if (file === undefined) {
  process.stderr.write("Expected a file of scenarios, one JSON object a line: npm run conformance -- SCENARIOS.jsonl\n");
  process.exit(1);
}
const bytes = readFileSync(file);
const text = file.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
for (const line of text.split("\n").filter(Boolean)) {
  const scenario = JSON.parse(line) as SignalsScenario;
  process.stdout.write(`${JSON.stringify(await runSignals(scenario, 1))}\n`);
}
