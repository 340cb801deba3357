import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  GenStatem,
  ignore,
  initialState,
  keepState,
  nextState,
  postpone,
  Registry,
  replyTo,
  Runtime,
  type StatemResult,
  stateTimeout,
  stop,
  sys,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { Door, type DoorState } from "./door.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";
import { type Handler, internal, Machine, type Script, startMachine } from "./scripted-machine.ts";

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

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("start", () => {
  test("init gives state and data, and may ask for actions (201)", async () => {
    const init = () => initialState("s", { some: "data" }, internal("first"));
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { init, notes });
    await settle(runtime);
    expect(notes).toEqual([["s", "internal", "first"]]);
    expect(await sys.getState(runtime, pid)).toEqual(["s", { some: "data" }]);
  });

  test("an asynchronous init is waited for (201)", async () => {
    const pid = await startMachine(runtime, { init: () => Promise.resolve(initialState("s", 1)) });
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
    await expect(startMachine(runtime, { init: init! })).rejects.toMatchObject({
      code: "ROOKERY_START_FAILED",
      reason,
    });
    expect(runtime.processes()).toEqual([]);
  });

  test("a thrown initialState starts the machine (220)", async () => {
    const pid = await startMachine(runtime, { init: raise(initialState("s", 1)) });
    expect(await sys.getState(runtime, pid)).toEqual(["s", 1]);
  });

  test.each<[string, unknown]>([
    ["a word that is none", "rubbish"],
    ["state_enter alone", ["state_enter"]],
    ["nothing", []],
  ])("a wrong callback mode, %s: the start succeeds, then it crashes (223)", async (_, mode) => {
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { mode, notes });
    expect(runtime.isAlive(pid)).toBe(false);
    const error = { code: "ROOKERY_BAD_RETURN", reason: ["bad_return_from_callback_mode", mode] };
    expect(notes).toMatchObject([["terminate", error, "a", 0]]);
    expect(reports).toMatchObject([{ fields: { reason: error } }]);
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
    const pid = await startMachine(runtime, { on });
    expect(await GenStatem.call(runtime, pid, "now")).toBe("now");
    expect(await runtime.call(pid, "later")).toBe("later");
  });

  test("reaches the machine by its pid, its name, or its name in a registry, as casts and stops do (201, 312)", async () => {
    const on: Script["on"] = {
      pid: ({ self }, event) => keepState(event.type === "call" ? replyTo(event.from, self.pid) : []),
    };
    await runtime.start(Registry, { keys: "unique" }, { name: "names" });
    for (const name of ["one", Registry.via<Machine>("names", "one")]) {
      const notes: unknown[] = [];
      const pid = await runtime.start(Machine, { on, notes }, { name });
      for (const dest of [pid, name]) expect(await GenStatem.call(runtime, dest, "pid")).toBe(pid);
      runtime.cast(name, "c");
      const second = runtime.start(Machine, { on }, { name });
      await expect(second).rejects.toMatchObject({ reason: ["already_started", pid] });
      await runtime.stop(name);
      expect(notes.slice(2)).toEqual([
        ["a", "cast", "c"],
        ["terminate", "normal", "a", 0],
      ]);
      await expect(GenStatem.call(runtime, name, "pid")).rejects.toMatchObject({ code: "ROOKERY_NOPROC" });
    }
  });

  test("may be a request whose response is waited for later (175, 215)", async () => {
    const on: Script["on"] = {
      m: ({ state }, event) => {
        if (state === "a" || event.type !== "call") return keepState(postpone);
        return keepState(replyTo(event.from, "at last"));
      },
      go: () => nextState("b"),
    };
    const pid = await startMachine(runtime, { on });
    await runInProcess(runtime, async (self) => {
      const request = self.sendRequest(pid, "m");
      self.cast(pid, "go");
      expect(await self.receiveResponse(request)).toEqual({ ok: true, reply: "at last" });
    });
  });

  test("waits for ever unless told otherwise (216)", async () => {
    const pid = await startMachine(runtime, {});
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
    const pid = await startMachine(runtime, {});
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
    const pid = await startMachine(runtime, { on, enter, notes });
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
