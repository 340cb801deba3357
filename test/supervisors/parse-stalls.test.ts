import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("parsing-node.ts", import.meta.url));
/** Short, and still more than a busy machine takes a thread's turn away for. */
const STALL_MS = 300;

async function run(): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, [program, String(STALL_MS)]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("a handler that reads ten times as long as it may with JSON.parse, on the first shard and on another", () => {
  test("is ended before it has read all, and alone", async () => {
    const both = ["stalled", "stalled"];
    expect(await run()).toMatchObject({
      reasons: {
        once: both,
        "in an asynchronous handler": both,
        "one that is at fault": both,
        "again and again": both,
        "again and again, short": both,
      },
      sooner: true,
      heard: [500, 500],
      same: true,
      // Neither is another one than at the start.
      shards: [0, 1],
    });
  });
});
