import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("embedding-node.ts", import.meta.url));

/** Runs a scenario of `embedding-node.ts` in a Node of its own, which has to exit by itself. */
async function run(scenario: string): Promise<unknown> {
  const child = spawn(process.execPath, [program, scenario]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

interface Left {
  readonly before: Record<string, number>;
  readonly after: Record<string, number>;
  readonly active: readonly string[];
}

describe("a program with Rookery in it", () => {
  test("loads no package and starts no thread unless it asks for one", async () => {
    expect(await run("imports")).toEqual({ workers: 0, packages: [] });
  });

  test("loads what shards need once it asks for them", async () => {
    expect(await run("imports with shards")).toEqual(
      expect.arrayContaining(["msgpackr", "piscina", "shard-threads", "watchdog"]),
    );
  });

  const scenarios = ["one shard", "one shard, watched", "two shards, watched"];
  test.for(scenarios)(
    "is left as it was by runtimes that it starts and stops again and again: %s",
    async (scenario) => {
      const { before, after, active } = (await run(scenario)) as Left;
      // Node keeps a timer for each thread that has ended, whoever started it; it keeps nothing running.
      const kinds = Object.keys(after).filter((kind) => scenario === "one shard" || kind !== "timer");
      for (const kind of kinds) expect(after[kind], kind).toBeLessThanOrEqual(before[kind] ?? 0);
      expect(active).toEqual([]);
    },
  );
});
