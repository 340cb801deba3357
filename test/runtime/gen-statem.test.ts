import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CallbackMode,
  type DownMessage,
  eventTimeout,
  type From,
  genericTimeout,
  GenStatem,
  hibernate,
  ignore,
  initialState,
  keepState,
  nextEvent,
  nextState,
  type Pid,
  postpone,
  repeatState,
  replyTo,
  Runtime,
  type Self,
  type StatemActions,
  type StatemEvent,
  type StatemResult,
  type StateFunctions,
  stateTimeout,
  stop,
  stopAndReply,
  sys,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";

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

type Handler = (machine: Machine, event: StatemEvent) => unknown;

/** What a machine does: with an event whose content is a key of `on`, that; everything else keeps the state. */
interface Script {
  readonly init?: (machine: Machine) => unknown;
  readonly mode?: unknown;
  readonly on?: Readonly<Record<string, Handler>>;
  readonly enter?: Handler;
  readonly terminate?: (machine: Machine, reason: unknown) => unknown;
  readonly notes?: unknown[];
}

/** A machine whose callbacks are handed in, and that notes what happens in which state. */
class Machine extends GenStatem {
  notes: unknown[] = [];
  script: Script = {};

  init(script: Script): never {
    this.script = script;
    this.notes = script.notes ?? [];
    return (script.init === undefined ? initialState("a", 0) : script.init(this)) as never;
  }
  override callbackMode(): CallbackMode {
    const { enter, mode = enter === undefined ? "handle_event_function" : WITH_ENTER } = this.script;
    return mode as CallbackMode;
  }
  override handleEvent(event: StatemEvent): never {
    const what = event.type === "enter" ? event.oldState : event.content;
    this.notes.push([this.state, event.type, what]);
    const handler = event.type === "enter" ? this.script.enter : this.script.on?.[String(what)];
    return (handler === undefined ? keepState() : handler(this, event)) as never;
  }
  override terminate(reason: unknown): unknown {
    this.notes.push(["terminate", reason, this.state, this.data]);
    return this.script.terminate?.(this, reason);
  }
}

type DoorState = "locked" | "open";

/** A machine as users write it: a method for each state, everything typed. */
class Door
  extends GenStatem<DoorState, { code: string }, "code", string>
  implements StateFunctions<DoorState, "code", string>
{
  override callbackMode(): CallbackMode {
    return ["state_functions", "state_enter"];
  }
  init(data: { code: string }) {
    return initialState("locked", data);
  }
  locked(event: StatemEvent<DoorState, "code", string>): StatemResult<DoorState> {
    if (event.type === "call") return keepState(replyTo(event.from, this.data.code));
    return event.type === "cast" && event.content === this.data.code ? nextState("open") : keepState();
  }
  open(event: StatemEvent<DoorState, "code", string>): StatemResult<DoorState> {
    return event.type === "stateTimeout" ? nextState("locked") : keepState();
  }
}

const WITH_ENTER = ["handle_event_function", "state_enter"];

function start(script: Script): Promise<Pid<Machine>> {
  return runtime.start(Machine, script);
}

/** What is noted when a machine gets these casts at once. */
async function notesOf(script: Script, casts: readonly unknown[]): Promise<unknown[]> {
  const notes: unknown[] = [];
  const pid = await start({ ...script, notes });
  for (const cast of casts) runtime.cast(pid, cast);
  await settle(runtime);
  return notes;
}

/** How a machine ends after `provoke`. */
async function endOf(script: Script, provoke: (self: Self, pid: Pid) => void): Promise<unknown> {
  const pid = await start(script);
  return runInProcess(runtime, async (self) => {
    self.monitor(pid);
    provoke(self, pid);
    return ((await self.receive()) as DownMessage).reason;
  });
}

/** How a machine ends when it is cast "m". */
function endOnM(handler: Handler, script: Script = {}): Promise<unknown> {
  return endOf({ ...script, on: { m: handler } }, (self, pid) => self.cast(pid, "m"));
}

async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await settle(runtime);
}

const keep = (actions?: StatemActions) => (): unknown => keepState(actions);
const next = (state: unknown, actions?: StatemActions) => (): unknown => nextState(state, actions);
const internal = (content: unknown) => nextEvent({ type: "internal", content });
const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("start", () => {
  test("init gives state and data, and may ask for actions (201)", async () => {
    const init = () => initialState("s", { some: "data" }, internal("first"));
    const notes: unknown[] = [];
    const pid = await start({ init, notes });
    await settle(runtime);
    expect(notes).toEqual([["s", "internal", "first"]]);
    expect(await sys.getState(runtime, pid)).toEqual(["s", { some: "data" }]);
  });

  test("an asynchronous init is waited for (201)", async () => {
    const pid = await start({ init: () => Promise.resolve(initialState("s", 1)) });
    expect(await sys.getState(runtime, pid)).toEqual(["s", 1]);
  });

  test.each<[string, Script["init"], unknown]>([
    ["stop(r): r", () => stop("r"), "r"],
    ["ignore", () => ignore, "ignore"],
    ["an error: the error", raise(boom), boom],
    ["exit(r): r", (machine) => machine.self.exit("r"), "r"],
    ["a rejected promise: its error", () => Promise.reject(boom), boom],
    ["rubbish: bad_return_from_init", () => "rubbish", ["bad_return_from_init", "rubbish"]],
    ["what an event may return", () => keepState(), ["bad_return_from_init", keepState()]],
  ])("init ends with %s (201)", async (_, init, reason) => {
    await expect(start({ init: init! })).rejects.toMatchObject({ code: "ROOKERY_START_FAILED", reason });
    expect(runtime.processes()).toEqual([]);
  });

  test("a thrown initialState starts the machine (220)", async () => {
    const pid = await start({ init: raise(initialState("s", 1)) });
    expect(await sys.getState(runtime, pid)).toEqual(["s", 1]);
  });

  test.each<[string, unknown]>([
    ["a word that is none", "rubbish"],
    ["state_enter alone", ["state_enter"]],
    ["nothing", []],
  ])("a wrong callback mode, %s: the start succeeds, then it crashes (223)", async (_, mode) => {
    const notes: unknown[] = [];
    const pid = await start({ mode, notes });
    expect(runtime.isAlive(pid)).toBe(false);
    const error = { code: "ROOKERY_BAD_RETURN", reason: ["bad_return_from_callback_mode", mode] };
    expect(notes).toMatchObject([["terminate", error, "a", 0]]);
    expect(reports).toMatchObject([{ fields: { reason: error } }]);
  });
});

describe("events", () => {
  test("are taken by nobody once the machine has ended itself, wherever that was", async () => {
    const notes: unknown[] = [];
    class Ending extends Machine {
      override callbackMode(): CallbackMode {
        this.self.exit(this.self.pid, "kill");
        return "handle_event_function";
      }
    }
    const pid = await runtime.start(Ending, { notes });
    expect(runtime.isAlive(pid)).toBe(false);
    const kill: Handler = (machine) => {
      try {
        machine.self.exit(machine.self.pid, "r");
      } catch {}
      return stop("normal");
    };
    await start({ init: () => initialState("a", 0, internal("m")), on: { m: kill }, notes });
    await settle(runtime);
    expect(notes).toEqual([["a", "internal", "m"]]);
    expect(reports).toEqual([]);
  });

  test("are calls, casts, other messages, internal ones, timeouts and state enter calls (202)", async () => {
    const events: unknown[] = [];
    const note: Handler = (_, event) => void events.push(event);
    const all = new Proxy({}, { get: () => (m: Machine, e: StatemEvent) => (note(m, e), keepState()) });
    const init = () =>
      initialState("a", 0, [internal(1), eventTimeout(0, 2), stateTimeout(0, 3), genericTimeout("n", 0, 4)]);
    const enter: Handler = (machine, event) => (note(machine, event), keepState(eventTimeout(0, 2)));
    const pid = await start({ init, on: all, enter });
    runtime.cast(pid, 5);
    runtime.send(pid, 6);
    GenStatem.call(runtime, pid, 7).catch(() => {});
    await settle(runtime);
    expect(events).toEqual([
      { type: "enter", oldState: "a" },
      { type: "internal", content: 1 },
      { type: "stateTimeout", content: 3 },
      { type: "genericTimeout", name: "n", content: 4 },
      { type: "cast", content: 5 },
      { type: "info", content: 6 },
      { type: "call", from: expect.anything(), content: 7 },
    ]);
  });

  test("a message that looks like a timeout of somebody else is an info (222)", async () => {
    const notes: unknown[] = [];
    const pid = await start({ notes, on: { m: keep(stateTimeout(50)) } });
    runtime.cast(pid, "m");
    await runInProcess(runtime, async (self) => void self.startTimer(10, pid, "x"));
    await settle(runtime);
    await advance(10);
    expect(notes.at(-1)).toEqual(["a", "info", { type: "timeout", ref: expect.anything(), message: "x" }]);
  });

  test("go to the method that has the name of the state, in the mode state_functions (202)", async () => {
    const seen: unknown[] = [];
    class Noted extends Door {
      override locked(event: StatemEvent<DoorState, "code", string>) {
        seen.push(["locked", event.type]);
        return super.locked(event);
      }
      override open(event: StatemEvent<DoorState, "code", string>) {
        seen.push(["open", event.type]);
        return super.open(event);
      }
    }
    const door = await runtime.start(Noted, { code: "1234" });
    for (const code of ["0", "1234", "1234"]) runtime.cast(door, code);
    await settle(runtime);
    expect(seen).toEqual([
      ["locked", "enter"],
      ["locked", "cast"],
      ["locked", "cast"],
      ["open", "enter"],
      ["open", "cast"],
    ]);
  });

  test.each(["nowhere", "init", "toString", "notes"])(
    "a state without its function, %s, is a crash that says so",
    async (name) => {
      const end = endOf({ mode: "state_functions", init: () => initialState(name, 0) }, (self, pid) =>
        self.cast(pid, "m"),
      );
      expect(await end).toMatchObject({ code: "ROOKERY_NO_CALLBACK" });
    },
  );
});

describe("state enter calls", () => {
  test("come at the start with the state as its old one, and after each change before any other event (203)", async () => {
    const on = { go: next("b", [internal("inserted")]) };
    expect(await notesOf({ on, enter: keep() }, ["go", "later"])).toEqual([
      ["a", "enter", "a"],
      ["a", "cast", "go"],
      ["b", "enter", "a"],
      ["b", "internal", "inserted"],
      ["b", "cast", "later"],
    ]);
  });

  test("don't come for a transition to the same state, which changes nothing (204)", async () => {
    const on = {
      wait: keep(postpone),
      same: next("a"),
      time: keep(stateTimeout(50, "over")),
      structure: () => nextState(["a", { b: 1 }]),
    };
    const notes: unknown[] = [];
    const pid = await start({ on, enter: keep(), notes });
    for (const cast of ["time", "wait", "same"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(notes.slice(1)).toEqual([
      ["a", "cast", "time"],
      ["a", "cast", "wait"],
      ["a", "cast", "same"],
    ]);
    await advance(50);
    expect(notes.at(-1)).toEqual(["a", "stateTimeout", "over"]);
    notes.length = 0;
    for (const cast of ["structure", "structure"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(notes.filter((note) => (note as unknown[])[1] === "enter")).toHaveLength(1);
  });

  test("come again with repeatState, which does not count as a change (205)", async () => {
    const on = { time: keep(stateTimeout(50, "over")), wait: keep(postpone), again: () => repeatState() };
    const notes: unknown[] = [];
    const pid = await start({ on, enter: keep(), notes });
    for (const cast of ["time", "wait", "again"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(50);
    expect(notes.slice(3)).toEqual([
      ["a", "cast", "again"],
      ["a", "enter", "a"],
      ["a", "stateTimeout", "over"],
    ]);
  });

  test("may repeat themselves, a hundred thousand times without a stack (205)", async () => {
    let entered = 0;
    const enter = () => ((entered += 1) < 100_000 ? repeatState() : keepState());
    await start({ enter });
    await settle(runtime);
    expect(entered).toBe(100_000);
  });

  test.each<[string, unknown, unknown]>([
    ["change the state", nextState("c"), ["bad_state_enter_return_from_state_function", nextState("c")]],
    ["postpone", keepState(postpone), ["bad_state_enter_action_from_state_function", postpone]],
    [
      "insert an event",
      keepState([internal(1)]),
      ["bad_state_enter_action_from_state_function", internal(1)],
    ],
    ["return rubbish", "rubbish", ["bad_return_from_state_function", "rubbish"]],
  ])("may not %s (206)", async (_, result, reason) => {
    const enter: Handler = (machine) => (machine.state === "b" ? result : keepState());
    const end = await endOnM(next("b"), { enter });
    expect(end).toBeInstanceOf(Error);
    expect(end).toMatchObject({ reason });
  });

  test("may set timeouts and reply (206)", async () => {
    let from: From;
    const on = {
      m: (_: Machine, event: StatemEvent) => {
        if (event.type === "call") from = event.from;
        return nextState("b");
      },
    };
    const enter: Handler = (machine) => {
      if (machine.state !== "b") return keepState();
      return nextState("b", [replyTo(from, "entered"), stateTimeout(50, "over"), hibernate]);
    };
    const notes: unknown[] = [];
    const pid = await start({ on, enter, notes });
    expect(await GenStatem.call(runtime, pid, "m")).toBe("entered");
    await advance(50);
    expect(notes.at(-1)).toEqual(["b", "stateTimeout", "over"]);
  });
});

describe("timeouts", () => {
  test("a state timeout survives events, ends with the state, and set in the transition belongs to the new one (207)", async () => {
    const on = {
      set: keep(stateTimeout(50, "old")),
      go: next("b", stateTimeout(30, "new")),
      back: next("a"),
    };
    const notes: unknown[] = [];
    const pid = await start({ on, notes });
    for (const cast of ["set", "other"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(50);
    expect(notes.at(-1)).toEqual(["a", "stateTimeout", "old"]);
    expect(pid.process!.timers!.size).toBe(0);
    for (const cast of ["set", "go"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(30);
    expect(notes.at(-1)).toEqual(["b", "stateTimeout", "new"]);
    const count = notes.length;
    for (const cast of ["set", "back"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(1_000);
    expect(notes).toHaveLength(count + 2);
  });

  test.each<[string, (pid: Pid) => void]>([
    ["a cast", (pid) => runtime.cast(pid, "x")],
    ["a message", (pid) => runtime.send(pid, "x")],
    ["a change of state", (pid) => runtime.cast(pid, "go")],
  ])("%s cancels an event timeout (208)", async (_, disturb) => {
    const notes: unknown[] = [];
    const pid = await start({ on: { set: keep(eventTimeout(50, "quiet")), go: next("b") }, notes });
    runtime.cast(pid, "set");
    await settle(runtime);
    disturb(pid);
    await settle(runtime);
    await advance(1_000);
    expect(notes).toHaveLength(2);
  });

  test("inserted and retried events cancel an event timeout, other timeouts as well (208)", async () => {
    for (const actions of [
      [eventTimeout(50), internal("i")],
      [eventTimeout(50), stateTimeout(0)],
    ]) {
      const notes = await notesOf({ on: { set: keep(actions) } }, ["set"]);
      await advance(1_000);
      expect(notes).toHaveLength(2);
    }
  });

  test("a bare number is an event timeout with itself as the content (208)", async () => {
    const notes: unknown[] = [];
    const pid = await start({ on: { bare: keep(50), named: keep(eventTimeout(50, "c")) }, notes });
    runtime.cast(pid, "bare");
    await settle(runtime);
    await advance(50);
    expect(notes.at(-1)).toEqual(["a", "eventTimeout", 50]);
    runtime.cast(pid, "named");
    await settle(runtime);
    await advance(50);
    expect(notes.at(-1)).toEqual(["a", "eventTimeout", "c"]);
  });

  test("a bare 0 is an event timeout, too (208, 211)", async () => {
    expect(await notesOf({ on: { m: keep(0), n: next("a", 0) } }, ["m", "n", "later"])).toEqual([
      ["a", "cast", "m"],
      ["a", "eventTimeout", 0],
      ["a", "cast", "n"],
      ["a", "eventTimeout", 0],
      ["a", "cast", "later"],
    ]);
  });

  test("an event timeout whose time was over before the event that cancels it does not come (208)", async () => {
    const notes: unknown[] = [];
    const pid = await start({ on: { set: keep(eventTimeout(50)) }, notes });
    runtime.cast(pid, "set");
    await settle(runtime);
    runtime.cast(pid, "x");
    clock.advance(50);
    await settle(runtime);
    expect(notes).toEqual([
      ["a", "cast", "set"],
      ["a", "cast", "x"],
    ]);
  });

  test("generic ones survive everything, and the same name replaces (209)", async () => {
    const on = {
      set: keep([genericTimeout("one", 50, 1), genericTimeout("two", 60, 2)]),
      go: next("b"),
      reset: keep(genericTimeout("one", 50, "again")),
    };
    const notes: unknown[] = [];
    const pid = await start({ on, notes });
    for (const cast of ["set", "go", "other"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(40);
    runtime.cast(pid, "reset");
    await settle(runtime);
    await advance(100);
    expect(notes.slice(4)).toEqual([
      ["b", "genericTimeout", 2],
      ["b", "genericTimeout", "again"],
    ]);
  });

  test.each<[string, StatemActions, unknown[]]>([
    ["cancel stops it", [stateTimeout("cancel"), genericTimeout("n", "cancel")], []],
    [
      "Infinity stops it",
      [stateTimeout(Number.POSITIVE_INFINITY), genericTimeout("n", Number.POSITIVE_INFINITY)],
      [],
    ],
    [
      "update changes its content",
      [stateTimeout("update", "s2"), genericTimeout("n", "update", "n2")],
      [
        ["a", "stateTimeout", "s2"],
        ["a", "genericTimeout", "n2"],
      ],
    ],
  ])("%s (210)", async (_, actions, expected) => {
    const on = {
      set: keep([stateTimeout(50, "s1"), genericTimeout("n", 50, "n1")]),
      change: keep(actions),
    };
    const notes: unknown[] = [];
    const pid = await start({ on, notes });
    for (const cast of ["set", "change"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(notes).toHaveLength(2);
    await advance(50);
    expect(notes.slice(2)).toEqual(expected);
  });

  test("an update of one that does not run fires at once; a cancel of one does nothing (210)", async () => {
    const actions = [
      stateTimeout("update", 1),
      eventTimeout("cancel"),
      genericTimeout("n", "update", 2),
      genericTimeout("m", "cancel"),
    ];
    expect(await notesOf({ on: { m: keep(actions) } }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["a", "stateTimeout", 1],
      ["a", "genericTimeout", 2],
      ["a", "cast", "later"],
    ]);
  });

  test("those of 0 come in the order in which they were set, after inserted events and before the mailbox (211)", async () => {
    const actions = [genericTimeout("n", 0, 1), stateTimeout(0, 2), internal("i"), genericTimeout("m", 0, 3)];
    expect(await notesOf({ on: { m: keep(actions) } }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["a", "internal", "i"],
      ["a", "genericTimeout", 1],
      ["a", "stateTimeout", 2],
      ["a", "genericTimeout", 3],
      ["a", "cast", "later"],
    ]);
  });

  test("an event timeout of 0 comes before the mailbox, unless an inserted event cancels it (211)", async () => {
    const on = { alone: keep(eventTimeout(0, "t")), inserting: keep([eventTimeout(0, "t"), internal("i")]) };
    expect(await notesOf({ on }, ["alone", "inserting"])).toEqual([
      ["a", "cast", "alone"],
      ["a", "eventTimeout", "t"],
      ["a", "cast", "inserting"],
      ["a", "internal", "i"],
    ]);
  });

  test("the last word on a timeout counts", async () => {
    const on = { m: keep([stateTimeout(0, 1), stateTimeout("cancel"), stateTimeout(0, 2)]) };
    expect(await notesOf({ on }, ["m"])).toEqual([
      ["a", "cast", "m"],
      ["a", "stateTimeout", 2],
    ]);
  });

  test("that were cancelled hold no memory once the machine hibernates (194)", async () => {
    const on = { set: keep(stateTimeout(50)), rest: keep([hibernate, stateTimeout("cancel")]) };
    const pid = await start({ on });
    for (const cast of ["set", "rest"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(pid.process!.timers).toBe(undefined);
    expect(await sys.getState(runtime, pid)).toEqual(["a", 0]);
  });

  test("end with the machine, and keep nothing alive", async () => {
    const pid = await start({ on: { m: keep([stateTimeout(50), genericTimeout("n", 50)]) } });
    runtime.cast(pid, "m");
    await settle(runtime);
    const timers = [...pid.process!.timers!];
    expect(timers.map((timer) => timer.active)).toEqual([true, true]);
    runtime.exit(pid, "kill");
    expect(timers.map((timer) => timer.active)).toEqual([false, false]);
  });
});

describe("inserted and postponed events", () => {
  test("inserted ones come next, in their order, before postponed ones and the mailbox (212)", async () => {
    const on = {
      early: (machine: Machine) => (machine.state === "a" ? keepState(postpone) : keepState()),
      go: next("b", [
        internal(1),
        nextEvent({ type: "cast", content: 2 }),
        nextEvent({ type: "info", content: 3 }),
      ]),
      1: keep(internal("nested")),
    };
    expect(await notesOf({ on }, ["early", "go", "later"])).toEqual([
      ["a", "cast", "early"],
      ["a", "cast", "go"],
      ["b", "internal", 1],
      ["b", "internal", "nested"],
      ["b", "cast", 2],
      ["b", "info", 3],
      ["b", "cast", "early"],
      ["b", "cast", "later"],
    ]);
  });

  test.each<[string, unknown]>([
    ["an event of no type", nextEvent({ type: "rubbish", content: 1 } as never)],
    ["a state enter call", nextEvent({ type: "enter", oldState: "a" } as never)],
    ["a call of nobody", nextEvent({ type: "call", from: "nobody", content: 1 } as never)],
    ["a negative time", stateTimeout(-1)],
    ["a time that is none", eventTimeout("soon" as never)],
    ["a negative number", -1],
    ["a reply to nobody", replyTo("nobody" as never, 1)],
    ["rubbish", "rubbish"],
  ])("a wrong action, %s, is a crash (212)", async (_, action) => {
    const end = await endOnM(() => keepState([action as never]));
    expect(end).toMatchObject({
      code: "ROOKERY_BAD_ACTION",
      reason: ["bad_action_from_state_function", action],
    });
    for (const form of ["replyTo(from, value)", "postpone", "nextEvent(event)"])
      expect(reports[0]?.message).toContain(form);
  });

  test("postponed ones are retried in their order once the state has changed, the inserted first (213)", async () => {
    const early: Handler = (machine) => (machine.state === "c" ? keepState() : keepState(postpone));
    const on = { 1: early, 2: early, 3: early, same: next("a"), b: next("b"), c: next("c", internal("i")) };
    expect(await notesOf({ on }, [1, 2, "same", "b", 3, "c", "later"])).toEqual([
      ["a", "cast", 1],
      ["a", "cast", 2],
      ["a", "cast", "same"],
      ["a", "cast", "b"],
      ["b", "cast", 1],
      ["b", "cast", 2],
      ["b", "cast", 3],
      ["b", "cast", "c"],
      ["c", "internal", "i"],
      ["c", "cast", 1],
      ["c", "cast", 2],
      ["c", "cast", 3],
      ["c", "cast", "later"],
    ]);
  });

  test("an event that is postponed with the change is retried at once in the new state (214)", async () => {
    const on = { m: (machine: Machine) => (machine.state === "a" ? nextState("b", postpone) : keepState()) };
    expect(await notesOf({ on }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["b", "cast", "m"],
      ["b", "cast", "later"],
    ]);
  });

  test("a call can be postponed and answered in another state (213, 215)", async () => {
    const ask: Handler = (machine, event) => {
      if (machine.state === "a") return keepState(postpone);
      return keepState(event.type === "call" ? replyTo(event.from, "at last") : []);
    };
    const pid = await start({ on: { ask, go: next("b") } });
    const answer = GenStatem.call(runtime, pid, "ask");
    runtime.cast(pid, "go");
    expect(await answer).toBe("at last");
  });

  test("a million inserted events need no stack and keep no one else waiting", async () => {
    let count = 0;
    const on = { i: () => ((count += 1) < 1_000_000 ? keepState(internal("i")) : keepState()) };
    class Counting extends Machine {
      override handleEvent(event: StatemEvent): never {
        return (event.type === "internal" ? on.i() : keepState(internal("i"))) as never;
      }
    }
    const pid = await runtime.start(Counting, {});
    runtime.cast(pid, "go");
    const other = await start({
      on: { m: (_, event) => keepState(event.type === "call" ? replyTo(event.from, 1) : []) },
    });
    expect(await GenStatem.call(runtime, other, "m")).toBe(1);
    expect(count).toBeLessThan(1_000_000);
    await settle(runtime);
    expect(count).toBe(1_000_000);
  });
});

describe("call", () => {
  test("is answered by an action, or later from anywhere (215)", async () => {
    const on: Script["on"] = {
      now: (_, event) => keepState(event.type === "call" ? replyTo(event.from, "now") : []),
      later: (machine, event) => {
        if (event.type === "call") machine.self.spawn((helper) => helper.reply(event.from, "later"));
        return keepState();
      },
    };
    const pid = await start({ on });
    expect(await GenStatem.call(runtime, pid, "now")).toBe("now");
    expect(await runtime.call(pid, "later")).toBe("later");
  });

  test("waits for ever unless told otherwise (216)", async () => {
    const pid = await start({});
    let ended = false;
    const pending = GenStatem.call(runtime, pid, "m").finally(() => (ended = true));
    await settle(runtime);
    await advance(1_000_000);
    expect(ended).toBe(false);
    runtime.exit(pid, "kill");
    await expect(pending).rejects.toMatchObject({
      reason: ["killed", ["GenStatem", "call", [pid, "m", Number.POSITIVE_INFINITY]]],
    });
  });

  test("fails with the reason of gen_statem:call (216)", async () => {
    await expect(GenStatem.call(runtime, "nobody", "m")).rejects.toMatchObject({
      code: "ROOKERY_NOPROC",
      reason: ["noproc", ["GenStatem", "call", ["nobody", "m", Number.POSITIVE_INFINITY]]],
    });
    const pid = await start({});
    await runInProcess(runtime, async (self) => {
      const failed = expect(GenStatem.call(self, pid, "m", 100)).rejects.toMatchObject({
        code: "ROOKERY_CALL_TIMEOUT",
        reason: ["timeout", ["GenStatem", "call", [pid, "m", 100]]],
      });
      await settle(runtime);
      clock.advance(100);
      await failed;
    });
  });
});

describe("the end", () => {
  test.each<[string, Handler, unknown]>([
    ["stop(normal)", () => stop("normal"), "normal"],
    ["stop(r)", () => stop("r"), "r"],
    ["stop([shutdown, x])", () => stop(["shutdown", 1]), ["shutdown", 1]],
    ["exit(r)", (machine) => machine.self.exit("r"), "r"],
    ["a thrown stop (220)", raise(stop("r")), "r"],
  ])("%s ends it with that reason, after terminate (217)", async (_, handler, reason) => {
    const notes: unknown[] = [];
    expect(await endOnM(handler, { notes })).toEqual(reason);
    expect(notes.at(-1)).toEqual(["terminate", reason, "a", 0]);
    expect(reports).toHaveLength(reason === "r" ? 1 : 0);
  });

  test("stopAndReply replies before terminate (217)", async () => {
    const notes: unknown[] = [];
    const on: Script["on"] = {
      m: (_, event) => stopAndReply("normal", event.type === "call" ? [replyTo(event.from, "bye")] : []),
    };
    const terminate = async (machine: Machine): Promise<void> => {
      await machine.self.receive((message) => message === "go");
    };
    const pid = await start({ on, terminate, notes });
    expect(await GenStatem.call(runtime, pid, "m")).toBe("bye");
    expect(runtime.isAlive(pid)).toBe(true);
    runtime.send(pid, "go");
    await settle(runtime);
    expect(runtime.isAlive(pid)).toBe(false);
    expect(await endOnM(() => stopAndReply("normal", postpone as never))).toMatchObject({
      reason: ["bad_reply_action_from_state_function", postpone],
    });
  });

  test.each<[string, unknown]>([
    ["rubbish", "rubbish"],
    ["nothing", undefined],
    ["a state of init", initialState("a", 0)],
    ["a stop with a GenServer's reply", stop("normal", 1)],
  ])("a wrong return, %s, is a crash that lists the right ones (218)", async (_, result) => {
    const notes: unknown[] = [];
    const end = await endOnM(() => result, { notes });
    expect(end).toBeInstanceOf(Error);
    expect(end).toMatchObject({
      code: "ROOKERY_BAD_RETURN",
      reason: ["bad_return_from_state_function", result],
    });
    expect(notes.at(-1)).toEqual(["terminate", end, "a", 0]);
    for (const form of ["nextState(state)", "stopAndReply(reason, replies)"])
      expect(reports[0]?.message).toContain(form);
  });

  test("an error ends it with the error, after terminate; also a rejected promise (219)", async () => {
    for (const handler of [raise(boom), () => Promise.reject(boom)]) {
      const notes: unknown[] = [];
      expect(await endOnM(handler, { notes })).toBe(boom);
      expect(notes.at(-1)).toEqual(["terminate", boom, "a", 0]);
    }
  });

  test.each<[string, (machine: Machine) => unknown, unknown]>([
    ["an error replaces the reason", raise(boom), boom],
    ["exit(t) replaces the reason", (machine) => machine.self.exit("t"), "t"],
    ["a thrown value is ignored", raise("x"), "r"],
    ["a rejected promise replaces the reason", () => Promise.reject(boom), boom],
  ])("terminate itself fails: %s (189)", async (_, terminate, reason) => {
    expect(await endOnM(() => stop("r"), { terminate })).toBe(reason);
  });

  test("a thrown value counts as returned (220)", async () => {
    const on = { m: raise(nextState("b")) };
    expect(await notesOf({ on }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["b", "cast", "later"],
    ]);
    expect(await endOnM(raise("x"))).toMatchObject({ reason: ["bad_return_from_state_function", "x"] });
  });

  test("an exit of the parent terminates one that traps, also a normal one; others' are events (221)", async () => {
    for (const reason of ["r", "normal"]) {
      const notes: unknown[] = [];
      const init = (machine: Machine): unknown => {
        machine.self.trapExit(true);
        return initialState("a", 0);
      };
      const parent = runtime.spawn(async (self) => {
        await self.startLink(Machine, { init, notes }, { name: "child" });
        await self.receive();
      });
      await settle(runtime);
      const child = runtime.whereis("child")!;
      runtime.exit(child, "other");
      await settle(runtime);
      expect(notes).toMatchObject([["a", "info", { type: "EXIT", reason: "other" }]]);
      if (reason === "normal") runtime.send(parent, "return");
      else runtime.exit(parent, reason);
      await settle(runtime);
      expect(notes.at(-1)).toEqual(["terminate", reason, "a", 0]);
      expect(runtime.isAlive(child)).toBe(false);
    }
  });

  test("stop of the runtime ends it after what is in its mailbox (197)", async () => {
    const notes: unknown[] = [];
    const pid = await start({ notes });
    runtime.cast(pid, 1);
    await runtime.stop(pid, "shutdown");
    expect(notes).toEqual([
      ["a", "cast", 1],
      ["terminate", "shutdown", "a", 0],
    ]);
  });

  test("a crash report names the state, the data, the event and the callback (139)", async () => {
    class Light extends GenStatem<"red", { since: number }> {
      override callbackMode(): CallbackMode {
        return "state_functions";
      }
      init() {
        return initialState("red", { since: 7 });
      }
      red(): never {
        throw boom;
      }
    }
    const pid = await runtime.start(Light, undefined as never, { name: "light" });
    runtime.cast(pid, "switch");
    await settle(runtime);
    expect(reports[0]?.fields).toMatchObject({
      name: "light",
      behaviour: "Light",
      reason: boom,
      callback: "red",
      lastMessage: "{ type: 'cast', content: 'switch' }",
      state: "[ 'red', { since: 7 } ]",
    });
  });
});

describe("asynchronous callbacks", () => {
  test("keep every other event waiting, inserted ones and timeouts as well, and can be killed", async () => {
    const on: Script["on"] = {
      slow: async (machine) => {
        await machine.self.receive((message) => message === "go");
        return nextState("b", internal("i"));
      },
    };
    const notes: unknown[] = [];
    const enter: Handler = async (machine) => {
      await machine.self.receive((message) => message === `enter ${String(machine.state)}`);
      return keepState(stateTimeout(0, "t"));
    };
    const pid = await start({ on, enter, notes });
    for (const cast of ["slow", "later"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(notes).toEqual([["a", "enter", "a"]]);
    runtime.send(pid, "enter a");
    await settle(runtime);
    expect(notes.slice(1)).toEqual([
      ["a", "stateTimeout", "t"],
      ["a", "cast", "slow"],
    ]);
    runtime.send(pid, "go");
    await settle(runtime);
    expect(notes.slice(3)).toEqual([["b", "enter", "a"]]);
    runtime.send(pid, "enter b");
    await settle(runtime);
    expect(notes.slice(4)).toEqual([
      ["b", "internal", "i"],
      ["b", "stateTimeout", "t"],
      ["b", "cast", "later"],
    ]);
    runtime.cast(pid, "slow");
    await settle(runtime);
    runtime.exit(pid, "kill");
    expect(runtime.isAlive(pid)).toBe(false);
  });
});

test("what a machine is started with, is asked and casted is checked by the compiler, as are its states", async () => {
  const door = await runtime.start(Door, { code: "1234" });
  const answer: unknown = await GenStatem.call(runtime, door, "code");
  expect(answer).toBe("1234");
  runtime.cast(door, "1234");
  const [state, data]: readonly [DoorState, { code: string }] = await sys.getState(runtime, door);
  expect([state, data]).toEqual(["open", { code: "1234" }]);
  const neverRun = async (): Promise<void> => {
    // @ts-expect-error -- init takes an object
    await runtime.start(Door, "1234");
    // @ts-expect-error -- not a request of this machine
    await GenStatem.call(runtime, door, "state");
    // @ts-expect-error -- not a request of this machine
    await runtime.call(door, "state");
    // @ts-expect-error -- not a cast of this machine
    runtime.cast(door, 1234);
    // @ts-expect-error -- not a state of this machine
    ((): StatemResult<DoorState> => nextState("ajar"))();
  };
  expect(neverRun).toBeTypeOf("function");
});

describe("sys", () => {
  test("sees and replaces the pair of state and data (224)", async () => {
    const pid = await start({ on: { go: next("b") } });
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
    const pid = await start({ on: { m: keep(stateTimeout(50, "over")) }, notes });
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

  test("logs what comes from outside", async () => {
    const pid = await start({ on: { m: keep([internal("i"), stateTimeout(0)]) } });
    await sys.log(runtime, pid, true);
    runtime.cast(pid, "m");
    runtime.cast(pid, "n");
    await settle(runtime);
    const incoming = (await sys.log(runtime, pid, "get")).filter(([what]) => what === "in");
    expect(incoming).toEqual([
      ["in", ["$gen_cast", "m"]],
      ["in", ["$gen_cast", "n"]],
    ]);
  });
});
