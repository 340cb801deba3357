import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("stalling-chaos-node.ts", import.meta.url));

test("a handler that is made to stall is ended by the watchdog, and its process started again, on every shard", async () => {
  const child = spawn(process.execPath, [program]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ shards: [0, 1], values: [0, 0], reported: true });
});
