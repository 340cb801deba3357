import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  eventTimeout,
  type From,
  GenStatem,
  hibernate,
  keepState,
  nextState,
  postpone,
  repeatState,
  replyTo,
  Runtime,
  silentLogger,
  type StatemActions,
  type StatemEvent,
  stateTimeout,
} from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import {
  endOnM,
  type Handler,
  internal,
  keep,
  type Machine,
  next,
  notesOf,
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

describe("state enter calls", () => {
  test("come at the start with the state as its old one, and after each change before any other event (203)", async () => {
    const on = { go: next("b", [internal("inserted")]) };
    expect(await notesOf(runtime, { on, enter: keep() }, ["go", "later"])).toEqual([
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
    const pid = await startMachine(runtime, { on, enter: keep(), notes });
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
    const pid = await startMachine(runtime, { on, enter: keep(), notes });
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
    await startMachine(runtime, { enter });
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
    const end = await endOnM(runtime, next("b"), { enter });
    expect(end).toBeInstanceOf(Error);
    expect(end).toMatchObject({ reason });
  });

  test.each<[string, unknown]>([
    ["rubbish", "rubbish"],
    ["a negative time", stateTimeout(-1)],
    ["a reply to nobody", replyTo("nobody" as never, 1)],
  ])("take no action that nobody takes, such as %s (212)", async (_, action) => {
    const enter: Handler = ({ state }) => (state === "b" ? keepState([action as never]) : keepState());
    expect(await endOnM(runtime, next("b"), { enter })).toMatchObject({
      code: "ROOKERY_BAD_ACTION",
      reason: ["bad_action_from_state_function", action],
    });
  });

  test("that crash have entered nothing: terminate finds the state of before (203)", async () => {
    const notes: unknown[] = [];
    const enter: Handler = ({ state }) => {
      if (state === "b") throw new Error("boom");
      return keepState();
    };
    await endOnM(runtime, next("b"), { enter, notes });
    expect(notes.slice(-2)).toEqual([
      ["b", "enter", "a"],
      ["terminate", new Error("boom"), "a", 0],
    ]);
  });

  test("that repeat themselves leave the timeouts of the last one, in the order of its actions (205, 211)", async () => {
    let entered = 0;
    const timeouts = (): StatemActions => [eventTimeout(0, entered), stateTimeout(0, entered)];
    const enter: Handler = ({ state }) => {
      if (state === "a") return keepState();
      return (entered += 1) < 3 ? repeatState(timeouts()) : keepState(timeouts());
    };
    const on = { go: next("b", eventTimeout(0, "of the event")) };
    expect(await notesOf(runtime, { on, enter }, ["go", "later"])).toEqual([
      ["a", "enter", "a"],
      ["a", "cast", "go"],
      ...Array.from({ length: 3 }, () => ["b", "enter", "a"]),
      ["b", "eventTimeout", 3],
      ["b", "stateTimeout", 3],
      ["b", "cast", "later"],
    ]);
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
    const pid = await startMachine(runtime, { on, enter, notes });
    expect(await GenStatem.call(runtime, pid, "m")).toBe("entered");
    await advance(50);
    expect(notes.at(-1)).toEqual(["b", "stateTimeout", "over"]);
  });
});
