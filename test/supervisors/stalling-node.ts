// A program for test/supervisors/watchdog.test.ts: what its argument names stalls, and what came of it goes to stdout as JSON. A process of
// its own, because only Node's main thread is terminated the way that is tested here.
import { AsyncResource } from "node:async_hooks";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import {
  type DownMessage,
  GenServer,
  GenStatem,
  initialState,
  keepState,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  StartError,
} from "../../runtime/index.ts";
import { Wait } from "../../runtime/internal.ts";
import { Supervisor } from "../../supervisors/index.ts";
import { type Report, reportingLogger } from "../runtime/reporting-logger.ts";

const NUMBERS = 1_000_000;
const CHILDREN = 1_000_000;
/** Longer than a machine that has other things to do may take. */
const CALL_MS = 600_000;

const spin = (): never => {
  for (;;);
};

/** What takes three times as long to read as a turn may take, however fast or slow the machine is. */
function hugeText(): string {
  const numbers = (count: number): string => `[${"1,".repeat(count)}1]`;
  const startedMs = performance.now();
  JSON.parse(numbers(NUMBERS));
  return numbers(Math.ceil((3 * stallMs * NUMBERS) / (performance.now() - startedMs)));
}

/** What a server is asked to do, by name. */
const stalls: Record<string, (server: Stalling) => void> = {
  "a loop": spin,
  "a regular expression": () => void /^(a+)+$/.test(`${"a".repeat(40)}b`),
  "arrays of one length": () => {
    for (;;) Array(1_000).fill(0);
  },
  "JSON.parse": () => void JSON.parse(hugeText()),
  "sends to itself": ({ self }) => {
    for (;;) self.send(self.pid, "more");
  },
  "sends to another": ({ self }) => {
    for (;;) self.cast("neighbour", "more");
  },
  timers: ({ self }) => {
    for (;;) self.sendAfter(1, self.pid, "more");
  },
  "spawns and kills": ({ self }) => {
    for (;;)
      self.exit(
        self.spawn((child) => child.receive()),
        "kill",
      );
  },
  "a loop in an asynchronous scope": () => new AsyncResource("Test").runInAsyncScope(spin),
};

let unwound = 0;

class Stalling extends GenServer<string, string, string, string> {
  init(what: string) {
    if (what in stalls) this.#do(what);
    return ok(what);
  }
  override handleContinue(what: string) {
    this.#do(what);
    return noReply();
  }
  override handleCall(what: string) {
    if (what === "wait") return this.#wait();
    if (what === "state") return reply(this.state);
    if (what === "continue") return noReply({ continue: "a loop" });
    this.#do(what);
    return reply("done");
  }
  override handleCast(what: string) {
    this.#do(what);
    return noReply();
  }
  override handleInfo(what: string) {
    if (what !== "more") this.#do(what);
    return noReply();
  }
  override terminate() {
    unwound += 1;
  }
  #wait() {
    const wait = new Wait(
      () => {
        this.#do("a loop");
        return reply("done");
      },
      () => reply("failed"),
    );
    wait.resolve(undefined);
    return wait.result;
  }
  #do(what: string): void {
    try {
      stalls[what]!(this);
    } catch {
      unwound += 1;
    } finally {
      unwound += 1;
    }
  }
}

class Neighbour extends GenServer<number, "count", unknown, unknown> {
  init(_arg: undefined) {
    return ok(0);
  }
  override handleCall(_request: "count") {
    return reply(this.state);
  }
  override handleCast(_message: unknown) {
    return noReply();
  }
  override handleInfo(_tick: unknown) {
    this.state += 1;
    return noReply();
  }
}

class Machine extends GenStatem<string, undefined> {
  override callbackMode() {
    return "handle_event_function" as const;
  }
  override init(_arg: undefined) {
    return initialState("idle", undefined);
  }
  override handleEvent() {
    spin();
    return keepState();
  }
}

const reports: Report[] = [];
const [stallMs, longScheduleMs] = process.argv.slice(3).map(Number) as [number, number];
/** Where a pulse says which turn was found to be long. */
const MARKED = 1;
const logger = reportingLogger(reports);
const runtime = await Runtime.start({
  stallMs,
  longScheduleMs,
  logger: { ...logger, warn: logger.error },
});

/** Waits until `pid` is dead, and answers why. */
function reasonOf(pid: Pid): Promise<unknown> {
  return new Promise((resolve) => {
    runtime.spawn(async (self) => {
      const ref = self.monitor(pid);
      resolve(((await self.receive({ ref })) as DownMessage).reason);
    });
  });
}

function crashes(): unknown[] {
  const crash = reports.filter(({ message }) => /^Process .* crashed/.test(message));
  return crash.map(({ fields }) => [
    fields["name"],
    fields["behaviour"],
    fields["callback"],
    fields["lastMessage"],
  ]);
}

async function supervised(): Promise<void> {
  await runtime.start(Supervisor, {
    strategy: "one_for_one",
    intensity: CHILDREN,
    children: [
      { id: "stalling", start: [Stalling, "started"], name: "stalling" },
      { id: "neighbour", start: [Neighbour, undefined], name: "neighbour" },
    ],
  });
}

async function restarted(name: string, old: Pid): Promise<void> {
  while (runtime.whereis(name) === undefined || runtime.whereis(name) === old) await setImmediate();
}

/** A server: another one, as long as its start is itself taken for a stall. */
async function startedAtLast(): Promise<Pid> {
  for (;;) {
    try {
      return await runtime.start(Stalling, "started");
    } catch (error) {
      if (!(error instanceof StartError) || error.reason !== "stalled") throw error;
    }
  }
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async callbacks() {
    const outcomes: Record<string, unknown> = {};
    for (const send of ["call", "cast", "send"] as const) {
      const pid = await runtime.start(Stalling, "started");
      const reason = reasonOf(pid);
      if (send === "call") void runtime.call(pid, "a loop").catch(() => {});
      else runtime[send](pid, "a loop");
      outcomes[send] = await reason;
    }
    const continuing = await runtime.start(Stalling, "started");
    const reason = reasonOf(continuing);
    void runtime.call(continuing, "continue").catch(() => {});
    outcomes["continue"] = await reason;
    const waiting = await runtime.start(Stalling, "started");
    const waitReason = reasonOf(waiting);
    void runtime.call(waiting, "wait").catch(() => {});
    outcomes["wait"] = await waitReason;
    outcomes["init"] = await runtime
      .start(Stalling, "a loop")
      .catch((error: { reason: unknown }) => error.reason);
    const machine = await runtime.start(Machine, undefined);
    const machineReason = reasonOf(machine);
    runtime.cast(machine, "go");
    outcomes["machine"] = await machineReason;
    outcomes["body"] = await new Promise((resolve) => {
      runtime.spawn(async (self) => {
        const { ref } = self.spawnMonitor(spin);
        resolve(((await self.receive({ ref })) as DownMessage).reason);
      });
    });
    return { outcomes, crashes: crashes(), unwound };
  },

  async codes() {
    await supervised();
    const outcomes: Record<string, unknown> = {};
    for (const what of Object.keys(stalls)) {
      const old = runtime.whereis("stalling")!;
      const reason = reasonOf(old);
      const answer = await runtime.call(old, what, CALL_MS).catch((error: { code: unknown }) => error.code);
      outcomes[what] = [answer, await reason];
      await restarted("stalling", old);
      outcomes[what] = [answer, await reason, await runtime.call("stalling", "state")];
    }
    return { outcomes, neighbour: typeof (await runtime.call("neighbour", "count")) };
  },

  async neighbours() {
    await supervised();
    const neighbour = runtime.whereis("neighbour")!;
    const ticks = new AbortController();
    const pending = once(ticks.signal, "abort").then(() => "kept");
    for (let i = 0; i < 1_000; i += 1) runtime.send(neighbour, i);
    runtime.sendAfter(1, neighbour, "during the stall");
    const old = runtime.whereis("stalling")!;
    const reason = reasonOf(old);
    runtime.cast(old, "a loop");
    for (let i = 0; i < 1_000; i += 1) runtime.send(neighbour, i);
    await reason;
    runtime.send(neighbour, "after it");
    await new Promise<void>((resolve) => {
      runtime.spawn(async (self) => resolve(await self.sleep(2)));
    });
    ticks.abort();
    return {
      same: runtime.whereis("neighbour") === neighbour,
      messages: await runtime.call(neighbour, "count"),
      pending: await pending,
    };
  },

  async hook() {
    const victim = runtime.spawn(async (self) => {
      self.signal.addEventListener("abort", spin);
      await self.receive();
    });
    const watcher = reasonOf(victim);
    await setImmediate();
    stalls["a kill"] = ({ self }) => void self.exit(victim, "kill");
    const killer = await runtime.start(Stalling, "started");
    const killed = reasonOf(killer);
    runtime.cast(killer, "a kill");
    const reasons = { victim: await watcher, killer: await killed };
    // Who has waited for them is about to end, too.
    while (runtime.processes().length > 0) await setImmediate();
    return reasons;
  },

  // Nobody else has turns meanwhile: where the machine is busy, one that does nothing wrong may take so long, too.
  async often() {
    const times = 1_000;
    let stalled = 0;
    for (let i = 0; i < times; i += 1) {
      const pid = await startedAtLast();
      const what = i % 2 === 0 ? "a loop" : "a regular expression";
      const error = await runtime
        .call(pid, what, CALL_MS)
        .catch((thrown: { reason: readonly unknown[] }) => thrown);
      if ((error as { reason: readonly unknown[] }).reason[0] === "stalled") stalled += 1;
    }
    return { stalled, unwound, left: runtime.processes().length };
  },

  async long() {
    const pid = await runtime.start(Stalling, "started");
    const { pulse } = runtime.shard.scheduler;
    const words = new Int32Array(pulse.memory);
    stalls["until it is long"] = () => {
      while (Atomics.load(words, MARKED) !== pulse.turn);
    };
    const answers = [];
    // The scheduler looks at the clock more often from one to the next.
    for (let call = 0; call < 4; call += 1)
      answers.push(await runtime.call(pid, "until it is long", CALL_MS));
    return { answers, reports: reports.map(({ message }) => message) };
  },

  async continuation() {
    const { clock } = runtime;
    const alive = await new Promise((resolve) => {
      runtime.spawn(async (self) => {
        // Again, where the watchdog itself had no time to look.
        do {
          await self.sleep(1);
          for (const endMs = clock.nowMs() + 4 * stallMs; clock.nowMs() < endMs;);
          await self.sleep(1);
        } while (reports.length === 0);
        resolve("went on");
      });
    });
    return { alive, reports: [...new Set(reports.map(({ message }) => message))] };
  },

  async nothing() {
    await supervised();
    return runtime.processes().length;
  },
};

process.stdout.write(JSON.stringify(await scenarios[process.argv[2]!]!()));
await runtime.shutdown();
