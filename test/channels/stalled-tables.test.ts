import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("stalling-tables-node.ts", import.meta.url));
const TIMES = 60;
const STALL_MS = 6;
/** What no machine is so busy as to take away from who does nothing wrong, again and again. */
const STALL_MS_MAX = 1_000;

/** What a run leaves in which nobody stalled but those who should. A busy machine is given more and more time for a turn. */
async function undisturbed(what: string): Promise<unknown> {
  for (let stallMs = STALL_MS; stallMs < STALL_MS_MAX; stallMs *= 2) {
    const left = await run(what, stallMs);
    if (left !== "disturbed") return left;
  }
  return "disturbed each time";
}

/** Runs `stalling-tables-node.ts` in a Node of its own, which has to exit by itself. */
async function run(what: string, stallMs: number): Promise<unknown> {
  const child = spawn(process.execPath, [program, what, String(TIMES), String(stallMs)]);
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
