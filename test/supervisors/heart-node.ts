// A program for test/supervisors/heart.test.ts: what its argument names holds the first shard of a runtime with a heart. A process of its own,
// because it may end with it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { nameOn, type Pid, Runtime, silentLogger } from "../../runtime/index.ts";
import { Supervisor } from "../../supervisors/index.ts";
import { StallingServer } from "./stalling-server.ts";

const [scenario, stallMs, shards] = [process.argv[2]!, ...process.argv.slice(3).map(Number)] as [
  string,
  number,
  number,
];
const LINE = `${"x".repeat(1_000)}\n`;

/** Longer than Linux takes it. */
const heart = scenario === "a command that can't be run" ? { command: `: ${"x".repeat(200_000)}` } : true;
const runtime = await Runtime.start({ shards, stallMs, heart, logger: silentLogger });
const name = "stalling";

async function started(place: number): Promise<Pid> {
  const on = { shard: place };
  const child = { id: name, start: [StallingServer, undefined], name, nameScope: "shard", on } as const;
  await runtime.start(Supervisor, { strategy: "one_for_one", children: [child] });
  return runtime.whereis(nameOn(place, name)) as Pid;
}

/** Resolves never, where the program ends before. */
async function stall(place: number, what: string): Promise<void> {
  const pid = await started(place);
  runtime.cast(pid as never, what as never);
  for (;;) {
    const now = runtime.whereis(nameOn(place, name)) as Pid | undefined;
    if (now !== undefined && now !== pid) return;
    await setImmediate();
  }
}

const scenarios: Record<string, () => Promise<unknown>> = {
  "a promise continuation that never returns": () => stall(0, "a promise continuation"),
  "a command that can't be run": () => stall(0, "a promise continuation"),
  "promises without end": async () => {
    for (;;) await Promise.resolve();
  },
  "native code in a handler": () => {
    const pipe = join(mkdtempSync(join(tmpdir(), "rookery-heart-")), "pipe");
    execFileSync("mkfifo", [pipe]);
    return stall(0, `native code on ${pipe}`);
  },
  "what exit hooks and handlers of signals stand beside": () => {
    process.on("exit", () => process.stdout.write("exit"));
    process.on("SIGTERM", () => process.stdout.write("SIGTERM"));
    return stall(0, "a promise continuation");
  },
  "a stderr that nobody reads": async () => {
    await setImmediate();
    for (;;)
      try {
        writeSync(2, LINE);
      } catch {
        // Full, where the system says so instead of letting it wait.
      }
  },
  "a handler that never returns": () => stall(0, "a loop"),
  "a promise continuation on another shard": () => stall(1, "a promise continuation"),
  "a promise continuation that returns": async () => {
    const { clock } = runtime;
    await setImmediate();
    for (const endMs = clock.nowMs() + 4 * stallMs; clock.nowMs() < endMs;);
    // Until the watchdog has seen that it is over.
    for (const endMs = clock.nowMs() + stallMs; clock.nowMs() < endMs;) await setImmediate();
  },
};

await scenarios[scenario]!();
process.stdout.write("lives");
await runtime.shutdown();
