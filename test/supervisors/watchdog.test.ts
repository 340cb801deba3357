import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Runtime } from "../../runtime/index.ts";

const program = fileURLToPath(new URL("stalling-node.ts", import.meta.url));

/** Short, and still more than a busy machine takes a thread's turn away for. */
const STALL_MS = 300;

/** Runs a scenario of `stalling-node.ts` on the main thread of a Node of its own, which has to exit by itself. */
async function run(
  scenario: string,
  stallMs = STALL_MS,
  longScheduleMs = Number.POSITIVE_INFINITY,
  flags: readonly string[] = [],
): Promise<unknown> {
  const child = spawn(process.execPath, [
    ...flags,
    program,
    scenario,
    String(stallMs),
    String(longScheduleMs),
  ]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

/** Node keeps account of such scopes, and aborts when one was left without its `finally`, unless it is told not to. */
const UNCHECKED = ["--no-force-async-hooks-checks"];

describe("a handler that never returns", () => {
  test("ends its process alone, whichever callback it is, and the report names the last message", async () => {
    const { outcomes, crashes, unwound } = (await run("callbacks")) as Record<string, unknown>;
    expect(outcomes).toEqual({
      call: "stalled",
      cast: "stalled",
      send: "stalled",
      continue: "stalled",
      wait: "stalled",
      init: "stalled",
      machine: "stalled",
      body: "stalled",
    });
    expect(crashes).toEqual([
      [null, "Stalling", "handleCall", "a loop"],
      [null, "Stalling", "handleCast", "a loop"],
      [null, "Stalling", "handleInfo", "a loop"],
      [null, "Stalling", "handleCall", "continue"],
      // What it waited for was no message of its own.
      [null, "Stalling", null, null],
      [null, "Stalling", "init", "a loop"],
      [null, "Machine", "event", "go"],
      [null, "spin/1", null, null],
    ]);
    expect(unwound, "code that ran after it").toBe(0);
  });

  test("is ended whatever it does: its caller learns it, its supervisor starts it again", async () => {
    const { outcomes, neighbour } = (await run("codes", STALL_MS, undefined, UNCHECKED)) as Record<
      string,
      object
    >;
    const ended = ["ROOKERY_CALL_EXIT", "stalled", "started"];
    expect(outcomes).toEqual({
      "a loop": ended,
      "a regular expression": ended,
      "arrays of one length": ended,
      "JSON.parse": ended,
      "sends to itself": ended,
      "sends to another": ended,
      timers: ended,
      "spawns and kills": ended,
      "a loop in an asynchronous scope": ended,
    });
    expect(neighbour).toBe("number");
  });

  test("costs its neighbours no message, no timer and no promise", async () => {
    expect(await run("neighbours")).toEqual({ same: true, messages: 2_002, pending: "kept" });
  });

  test("is the killer's when it stands in an exit hook of the killed, whose death is told all the same", async () => {
    expect(await run("hook")).toEqual({ victim: "killed", killer: "stalled" });
  });

  test("is ended a thousand times in a row", async () => {
    expect(await run("often", 8)).toEqual({ stalled: 1_000, unwound: 0, left: 0 });
  });
});

describe("the watchdog", () => {
  test("warns of each turn that is long, says how long it was, and lets it end", async () => {
    const report = /^Process <\S+> \(Stalling\) held its shard for ([3-9]\d{2}|\d{4,}) ms in one turn$/;
    expect(await run("long", 600_000, 300)).toEqual({
      answers: Array(4).fill("done"),
      reports: Array(4).fill(expect.stringMatching(report)),
    });
  });

  test("ends no process for a promise continuation that holds the thread, but says so", async () => {
    expect(await run("continuation")).toEqual({
      alive: "went on",
      reports: ["No handler, but other code has held this thread for more than 300 ms"],
    });
  });

  test("does not keep Node running once its runtime is shut down", async () => {
    expect(await run("nothing")).toBe(3);
  });

  test("is refused a time that is none", async () => {
    await expect(Runtime.start({ stallMs: 0 })).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
    await expect(Runtime.start({ stallMs: 10, longScheduleMs: Number.NaN })).rejects.toMatchObject({
      code: "ROOKERY_BADARG",
    });
  });
});
