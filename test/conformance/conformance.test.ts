import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { runSignals, type SignalsScenario } from "./signals.ts";
import { runSupervisor, type SupervisorScenario } from "./supervisor.ts";
import type { Trace } from "./trace.ts";

/** What Erlang/OTP 25 did, one JSON value a line. */
function recorded<Line>(name: string): Line[] {
  const bytes = readFileSync(new URL(`recorded/${name}.jsonl.gz`, import.meta.url));
  const lines = gunzipSync(bytes).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Any order of turns must do. Another one each day, printed with a failure. */
const SEED = Number(process.env["SEED"] ?? Math.floor(Date.now() / 86_400_000));

/** Of the scenarios over several shards, one in so many; others on another day. `npm run conformance -- --shards 3` runs all. */
const SPREAD_STEP = 4;

async function differing<Scenario extends { id: string }>(
  family: string,
  run: (scenario: Scenario, seed: number, shards: number) => Promise<Trace>,
  shards = 1,
): Promise<string[]> {
  const scenarios = recorded<Scenario>(`${family}.scenarios`);
  const traces = recorded<Trace>(`${family}.traces`);
  expect(scenarios.length).toBe(1_000);
  const different: string[] = [];
  for (const [at, scenario] of scenarios.entries()) {
    if (shards > 1 && at % SPREAD_STEP !== SEED % SPREAD_STEP) continue;
    if (!isDeepStrictEqual(await run(scenario, SEED, shards), traces[at])) different.push(scenario.id);
  }
  return different;
}

describe(`the scenarios recorded on the real BEAM leave the same traces here (SEED=${SEED})`, () => {
  test("signals: links, monitors, aliases, names, timers, exits", async () => {
    expect(await differing<SignalsScenario>("signals", runSignals)).toEqual([]);
  });

  test("supervisor: strategies, restarts, intensity, shutdown, dynamic and significant children", async () => {
    expect(await differing<SupervisorScenario>("supervisor", runSupervisor)).toEqual([]);
  });

  test("signals, with the processes spread over three shards", async () => {
    expect(await differing<SignalsScenario>("signals", runSignals, 3)).toEqual([]);
  });

  test("supervisor, with the tree spread over three shards", async () => {
    expect(await differing<SupervisorScenario>("supervisor", runSupervisor, 3)).toEqual([]);
  });
});
