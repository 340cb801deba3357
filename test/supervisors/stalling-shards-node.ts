// A program for test/supervisors/shard-stalls.test.ts: what its argument names stalls on a shard that is not the first, and what came of it
// goes to stdout as JSON. A process of its own, whose threads are the shards.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type DownMessage, nameOn, type Pid, Runtime } from "../../runtime/index.ts";
import { Supervisor } from "../../supervisors/index.ts";
import { type Report, reportingLogger } from "../runtime/reporting-logger.ts";
import { type Heard, LateError, Neighbour, StallingServer } from "./stalling-server.ts";

const CHILDREN = 1_000_000;
const MESSAGES = 1_000;

const [scenario, stallMs = 100, times = 0] = [process.argv[2]!, ...process.argv.slice(3).map(Number)];
const reports: Report[] = [];
const runtime = await Runtime.start({
  shards: 2,
  stallMs,
  longScheduleMs: Number.POSITIVE_INFINITY,
  logger: reportingLogger(reports),
});
const stalling = nameOn(1, "stalling");

async function supervised(): Promise<void> {
  const on = { shard: 1 };
  await runtime.start(Supervisor, {
    strategy: "one_for_one",
    intensity: CHILDREN,
    children: [
      { id: "stalling", start: [StallingServer, undefined], name: "stalling", nameScope: "shard", on },
      { id: "near", start: [Neighbour, undefined], name: "neighbour", nameScope: "shard", on },
      { id: "far", start: [Neighbour, undefined], name: "neighbour", nameScope: "shard" },
    ],
  });
}

/** Monitors `pid`; answers, once its shard knows of that, a promise of the reason for which it dies. */
function watched(pid: Pid): Promise<{ readonly reason: Promise<unknown> }> {
  return new Promise((resolve) => {
    runtime.spawn(async (self) => {
      const ref = self.monitor(pid);
      // Behind the monitor: a shard that stalls first would find the process dead when it hears of it.
      await self.call(pid as never, "state" as never);
      const died = Promise.withResolvers<unknown>();
      resolve({ reason: died.promise });
      died.resolve(((await self.receive({ ref })) as DownMessage).reason);
    });
  });
}

async function restarted(old: Pid): Promise<Pid> {
  for (;;) {
    const pid = runtime.whereis(stalling) as Pid | undefined;
    if (pid !== undefined && pid !== old) return pid;
    await setImmediate();
  }
}

const ask = (place: number, name: string, request: string): Promise<unknown> =>
  runtime.call(nameOn(place, name) as never, request as never);

/** Has the server do `what`; its reason, and what its successor answers. */
async function stall(how: "call" | "cast" | "send", what: string): Promise<unknown> {
  const old = runtime.whereis(stalling) as Pid;
  const { reason } = await watched(old);
  if (how === "call") void runtime.call(old as never, what as never).catch(() => {});
  else runtime[how](old as never, what as never);
  const ended = await reason;
  await restarted(old);
  return [ended, await ask(1, "stalling", "state")];
}

/** What can't be ended without its shard. */
async function costly(what: string): Promise<unknown> {
  await supervised();
  const outcome = await stall("cast", what);
  return { outcome, shards: runtime.shard.interconnect!.openShards, places: runtime.shards() };
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async callbacks() {
    await supervised();
    const outcomes: Record<string, unknown> = {};
    for (const how of ["call", "cast", "send"] as const)
      for (const what of ["a loop", "a regular expression", "arrays of one length", "JSON.parse"])
        outcomes[`${how}: ${what}`] = await stall(how, what);
    const crashes = reports.filter(({ message }) => /^Process .* crashed: stalled/.test(message));
    return {
      outcomes,
      crashes: crashes.map(({ fields }) => [fields["callback"], fields["lastMessage"]]),
      shards: runtime.shard.interconnect!.openShards,
    };
  },

  async signals() {
    await supervised();
    const outcomes: Record<string, unknown> = {};
    for (const what of ["sends to another shard", "a message that is never encoded"])
      outcomes[what] = await stall("cast", what);
    runtime.cast(stalling as never, "numbers" as never);
    let heard: Heard;
    do heard = (await ask(0, "neighbour", "heard")) as Heard;
    while (heard.messages.length < 100 && runtime.shards().length === 2);
    return { outcomes, messages: heard.messages, shards: runtime.shard.interconnect!.openShards };
  },

  async neighbours() {
    await supervised();
    const near = runtime.whereis(nameOn(1, "neighbour")) as Pid;
    const socket = connect((await ask(1, "neighbour", "port")) as number, "127.0.0.1");
    let echoed = "";
    socket.on("data", (bytes) => (echoed += String(bytes)));
    const say = (from: number): void => {
      for (let n = from; n < from + MESSAGES; n += 1) {
        runtime.send(near as never, n as never);
        socket.write(`${n} `);
      }
    };
    await once(socket, "connect");
    say(0);
    const stalled = stall("cast", "a loop");
    say(MESSAGES);
    await stalled;
    const { ticks } = (await ask(1, "neighbour", "heard")) as Heard;
    say(2 * MESSAGES);
    let heard: Heard;
    do heard = (await ask(1, "neighbour", "heard")) as Heard;
    while (
      heard.ticks <= ticks ||
      heard.messages.length < 3 * MESSAGES ||
      !echoed.endsWith(`${3 * MESSAGES - 1} `)
    );
    socket.destroy();
    const all = Array.from({ length: 3 * MESSAGES }, (_, n) => n);
    return {
      same: runtime.whereis(nameOn(1, "neighbour")) === near,
      messages: heard.messages.join(" ") === all.join(" "),
      echoed: echoed === `${all.join(" ")} `,
    };
  },

  async often() {
    await supervised();
    let stalled = 0;
    for (let i = 0; i < times; i += 1) {
      const [reason] = (await stall("cast", i % 2 === 0 ? "a loop" : "a regular expression")) as [unknown];
      if (reason === "stalled") stalled += 1;
    }
    return { stalled, shards: runtime.shard.interconnect!.openShards };
  },

  continuation: () => costly("a promise continuation"),

  async native() {
    const folder = mkdtempSync(join(tmpdir(), "rookery-native-"));
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const cost = await costly(`native code on ${pipe}`);
    // Its thread is gone for the others; it ends when its code comes back.
    writeFileSync(pipe, "");
    rmSync(folder, { recursive: true });
    return cost;
  },

  async "late error"() {
    const folder = mkdtempSync(join(tmpdir(), "rookery-late-"));
    const file = join(folder, "thrown");
    await runtime.start(LateError, file, { on: { shard: 1 } });
    const stopped = runtime.shutdown();
    // The shard ends meanwhile, and then its thread fails: this thread hears of both at once.
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (!existsSync(file)) Atomics.wait(never, 0, 0, 1);
    Atomics.wait(never, 0, 0, 300);
    await stopped;
    rmSync(folder, { recursive: true });
    const failures = reports.filter(({ fields }) => fields["err"] instanceof Error);
    return failures.map(({ message, fields }) => [message, (fields["err"] as Error).message]);
  },
};

process.stdout.write(JSON.stringify(await scenarios[scenario]!()));
await runtime.shutdown();
