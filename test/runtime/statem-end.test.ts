import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CallbackMode,
  type From,
  GenStatem,
  initialState,
  keepState,
  nextState,
  postpone,
  replyTo,
  Runtime,
  type Self,
  stop,
  stopAndReply,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type Report, reportingLogger } from "./reporting-logger.ts";
import { endOnM, type Handler, Machine, notesOf, type Script, startMachine } from "./scripted-machine.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  runtime = await Runtime.start({ logger: reportingLogger(reports) });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("the end", () => {
  test.each<[string, Handler, unknown]>([
    ["stop(normal)", () => stop("normal"), "normal"],
    ["stop(r)", () => stop("r"), "r"],
    ["stop([shutdown, x])", () => stop(["shutdown", 1]), ["shutdown", 1]],
    ["exit(r)", (machine) => machine.self.exit("r"), "r"],
    ["a thrown stop (220)", raise(stop("r")), "r"],
  ])("%s ends it with that reason, after terminate (217)", async (_, handler, reason) => {
    const notes: unknown[] = [];
    expect(await endOnM(runtime, handler, { notes })).toEqual(reason);
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
    const pid = await startMachine(runtime, { on, terminate, notes });
    expect(await GenStatem.call(runtime, pid, "m")).toBe("bye");
    expect(runtime.isAlive(pid)).toBe(true);
    runtime.send(pid, "go");
    await settle(runtime);
    expect(runtime.isAlive(pid)).toBe(false);
    const froms: From[] = [];
    const both: Script["on"] = {
      m: (_, event) => {
        if (event.type === "call") froms.push(event.from);
        if (froms.length < 2) return keepState();
        return stopAndReply("normal", froms.map(replyTo));
      },
    };
    const other = await startMachine(runtime, { on: both });
    const answers = ["m", "m"].map((request) => GenStatem.call(runtime, other, request));
    expect(await Promise.all(answers)).toEqual([0, 1]);
    expect(await endOnM(runtime, () => stopAndReply("normal", postpone as never))).toMatchObject({
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
    const end = await endOnM(runtime, () => result, { notes });
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
      expect(await endOnM(runtime, handler, { notes })).toBe(boom);
      expect(notes.at(-1)).toEqual(["terminate", boom, "a", 0]);
    }
  });

  test.each<[string, (machine: Machine) => unknown, unknown]>([
    ["an error replaces the reason", raise(boom), boom],
    ["exit(t) replaces the reason", (machine) => machine.self.exit("t"), "t"],
    ["a thrown value is ignored", raise("x"), "r"],
    ["a rejected promise replaces the reason", () => Promise.reject(boom), boom],
  ])("terminate itself fails: %s (189)", async (_, terminate, reason) => {
    expect(await endOnM(runtime, () => stop("r"), { terminate })).toBe(reason);
  });

  test("a thrown value counts as returned (220)", async () => {
    const on = { m: raise(nextState("b")) };
    expect(await notesOf(runtime, { on }, ["m", "later"])).toEqual([
      ["a", "cast", "m"],
      ["b", "cast", "later"],
    ]);
    expect(await endOnM(runtime, raise("x"))).toMatchObject({
      reason: ["bad_return_from_state_function", "x"],
    });
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

  test("lets go of its data, also where somebody holds on to its handle", async () => {
    const handles: Self[] = [];
    const startAndKill = async (): Promise<WeakRef<object>> => {
      const data = { large: "data" };
      const init = ({ self }: Machine): unknown => (handles.push(self), initialState("a", data));
      runtime.exit(await startMachine(runtime, { init }), "kill");
      return new WeakRef(data);
    };
    const data = await startAndKill();
    await settle(runtime);
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(data.deref()).toBe(undefined);
    expect(handles).toHaveLength(1);
  });

  test("stop of the runtime ends it after what is in its mailbox (197)", async () => {
    const notes: unknown[] = [];
    const pid = await startMachine(runtime, { notes });
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
    expect(reports[0]?.fields["client"]).toBe(undefined);
    await runInProcess(runtime, async (self) => {
      await self.call(await self.start(Light, undefined as never), "switch").catch(() => {});
      expect(reports[1]?.fields).toMatchObject({ callback: "red", client: String(self.pid) });
    });
  });
});
