import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("heart-node.ts", import.meta.url));

/** Short, and ten times as long still more than a busy machine takes a thread's turn away for. */
const STALL_MS = 200;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a scenario of `heart-node.ts` in a Node of its own, to its end, whichever that is. */
async function run(
  scenario: string,
  shards: number,
  isHeard = true,
  prefix: readonly string[] = [],
): Promise<Ended> {
  const line = [...prefix, process.execPath, program, scenario, String(STALL_MS), String(shards)];
  const child = spawn(line[0]!, line.slice(1));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  if (isHeard) child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  // What nobody reads is never closed.
  const ended = isHeard ? "close" : "exit";
  const [code, signal] = (await once(child, ended)) as [number | null, string | null];
  return { code, signal, stdout, stderr };
}

function lastWords(culprit: string): RegExp {
  return new RegExp(
    String.raw`^Heart: ${culprit} has held the first shard of nonode@nohost for ${10 * STALL_MS} ms; process \d+ ends by SIGKILL, to be started again\n$`,
  );
}

/** Makes a program the first process of its own, as Docker does. Not everywhere allowed. */
const asFirst = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
const mayBeFirst = spawnSync(asFirst[0]!, [...asFirst.slice(1), "true"]).status === 0;

const killed = { code: null, signal: "SIGKILL", stdout: "" };
const lives = { code: 0, signal: null, stdout: "lives", stderr: "" };

describe("a program with a heart ends by SIGKILL, with one line on stderr, when its first shard is held by", () => {
  test.each([
    ["a promise continuation that never returns", 1, "code that is no handler.*"],
    ["a promise continuation that never returns", 2, "code that is no handler.*"],
    ["promises without end", 1, "code that is no handler.*"],
    ["native code in a handler", 1, "a handler that goes on although it was terminated"],
    ["what exit hooks and handlers of signals stand beside", 1, "code that is no handler.*"],
    ["a command that can't be run", 1, "code that is no handler.*"],
  ])("%s (shards: %d)", async (scenario, shards, culprit) => {
    const ended = await run(scenario, shards);
    expect(ended).toEqual({ ...killed, stderr: expect.stringMatching(lastWords(culprit)) });
  });

  test.skipIf(!mayBeFirst)("or by SIGTRAP, as the first process of a container", async () => {
    const ended = await run("a promise continuation that never returns", 1, true, asFirst);
    expect(ended).toMatchObject({ signal: "SIGTRAP", stdout: "" });
    expect(ended.stderr).toMatch(lastWords("code that is no handler.*"));
  });

  test("a stderr that nobody reads: then without that line", async () => {
    expect(await run("a stderr that nobody reads", 1, false)).toEqual({ ...killed, stderr: "" });
  });
});

describe("a program with a heart goes on after", () => {
  test.each([
    ["a handler that never returns", 1],
    ["a promise continuation that returns", 1],
    ["a promise continuation on another shard", 2],
  ])("%s", async (scenario, shards) => {
    expect(await run(scenario, shards)).toEqual(lives);
  });
});
