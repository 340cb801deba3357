import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  GenServer,
  GenStatem,
  initialState,
  keepState,
  nextState,
  noReply,
  ok,
  type Pid,
  reply,
  replyTo,
  Runtime,
  type Self,
  type ServerClass,
  silentLogger,
  type StatemEvent,
  stop,
  sys,
} from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

/** A counter before its code was changed. */
class Counter extends GenServer<{ count: number }, "value"> {
  init(count: number) {
    return ok({ count });
  }
  override handleCall() {
    return reply(["counter", this.state.count]);
  }
  override handleCast(add: number) {
    this.state.count += add;
    return noReply();
  }
}

/** And afterwards: it knows its steps, too. */
class Stepping extends GenServer<{ count: number; steps: number }, "value"> {
  readonly added: number[] = [];
  init(count: number) {
    return ok({ count, steps: 0 });
  }
  override codeChange(oldVersion: number, { count }: { count: number }, steps: number) {
    return ok({ count: count * oldVersion, steps });
  }
  override handleCall() {
    return reply(["stepping", this.self.pid, this.state.count, this.added]);
  }
  override handleCast(add: number) {
    this.added.push(add);
    this.state.count += add;
    return noReply();
  }
}

/** Its `codeChange` comes to what it is told. */
class Told extends Counter {
  override codeChange(_oldVersion: unknown, state: { count: number }, how: (self: Self) => unknown): never {
    state.count = 99;
    return how(this.self) as never;
  }
}

const boom = new Error("boom");
const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" }) as object;

class Unmakeable extends Counter {
  readonly field: never = raise(boom);
}

class Machine extends GenStatem {
  init() {
    return initialState("a", 0);
  }
}

async function suspended<S extends Counter>(Server: ServerClass<S>): Promise<Pid<S>> {
  const pid = await runtime.start(Server as ServerClass<Counter>, 10);
  await sys.suspend(runtime, pid);
  return pid as Pid<S>;
}

describe("sys.changeCode", () => {
  test("of a server makes the new state of the old one, and goes on with the new class (336)", async () => {
    const pid = await suspended(Counter);
    runtime.cast(pid, 5);
    const change = { server: Stepping, oldVersion: 2, extra: 3 };
    expect(await sys.changeCode(runtime, pid, change)).toBe("ok");
    expect(await sys.getState(runtime, pid)).toEqual({ count: 20, steps: 3 });
    expect(await sys.getStatus(runtime, pid)).toMatchObject({
      callbackModule: "Stepping",
      status: "suspended",
    });
    await sys.resume(runtime, pid);
    expect(await runtime.call(pid, "value")).toEqual(["stepping", pid, 25, [5]]);
  });

  test("without a class keeps the instance; without codeChange the state stays (336)", async () => {
    const told = await suspended(Told);
    const extra = (self: Self): unknown => ok({ count: self.pid === told ? 1 : 0 });
    await sys.changeCode(runtime, told, { extra });
    expect(await sys.getState(runtime, told)).toEqual({ count: 1 });
    const pid = await suspended(Counter);
    await sys.changeCode(runtime, pid, {});
    class Renamed extends Counter {}
    await sys.changeCode(runtime, pid, { server: Renamed });
    expect(await sys.getState(runtime, pid)).toEqual({ count: 10 });
    expect(runtime.info(pid, "behaviour")).toBe("Renamed");
  });

  test("of one that is not suspended changes nothing (336)", async () => {
    const pid = await runtime.start(Counter, 10);
    await expect(sys.changeCode(runtime, pid, { server: Stepping, oldVersion: 2 })).rejects.toMatchObject({
      code: "ROOKERY_NOT_SUSPENDED",
    });
    expect(await runtime.call(pid, "value")).toEqual(["counter", 10]);
  });

  test.each<[string, (self: Self) => unknown, unknown]>([
    ["throws an error", () => raise(boom), boom],
    ["throws a value", () => raise("ball"), "ball"],
    ["returns rubbish", () => "rubbish", "rubbish"],
    ["returns another callback's answer", () => stop("r"), stop("r")],
    ["is asynchronous", (self) => self.receive(undefined, { timeoutMs: 0 }), expect.any(Promise)],
  ])("a codeChange that %s leaves code and state as they were (336)", async (_, extra, cause) => {
    const pid = await suspended(Counter);
    await expect(sys.changeCode(runtime, pid, { server: Told, extra })).rejects.toMatchObject({
      code: "ROOKERY_CODE_CHANGE",
      cause,
    });
    expect(await sys.getStatus(runtime, pid)).toMatchObject({
      callbackModule: "Counter",
      status: "suspended",
      state: { count: 10 },
    });
    await sys.resume(runtime, pid);
    expect(await runtime.call(pid, "value")).toEqual(["counter", 10]);
  });

  test("a thrown ok counts as returned (336)", async () => {
    const pid = await suspended(Told);
    await sys.changeCode(runtime, pid, { extra: () => raise(ok({ count: 7 })) });
    expect(await sys.getState(runtime, pid)).toEqual({ count: 7 });
  });

  test("a codeChange that ends its own process fails as a call does (336)", async () => {
    const pid = await suspended(Told);
    const change = { extra: (self: Self) => self.exit(self.pid, "own") };
    await expect(sys.changeCode(runtime, pid, change)).rejects.toMatchObject({
      reason: ["own", ["sys", "change_code", [pid, change]]],
    });
    await settle(runtime);
    expect(runtime.isAlive(pid)).toBe(false);
  });

  test.each<[string, unknown, object]>([
    ["no class", 5, badarg],
    ["no server", class {}, badarg],
    ["of another behaviour", Machine, badarg],
    ["one that can't be made", Unmakeable, boom],
  ])("a server that is %s leaves code and state as they were (336)", async (_, server, cause) => {
    const pid = await suspended(Counter);
    await expect(sys.changeCode(runtime, pid, { server: server as ServerClass })).rejects.toMatchObject({
      code: "ROOKERY_CODE_CHANGE",
      cause,
    });
    expect(await sys.getState(runtime, pid)).toEqual({ count: 10 });
  });
});

test("a misspelled option of a change is refused before anybody is asked", async () => {
  const pid = await suspended(Counter);
  expect(() => sys.changeCode(runtime, pid, { sever: Stepping } as never)).toThrow(
    expect.objectContaining({ code: "ROOKERY_BADARG" }),
  );
  expect(runtime.info(pid, "behaviour")).toBe("Counter");
});

describe("sys.changeCode of a GenStatem", () => {
  class Switch extends GenStatem<string, number> {
    init(data: number) {
      return initialState("off", data);
    }
    override handleEvent(event: StatemEvent) {
      if (event.type === "cast") return nextState(String(event.content));
      if (event.type !== "call") return keepState();
      return keepState(replyTo(event.from, ["handleEvent", this.state, this.data]));
    }
  }

  class ByState extends GenStatem<string, { on: number }> {
    override callbackMode(): "state_functions" {
      return "state_functions";
    }
    init(on: number) {
      return initialState("on", { on });
    }
    override codeChange(_oldVersion: unknown, [state, on]: [string, number], how?: unknown) {
      return how === undefined ? ok([`${state}_`, { on }] as const) : ok(how as never);
    }
    off_(event: StatemEvent) {
      return event.type === "call" ? keepState(replyTo(event.from, ["off_", this.data])) : keepState();
    }
  }

  async function suspendedSwitch(): Promise<Pid<Switch>> {
    const pid = await runtime.start(Switch, 3);
    await sys.suspend(runtime, pid);
    return pid;
  }

  test("changes the pair of state and data, and asks the new class for its callback mode (336)", async () => {
    const pid = await suspendedSwitch();
    await sys.changeCode(runtime, pid, { server: ByState });
    expect(await sys.getState(runtime, pid)).toEqual(["off_", { on: 3 }]);
    await sys.resume(runtime, pid);
    expect(await GenStatem.call(runtime, pid, "m")).toEqual(["off_", { on: 3 }]);
    expect(runtime.info(pid, "behaviour")).toBe("ByState");
  });

  class Modeless extends Switch {
    override callbackMode() {
      return "rubbish" as never;
    }
  }

  class Raising extends Switch {
    override callbackMode(): never {
      throw new Error("mode");
    }
  }

  test.each<[string, ServerClass, unknown, object]>([
    ["no pair", ByState, "x", { code: "ROOKERY_BADARG" }],
    ["a wrong callback mode", Modeless, undefined, { reason: ["bad_return_from_callback_mode", "rubbish"] }],
    ["a callback mode that fails", Raising, undefined, new Error("mode")],
  ])("with %s leaves it as it was (336)", async (_, server, extra, cause) => {
    const pid = await suspendedSwitch();
    await expect(sys.changeCode(runtime, pid, { server, extra })).rejects.toMatchObject({
      code: "ROOKERY_CODE_CHANGE",
      cause,
    });
    expect(await sys.getState(runtime, pid)).toEqual(["off", 3]);
    await sys.resume(runtime, pid);
    runtime.cast(pid, "on");
    expect(await GenStatem.call(runtime, pid, "m")).toEqual(["handleEvent", "on", 3]);
  });

  test("a state that sys.replaceState gives and that is no pair is refused, too (327)", async () => {
    const pid = await runtime.start(Switch, 3);
    await expect(sys.replaceState(runtime, pid, () => 5 as never)).rejects.toMatchObject({
      code: "ROOKERY_SYS_CALLBACK",
    });
    expect(await sys.getState(runtime, pid)).toEqual(["off", 3]);
  });
});

function raise(thrown: unknown): never {
  throw thrown;
}
