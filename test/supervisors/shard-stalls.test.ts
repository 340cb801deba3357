import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("stalling-shards-node.ts", import.meta.url));

/** How often in a row a handler stalls; STALLS makes it more. */
const STALLS = Number(process.env["STALLS"] ?? 30);
/** Short, and still more than a busy machine takes a thread's turn away for. */
const STALL_MS = 300;

/** Runs a scenario of `stalling-shards-node.ts` in a Node of its own, which has to exit by itself. */
async function run(scenario: string, stallMs = STALL_MS, times = 0): Promise<unknown> {
  const child = spawn(process.execPath, [program, scenario, String(stallMs), String(times)]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const kinds = ["a loop", "a regular expression", "arrays of one length", "JSON.parse"];
const callbacks = { call: "handleCall", cast: "handleCast", send: "handleInfo" };
/** Its reason, and what the one that was started in its place answers. */
const ended = ["stalled", "started"];

describe("a handler that never returns, on a shard that is not the first", () => {
  test("ends its process alone, whichever callback it is: the report names the last message, its supervisor starts it again", async () => {
    const all = Object.entries(callbacks).flatMap(([how, callback]) =>
      kinds.map((kind) => ({ how, callback, kind })),
    );
    expect(await run("callbacks")).toEqual({
      outcomes: Object.fromEntries(all.map(({ how, kind }) => [`${how}: ${kind}`, ended])),
      crashes: all.map(({ callback, kind }) => [callback, kind]),
      shards: [0, 1],
    });
  });

  test("costs its neighbours no message, no timer and no byte of their sockets", async () => {
    expect(await run("neighbours")).toEqual({ same: true, messages: true, echoed: true });
  });

  test("leaves the way to the other shards whole, in whichever signal it is ended", async () => {
    expect(await run("signals")).toEqual({
      outcomes: { "sends to another shard": ended, "a message that is never encoded": ended },
      messages: Array.from({ length: 100 }, (_, n) => n),
      shards: [0, 1],
    });
  });

  test(`is ended ${STALLS} times in a row`, { timeout: 240_000 + STALLS * 1_000 }, async () => {
    expect(await run("often", STALL_MS, STALLS)).toEqual({ stalled: STALLS, shards: [0, 1] });
  });
});

describe.each([
  ["a promise continuation that never returns", "continuation"],
  ["native code that lets no end through", "native"],
])("%s", (_, scenario) => {
  test("costs its shard, which comes back with what was supervised there", async () => {
    expect(await run(scenario)).toEqual({
      outcome: ["noconnection", "started"],
      shards: [0, 65],
      places: [0, 1],
    });
  });
});

describe("a thread whose shard has ended", () => {
  test("may still fail: that is logged, and costs nobody anything", async () => {
    expect(await run("late error")).toEqual([
      ["The thread of a shard that had ended has failed", "thrown when the shard had ended"],
    ]);
  });
});
