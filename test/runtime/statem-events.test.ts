import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CallbackMode,
  eventTimeout,
  genericTimeout,
  GenStatem,
  initialState,
  type InsertableEvent,
  keepState,
  nextEvent,
  nextState,
  postpone,
  replyTo,
  Runtime,
  type StatemEvent,
  stateTimeout,
  stop,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { Door, type DoorEvent } from "./door.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";
import {
  endOf,
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
    await startMachine(runtime, { init: () => initialState("a", 0, internal("m")), on: { m: kill }, notes });
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
    const pid = await startMachine(runtime, { init, on: all, enter });
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
    const pid = await startMachine(runtime, { notes, on: { m: keep(stateTimeout(50)) } });
    runtime.cast(pid, "m");
    await runInProcess(runtime, async (self) => void self.startTimer(10, pid, "x"));
    await settle(runtime);
    await advance(10);
    expect(notes.at(-1)).toEqual(["a", "info", { type: "timeout", ref: expect.anything(), message: "x" }]);
  });

  test("go to the method that has the name of the state, in the mode state_functions (202)", async () => {
    const seen: unknown[] = [];
    class Noted extends Door {
      override locked(event: DoorEvent) {
        seen.push(["locked", event.type]);
        return super.locked(event);
      }
      override open(event: DoorEvent) {
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
      const end = endOf(
        runtime,
        { mode: "state_functions", init: () => initialState(name, 0) },
        (self, pid) => self.cast(pid, "m"),
      );
      expect(await end).toMatchObject({ code: "ROOKERY_NO_CALLBACK" });
    },
  );
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
    expect(await notesOf(runtime, { on }, ["early", "go", "later"])).toEqual([
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

  test("inserted ones may be of every type, the call that is being handled and timeouts as well (212)", async () => {
    const events: StatemEvent[] = [];
    const on: Script["on"] = {
      m: (_, event) => {
        events.push(event);
        if (event.type !== "call" || events.length > 1) return keepState();
        const again: InsertableEvent[] = [
          { type: "eventTimeout", content: "m" },
          { type: "stateTimeout", content: "m" },
          { type: "genericTimeout", name: "n", content: "m" },
          { type: "info", content: "m" },
          event,
        ];
        return keepState([...again.map(nextEvent), replyTo(event.from, "done")]);
      },
    };
    const pid = await startMachine(runtime, { on });
    expect(await GenStatem.call(runtime, pid, "m")).toBe("done");
    await settle(runtime);
    expect(events.map(({ type }) => type)).toEqual([
      "call",
      "eventTimeout",
      "stateTimeout",
      "genericTimeout",
      "info",
      "call",
    ]);
    expect(events.at(-1)).toEqual(events[0]);
  });

  test.each<[string, unknown]>([
    ["an event of no type", nextEvent({ type: "rubbish", content: 1 } as never)],
    ["a state enter call", nextEvent({ type: "enter", oldState: "a" } as never)],
    ["a call of nobody", nextEvent({ type: "call", from: "nobody", content: 1 } as never)],
    ["a negative time", stateTimeout(-1)],
    ["a time that is none", eventTimeout("soon" as never)],
    ["a negative number", -1],
    ["a time of the clock that is none", stateTimeout(Number.NaN, 1, { absolute: true })],
    ["a reply to nobody", replyTo("nobody" as never, 1)],
    ["rubbish", "rubbish"],
  ])("a wrong action, %s, is a crash (212)", async (_, action) => {
    const end = await endOnM(runtime, () => keepState([action as never]));
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
    expect(await notesOf(runtime, { on }, [1, 2, "same", "b", 3, "c", "later"])).toEqual([
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
    expect(await notesOf(runtime, { on }, ["m", "later"])).toEqual([
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
    const pid = await startMachine(runtime, { on: { ask, go: next("b") } });
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
    const other = await startMachine(runtime, {
      on: { m: (_, event) => keepState(event.type === "call" ? replyTo(event.from, 1) : []) },
    });
    expect(await GenStatem.call(runtime, other, "m")).toBe(1);
    expect(count).toBeLessThan(1_000_000);
    await settle(runtime);
    expect(count).toBe(1_000_000);
  });
});
