import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("stalling-tables-node.ts", import.meta.url));
const TIMES = 60;
const STALL_MS = 6;
/** So often a busy machine may take a turn's time away from who does nothing wrong. */
const DISTURBED_MAX = 10;

/** What a run leaves in which nobody stalled but those who should. */
async function undisturbed(what: string): Promise<unknown> {
  for (let time = 0; time < DISTURBED_MAX; time += 1) {
    const left = await run(what);
    if (left !== "disturbed") return left;
  }
  return "disturbed each time";
}

/** Runs `stalling-tables-node.ts` in a Node of its own, which has to exit by itself. */
async function run(what: string): Promise<unknown> {
  const child = spawn(process.execPath, [program, what, String(TIMES), String(STALL_MS)]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe("a process that stalls again and again in the middle of what it changes without end", () => {
  for (const what of ["subscriptions", "registrations", "groups", "links and monitors", "rows", "names"])
    test(`takes its ${what} along, and leaves those of its neighbours whole`, async () => {
      const whole = { subscribers: true, registered: true, members: true };
      // The neighbours are linked with the registry, and with nobody else.
      expect(await undisturbed(what)).toEqual({
        stalled: TIMES,
        left: [whole, whole],
        bonds: [1, 1, 1],
        halfTables: [],
        name: true,
      });
    });
});
