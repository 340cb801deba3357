import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

/** Faults are inflicted for so long; FAULT_SECONDS makes it longer. */
const SECONDS = Number(process.env["FAULT_SECONDS"] ?? 10);
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** What collectors and allocators keep for themselves. Thousands of dead processes would weigh more, or be counted. */
const MEMORY_SLACK_MB = 64;
const OBJECTS_SLACK = 60;

const program = fileURLToPath(new URL("shard-faults-node.ts", import.meta.url));

interface AtRest {
  readonly missing?: unknown;
  readonly uncounted?: unknown;
  readonly underWay?: unknown;
  readonly stray?: unknown;
  readonly objects: readonly Record<string, number>[];
  readonly memory: Readonly<Record<"rss" | "heap" | "external", number>>;
  readonly handles: Record<string, number>;
}

interface Outcome {
  readonly middle: AtRest;
  readonly end: AtRest;
  readonly complaints: Record<string, number>;
  readonly reasons: Record<string, number>;
  readonly entries: number;
  readonly inflicted: Record<string, number>;
  readonly reports: Record<string, number>;
}

/** What is logged where processes and shards die. */
const expectedReports = [
  /^Process .* crashed: (killed|stalled)$/,
  /^Child .* of supervisor .* terminated: (killed|stalled|noconnection|noproc|shutdown)$/,
  /^Shard # has died and is started again as shard # \((ERR_WORKER_OUT_OF_MEMORY|The task has been aborted|worker exited with code: 1|thrown as it was told to)\)$/,
  /^The thread of a shard that had ended has failed \(ERR_WORKER_OUT_OF_MEMORY\)$/,
  // It came to harm while it started, and was tried again.
  /^What runs on every shard did not start on # \("(noconnection|killed)"\)$/,
  /^Child # of supervisor # failed to start: (noconnection|killed)$/,
  // A tree that is killed is started again while its observer still has messages before that of its parent's death.
  /^Child observer of supervisor tree failed to start: \[ 'already_started', # \]$/,
  /^Child # of supervisor # failed to start: \[ 'shutdown', \[ 'failed_to_start_child', 'observer', \[ 'already_started', # \] \] \]$/,
  // The full collections at rest may take so long.
  /^No handler, but other code has held this thread for more than # ms$/,
];

describe(`shards and processes under load that come to harm at random (SEED=${SEED})`, () => {
  let outcome: Outcome;

  beforeAll(
    async () => {
      const child = spawn(process.execPath, [
        "--disable-warning=ExperimentalWarning",
        program,
        String(SECONDS),
        String(SEED),
      ]);
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk) => (stdout += String(chunk)));
      child.stderr.on("data", (chunk) => (stderr += String(chunk)));
      const [code] = (await once(child, "close")) as [number | null];
      expect(stderr).toBe("");
      expect(code, "it ends by itself").toBe(0);
      outcome = JSON.parse(stdout) as Outcome;
    },
    SECONDS * 1_000 + 600_000,
  );

  test("were harmed in every way, and were at work", () => {
    const { inflicted, reasons, entries } = outcome;
    expect(Object.keys(inflicted)).toHaveLength(11);
    expect(Object.keys(reasons)).toEqual(expect.arrayContaining(["killed", "noconnection", "stalled"]));
    expect(entries).toBeGreaterThan(0);
  });

  test("lose no message between two that lived, double none, and tell of each death once, by DOWN and by EXIT", () => {
    expect(outcome.complaints).toEqual({});
    for (const { underWay } of [outcome.middle, outcome.end]) expect(underWay).toBeUndefined();
  });

  test("are all there again once it is over, each under its supervisor, and nobody else is", () => {
    for (const { missing, uncounted, stray } of [outcome.middle, outcome.end]) {
      expect(missing).toBeUndefined();
      expect(uncounted).toBeUndefined();
      expect(stray).toBeUndefined();
    }
  });

  test("report deaths, and nothing else", () => {
    const unexpected = Object.keys(outcome.reports).filter(
      (report) => !expectedReports.some((expected) => expected.test(report)),
    );
    expect(unexpected).toEqual([]);
  });

  test("hold no more memory at the end than in the middle", () => {
    const { middle, end } = outcome;
    for (const [type, count] of Object.entries(end.handles))
      expect(count, type).toBeLessThanOrEqual(middle.handles[type] ?? 0);
    expect(end.memory.rss).toBeLessThan(middle.memory.rss + MEMORY_SLACK_MB);
    expect(end.memory.heap).toBeLessThan(middle.memory.heap + MEMORY_SLACK_MB / 4);
    expect(end.memory.external).toBeLessThan(middle.memory.external + MEMORY_SLACK_MB / 2);
    end.objects.forEach((counts, place) => {
      // One for each other shard, and the prototype of those for shards of other nodes.
      expect(counts["peers"]).toBe(3);
      for (const [type, count] of Object.entries(counts))
        expect(count, `${type} on ${place}`).toBeLessThan(middle.objects[place]![type]! + OBJECTS_SLACK);
    });
  });
});
