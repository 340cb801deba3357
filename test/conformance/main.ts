import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { runSignals, type SignalsScenario } from "./signals.ts";
import { runSupervisor, type SupervisorScenario } from "./supervisor.ts";

/** Any seed must do: the order of turns decides nothing that a trace shows. */
const SEED = Number(process.env["SEED"] ?? 1);

/**
 * `npm run conformance -- [--shards N] SCENARIOS.jsonl[.gz]`: runs scenarios, with the processes spread over so many shards, and writes
 * a trace a line, to be held against the BEAM's.
 */
const { values, positionals } = parseArgs({
  options: { shards: { type: "string", default: "1" } },
  allowPositionals: true,
});
const [file] = positionals;
const shards = Number(values.shards);
if (file === undefined) {
  process.stderr.write(
    "Expected a file of scenarios, one JSON object a line: npm run conformance -- SCENARIOS.jsonl\n",
  );
  process.exit(1);
}
const bytes = readFileSync(file);
const text = file.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
for (const line of text.split("\n").filter(Boolean)) {
  const scenario = JSON.parse(line) as SignalsScenario | SupervisorScenario;
  const trace =
    scenario.family === "signals"
      ? await runSignals(scenario, SEED, shards)
      : await runSupervisor(scenario, SEED, shards);
  process.stdout.write(`${JSON.stringify(trace)}\n`);
}
