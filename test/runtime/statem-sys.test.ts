import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  eventTimeout,
  type From,
  genericTimeout,
  GenStatem,
  keepState,
  nextState,
  postpone,
  replyTo,
  Runtime,
  type ServerStatus,
  stateTimeout,
  stop,
  sys,
  type SystemEvent,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";
import {
  type Handler,
  internal,
  keep,
  Machine,
  next,
  type Script,
  startMachine,
} from "./scripted-machine.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: reportingLogger(reports), clock });
});

afterEach(() => runtime.shutdown());

async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await settle(runtime);
}

describe("sys", () => {
  test("sees and replaces the pair of state and data (224)", async () => {
    const pid = await startMachine(runtime, { on: { go: next("b") } });
    runtime.cast(pid, "go");
    expect(await sys.getState(runtime, pid)).toEqual(["b", 0]);
    const replaced = await sys.replaceState(runtime, pid, ([state]) => [`${String(state)}2`, 5] as const);
    expect(replaced).toEqual(["b2", 5]);
    expect(await sys.getState(runtime, pid)).toEqual(["b2", 5]);
    expect(await sys.getStatus(runtime, pid)).toMatchObject({
      module: "GenStatem",
      callbackModule: "Machine",
      state: ["b2", 5],
    });
  });

  test("suspends and resumes it; its timers go on, and it ends in order", async () => {
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { on: { m: keep(stateTimeout(50, "over")) }, notes });
    runtime.cast(pid, "m");
    await sys.suspend(runtime, pid);
    runtime.cast(pid, "later");
    await settle(runtime);
    await advance(50);
    expect(notes).toHaveLength(1);
    await sys.resume(runtime, pid);
    await settle(runtime);
    expect(notes.slice(1)).toEqual([
      ["a", "cast", "later"],
      ["a", "stateTimeout", "over"],
    ]);
    await sys.terminate(runtime, pid, "r");
    await settle(runtime);
    expect(notes.at(-1)).toEqual(["terminate", "r", "a", 0]);
  });

  test("replaces the pair of one that is suspended, and keeps it when the function fails (327)", async () => {
    const pid = await startMachine(runtime, {});
    await sys.suspend(runtime, pid);
    await sys.replaceState(runtime, pid, () => ["error", 1] as const);
    const failed = sys.replaceState(runtime, pid, () => {
      throw new Error("x");
    });
    await expect(failed).rejects.toMatchObject({ code: "ROOKERY_SYS_CALLBACK" });
    await sys.resume(runtime, pid);
    expect(await sys.getState(runtime, pid)).toEqual(["error", 1]);
  });

  test("and crash reports show the pair as formatStatus does (198, 199)", async () => {
    class Discreet extends Machine {
      override formatStatus(status: ServerStatus<readonly [unknown, unknown]>): ServerStatus {
        return { ...status, state: [status.state[0], "***"] };
      }
    }
    const boom: Handler = () => {
      throw new Error("boom");
    };
    const pid = await runtime.start(Discreet, { on: { boom } });
    expect((await sys.getStatus(runtime, pid)).state).toEqual(["a", "***"]);
    expect(await sys.getState(runtime, pid)).toEqual(["a", 0]);
    runtime.cast(pid, "boom");
    await settle(runtime);
    expect(reports[0]!.fields["state"]).toBe("[ 'a', '***' ]");
  });
});

describe("sys.getStatus", () => {
  const on: Script["on"] = {
    set: keep([stateTimeout(50, "s"), genericTimeout("n", 0, "due at once"), postpone]),
    boom: () => {
      throw new Error("boom");
    },
    "due at once": keep(genericTimeout("n", 60, "n")),
  };
  const waiting = {
    postponed: [{ type: "cast", content: "set" }],
    timeouts: [
      { type: "stateTimeout", content: "s" },
      { type: "genericTimeout", name: "n", content: "n" },
    ],
  };

  test("and crash reports tell what was postponed, and which timeouts are set (331)", async () => {
    const pid = await startMachine(runtime, { on });
    expect(await sys.getStatus(runtime, pid)).toMatchObject({ postponed: [], timeouts: [] });
    runtime.cast(pid, "set");
    expect(await sys.getStatus(runtime, pid)).toMatchObject(waiting);
    runtime.cast(pid, "boom");
    await settle(runtime);
    expect(reports[0]!.fields).toMatchObject({
      postponed: ["{ type: 'cast', content: 'set' }"],
      timeouts: ["{ type: 'stateTimeout', content: 's' }", expect.stringContaining("genericTimeout")],
    });
  });

  test("shows these as formatStatus does, which is given them (198, 199)", async () => {
    const given: ServerStatus[] = [];
    class Discreet extends Machine {
      override formatStatus(status: ServerStatus<readonly [unknown, unknown]>): ServerStatus {
        given.push(status);
        return { ...status, postponed: [], timeouts: [] };
      }
    }
    const pid = await runtime.start(Discreet, { on });
    runtime.cast(pid, "set");
    expect(await sys.getStatus(runtime, pid)).toMatchObject({ postponed: [], timeouts: [] });
    expect(given).toMatchObject([{ state: ["a", 0], ...waiting }]);
  });
});

/** What `sys` tells of a machine to which `provoke` does something. */
async function toldOf(script: Script, provoke: (pid: Awaited<ReturnType<typeof startMachine>>) => unknown) {
  const pid = await startMachine(runtime, script);
  const told: SystemEvent[] = [];
  await sys.install(runtime, pid, { run: (_, event) => void told.push(event), state: undefined });
  await provoke(pid);
  await settle(runtime);
  return told;
}

describe("sys.install", () => {
  const cast = (content: unknown) => ({ type: "cast", content });

  test("tells of events that come, are consumed or postponed, and in which states (333)", async () => {
    const on: Script["on"] = {
      early: (machine) => (machine.state === "a" ? keepState(postpone) : keepState()),
      go: next("b"),
    };
    const told = await toldOf({ on }, (pid) => {
      for (const content of ["early", "go"]) runtime.cast(pid, content);
      runtime.send(pid, "m");
    });
    expect(told).toEqual([
      ["in", cast("early"), "a"],
      ["postpone", cast("early"), "a", "a"],
      ["in", cast("go"), "a"],
      ["consume", cast("go"), "a", "b"],
      ["consume", cast("early"), "b", "b"],
      ["in", { type: "info", content: "m" }, "b"],
      ["consume", { type: "info", content: "m" }, "b", "b"],
    ]);
  });

  test("tells of inserted events before the event that inserts them is consumed, and of replies (333)", async () => {
    let from: From;
    const on: Script["on"] = {
      go: (_, event) => {
        if (event.type === "call") ({ from } = event);
        return nextState("b", internal("i"));
      },
    };
    const enter: Handler = ({ state }) => keepState(state === "b" ? replyTo(from, "entered") : []);
    const told = await toldOf({ on, enter }, (pid) => GenStatem.call(runtime, pid, "go"));
    const call = { type: "call", from: from!, content: "go" };
    const inserted = { type: "internal", content: "i" };
    expect(told).toEqual([
      ["in", call, "a"],
      ["in", inserted, "b"],
      ["out", "entered", from!],
      ["consume", call, "a", "b"],
      ["consume", inserted, "b", "b"],
    ]);
  });

  test("tells of timeouts when they are set and when they are over, not of their updates and cancels (333)", async () => {
    const set = [stateTimeout(50, 1), genericTimeout("n", 60, 2), eventTimeout(0, 3)];
    const change = [stateTimeout("cancel"), genericTimeout("n", "update", 4)];
    const told = await toldOf({ on: { set: keep(set), change: keep(change) } }, async (pid) => {
      for (const content of ["set", "change"]) runtime.cast(pid, content);
      await settle(runtime);
      await advance(60);
    });
    const [over, generic] = [
      { type: "eventTimeout", content: 3 },
      { type: "genericTimeout", name: "n", content: 4 },
    ];
    expect(told).toEqual([
      ["in", cast("set"), "a"],
      ["consume", cast("set"), "a", "a"],
      ...set.map((timeout) => ["start_timer", timeout, "a"]),
      ["in", over, "a"],
      ["consume", over, "a", "a"],
      ["in", cast("change"), "a"],
      ["consume", cast("change"), "a", "a"],
      ["in", generic, "a"],
      ["consume", generic, "a", "a"],
    ]);
  });

  test.each([
    ["an orderly end", "normal", [["terminate", "normal", "a"]]],
    ["no crash, of which there is a report", "r", []],
  ])("tells of %s (333)", async (_, reason, end) => {
    const told = await toldOf({ on: { m: () => stop(reason) } }, (pid) => runtime.cast(pid, "m"));
    expect(told).toEqual([["in", cast("m"), "a"], ...end]);
  });
});

describe("sys.log", () => {
  test("is part of the crash report, with the event that was not consumed (333)", async () => {
    const pid = await startMachine(runtime, { on: { m: () => stop("r") } });
    await sys.log(runtime, pid, true);
    for (const content of ["other", "m"]) runtime.cast(pid, content);
    await settle(runtime);
    expect(reports.at(-1)!.fields["log"]).toEqual([
      "[ 'in', { type: 'cast', content: 'other' }, 'a' ]",
      "[ 'consume', { type: 'cast', content: 'other' }, 'a', 'a' ]",
      "[ 'in', { type: 'cast', content: 'm' }, 'a' ]",
    ]);
  });
});

describe("sys.statistics", () => {
  test("counts every event that comes, timeouts and inserted ones as well, and replies (332)", async () => {
    const on: Script["on"] = {
      m: (_, event) =>
        keepState([
          internal("i"),
          stateTimeout(0),
          ...(event.type === "call" ? [replyTo(event.from, 1)] : []),
        ]),
    };
    const pid = await startMachine(runtime, { on });
    await sys.statistics(runtime, pid, true);
    await GenStatem.call(runtime, pid, "m");
    await settle(runtime);
    expect(await sys.statistics(runtime, pid, "get")).toMatchObject({ messagesIn: 3, messagesOut: 1 });
  });
});

describe("sys.trace", () => {
  test("hands each event to the logger in the words of gen_statem (335)", async () => {
    const on: Script["on"] = {
      m: (_, event) =>
        event.type === "call"
          ? nextState(["b"], [replyTo(event.from, "r"), genericTimeout("n", 0, "t"), stateTimeout(50, "s")])
          : keepState(),
    };
    const pid = await runtime.start(Machine, { on }, { name: "machine" });
    await sys.trace(runtime, pid, true);
    const caller = await runInProcess(runtime, async (self) => {
      await self.call(pid, "m");
      return self.pid;
    });
    await settle(runtime);
    await runtime.stop(pid);
    expect(reports.map(({ message }) => message)).toEqual([
      `*DBG* machine receive call m from ${caller} in state a`,
      `*DBG* machine send r to ${caller}`,
      `*DBG* machine consume call m from ${caller} in state a => [ 'b' ]`,
      "*DBG* machine start_timer genericTimeout n t after 0 ms in state [ 'b' ]",
      "*DBG* machine start_timer stateTimeout s after 50 ms in state [ 'b' ]",
      "*DBG* machine receive genericTimeout n t in state [ 'b' ]",
      "*DBG* machine consume genericTimeout n t in state [ 'b' ]",
      "*DBG* machine terminate normal in state [ 'b' ]",
    ]);
  });
});
