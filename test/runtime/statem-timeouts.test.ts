import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  eventTimeout,
  genericTimeout,
  hibernate,
  initialState,
  keepState,
  nextState,
  type Pid,
  postpone,
  Runtime,
  silentLogger,
  type StatemActions,
  stateTimeout,
  sys,
} from "../../runtime/index.ts";
import { itemsOf } from "../../runtime/few.ts";
import { residentOf } from "../../runtime/internal.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import {
  endOnM,
  type Handler,
  internal,
  keep,
  Machine,
  next,
  notesOf,
  type Script,
  startMachine,
} from "./scripted-machine.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await settle(runtime);
}

describe("timeouts", () => {
  test("a state timeout survives events, ends with the state, and set in the transition belongs to the new one (207)", async () => {
    const on = {
      set: keep(stateTimeout(50, "old")),
      go: next("b", stateTimeout(30, "new")),
      back: next("a"),
    };
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { on, notes });
    for (const cast of ["set", "other"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(50);
    expect(notes.at(-1)).toEqual(["a", "stateTimeout", "old"]);
    expect(runtime.info(pid, "timers")).toBe(0);
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
    const pid = await startMachine(runtime, {
      on: { set: keep(eventTimeout(50, "quiet")), go: next("b") },
      notes,
    });
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
      const notes = await notesOf(runtime, { on: { set: keep(actions) } }, ["set"]);
      await advance(1_000);
      expect(notes).toHaveLength(2);
    }
  });

  test("a bare number is an event timeout with itself as the content (208)", async () => {
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, {
      on: { bare: keep(50), named: keep(eventTimeout(50, "c")) },
      notes,
    });
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
    expect(await notesOf(runtime, { on: { m: keep(0), n: next("a", 0) } }, ["m", "n", "later"])).toEqual([
      ["a", "cast", "m"],
      ["a", "eventTimeout", 0],
      ["a", "cast", "n"],
      ["a", "eventTimeout", 0],
      ["a", "cast", "later"],
    ]);
  });

  test("an event timeout whose time was over before the event that cancels it does not come (208)", async () => {
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { on: { set: keep(eventTimeout(50)) }, notes });
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
    const pid = await startMachine(runtime, { on, notes });
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
    const pid = await startMachine(runtime, { on, notes });
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
    expect(await notesOf(runtime, { on: { m: keep(actions) } }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["a", "stateTimeout", 1],
      ["a", "genericTimeout", 2],
      ["a", "cast", "later"],
    ]);
  });

  test("those of 0 come in the order in which they were set, after inserted events and before the mailbox (211)", async () => {
    const actions = [genericTimeout("n", 0, 1), stateTimeout(0, 2), internal("i"), genericTimeout("m", 0, 3)];
    expect(await notesOf(runtime, { on: { m: keep(actions) } }, ["m", "later"])).toEqual([
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
    expect(await notesOf(runtime, { on }, ["alone", "inserting"])).toEqual([
      ["a", "cast", "alone"],
      ["a", "eventTimeout", "t"],
      ["a", "cast", "inserting"],
      ["a", "internal", "i"],
    ]);
  });

  test("an event timeout is cancelled by a postponed event that is tried again (208)", async () => {
    const go: Handler = () => nextState("b", eventTimeout(0, "never"));
    const early: Handler = ({ state }) => keepState(state === "a" ? postpone : []);
    expect(await notesOf(runtime, { on: { early, go } }, ["early", "go"])).toEqual([
      ["a", "cast", "early"],
      ["a", "cast", "go"],
      ["b", "cast", "early"],
    ]);
  });

  test("one of 0 that is set again while it waits comes once, behind those that waited with it (211)", async () => {
    const on = {
      m: keep([genericTimeout("n", 0, 1), stateTimeout(0, "old"), genericTimeout("o", 0, 2)]),
      1: keep(stateTimeout(0, "new")),
    };
    expect(await notesOf(runtime, { on }, ["m"])).toEqual([
      ["a", "cast", "m"],
      ["a", "genericTimeout", 1],
      ["a", "genericTimeout", 2],
      ["a", "stateTimeout", "new"],
    ]);
  });

  test("one whose time is over, but that nobody has handled yet, can still be changed and cancelled (210)", async () => {
    const on: Script["on"] = {
      set: keep([stateTimeout(50, "old"), genericTimeout("n", 50, "never")]),
      slow: async (machine) => {
        await machine.self.receive((message) => message === "go");
        return keepState([stateTimeout("update", "new"), genericTimeout("n", "cancel")]);
      },
    };
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { on, notes });
    for (const cast of ["set", "slow"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(50);
    runtime.send(pid, "go");
    await settle(runtime);
    expect(notes.slice(2)).toEqual([["a", "stateTimeout", "new"]]);
  });

  test("may be set to a time of the clock, also one that has passed or is below 0", async () => {
    const at = clock.nowMs() + 100;
    const absolute = { absolute: true };
    const all = [
      genericTimeout("late", at + 50, 1, absolute),
      stateTimeout(at, 2, absolute),
      genericTimeout("passed", -1, 3, absolute),
      genericTimeout("relative", 60, 4, { absolute: false }),
    ];
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, {
      on: { m: keep(all), quiet: keep(eventTimeout(at + 200, 5, absolute)) },
      notes,
    });
    await advance(50);
    runtime.cast(pid, "m");
    await settle(runtime);
    const came = async (ms: number): Promise<unknown[]> => {
      notes.length = 0;
      await advance(ms);
      return notes.map((note) => (note as unknown[])[2]);
    };
    expect(await came(1)).toEqual([3]);
    expect(await came(49)).toEqual([2]);
    expect(await came(10)).toEqual([4]);
    expect(await came(40)).toEqual([1]);
    runtime.cast(pid, "quiet");
    await settle(runtime);
    expect(await came(149)).toEqual([]);
    expect(await came(1)).toEqual([5]);
  });

  test.each<[string, () => unknown]>([
    ["a misspelled option", () => stateTimeout(1, 2, { abs: true } as never)],
    ["an option that is neither true nor false", () => eventTimeout(1, 2, { absolute: 1 } as never)],
    ["options that are none", () => genericTimeout("n", 1, 2, true as never)],
  ])("refuse %s, and the machine ends with what they say", async (_, timeout) => {
    const badarg = { code: "ROOKERY_BADARG" };
    expect(timeout).toThrow(expect.objectContaining(badarg));
    expect(await endOnM(runtime, () => keepState(timeout() as StatemActions))).toMatchObject(badarg);
  });

  test("of the clock needs a timer even at 0: the mailbox comes first; Infinity still cancels", async () => {
    const absolute = { absolute: true };
    const on = {
      m: keep([genericTimeout("n", 0, "t", absolute), stateTimeout(50), internal("i")]),
      i: keep(stateTimeout(Number.POSITIVE_INFINITY, "never", absolute)),
    };
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { on, notes });
    for (const cast of ["m", "later"]) runtime.cast(pid, cast);
    await settle(runtime);
    await advance(1_000);
    expect(notes).toEqual([
      ["a", "cast", "m"],
      ["a", "internal", "i"],
      ["a", "cast", "later"],
      ["a", "genericTimeout", "t"],
    ]);
  });

  test("the last word on a timeout counts", async () => {
    const on = { m: keep([stateTimeout(0, 1), stateTimeout("cancel"), stateTimeout(0, 2)]) };
    expect(await notesOf(runtime, { on }, ["m"])).toEqual([
      ["a", "cast", "m"],
      ["a", "stateTimeout", 2],
    ]);
  });

  test("that were cancelled hold no memory once the machine hibernates (194)", async () => {
    const on = { set: keep(stateTimeout(50)), rest: keep([hibernate, stateTimeout("cancel")]) };
    const pid = await startMachine(runtime, { on });
    for (const cast of ["set", "rest"]) runtime.cast(pid, cast);
    await settle(runtime);
    expect(residentOf(pid)!.timers).toBe(undefined);
    expect(await sys.getState(runtime, pid)).toEqual(["a", 0]);
  });

  test("go on while the machine hibernates, at once or by itself (194)", async () => {
    const notes: unknown[] = [];
    const init = () => initialState("a", 0, [hibernate, stateTimeout(250, "over")]);
    const pid = await runtime.start(Machine, { init, notes }, { hibernateAfterMs: 100 });
    const slots = (): unknown => runtime.info(pid, "mailboxSlots");
    expect(slots()).toBe(0);
    for (const message of ["m", "n"]) runtime.cast(pid, message);
    await settle(runtime);
    expect(slots()).toBeGreaterThan(0);
    await advance(101);
    expect(slots()).toBe(0);
    await advance(149);
    expect(notes).toEqual([
      ["a", "cast", "m"],
      ["a", "cast", "n"],
      ["a", "stateTimeout", "over"],
    ]);
  });

  test("end with the machine, and keep nothing alive", async () => {
    const pid = await startMachine(runtime, { on: { m: keep([stateTimeout(50), genericTimeout("n", 50)]) } });
    runtime.cast(pid, "m");
    await settle(runtime);
    const timers = [...itemsOf(residentOf(pid)!.timers)];
    expect(timers.map((timer) => timer.active)).toEqual([true, true]);
    runtime.exit(pid, "kill");
    expect(timers.map((timer) => timer.active)).toEqual([false, false]);
  });
});
