import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type From,
  GenServer,
  noReply,
  ok,
  type Pid,
  reply,
  Runtime,
  type Self,
  type ServerStatus,
  stop,
  sys,
  type SystemEvent,
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

interface Account {
  balance: number;
  secret: string;
  taken: unknown[];
}

class Bank extends GenServer<Account> {
  init(trap: boolean) {
    this.self.trapExit(trap);
    return ok({ balance: 1, secret: "pin", taken: [] as unknown[] });
  }
  override handleCall(request: unknown, from: From) {
    this.state.taken.push(request);
    if (request === "later") {
      this.self.reply(from, "late");
      return noReply();
    }
    if (request === "bye") return stop("normal", "bye");
    return reply(request);
  }
  override handleCast(request: unknown) {
    this.state.taken.push(request);
    if (request === "crash") throw new Error("crash");
    if (request === "wait") return noReply({ timeoutMs: 100 });
    if (request === "continue") return noReply({ continue: "c" });
    if (request !== "async") return noReply();
    return this.self.receive((m) => m === "go").then(() => noReply());
  }
  override handleContinue() {
    return noReply();
  }
  override handleInfo(message: unknown) {
    this.state.taken.push(message);
    return noReply();
  }
  override terminate(reason: unknown) {
    reports.push({ fields: {}, message: `terminate ${String(reason)}` });
  }
}

class Discreet extends Bank {
  override formatStatus(status: ServerStatus<Account>): ServerStatus {
    return { ...status, state: { ...status.state, secret: "***" } };
  }
}

const start = (trap = false): Promise<Pid<Bank>> => runtime.start(Bank, trap);

describe("sys.getState", () => {
  test("answers a copy of the state: the server's own stays its own (327)", async () => {
    const bank = await start();
    const state = await sys.getState(runtime, bank);
    expect(state).toEqual({ balance: 1, secret: "pin", taken: [] });
    await runtime.call(bank, "m");
    expect(state.taken).toEqual([]);
    expect((await sys.getState(runtime, bank)).taken).toEqual(["m"]);
  });

  test("of a name that nobody has, or of a process that serves no sys, exits as sys does (330)", async () => {
    await expect(sys.getState(runtime, "nobody")).rejects.toMatchObject({
      code: "ROOKERY_NOPROC",
      reason: ["noproc", ["sys", "get_state", ["nobody"]]],
    });
    const plain = runtime.spawn((self) => self.receive((m) => m === "never"));
    const failed = expect(sys.getState(runtime, plain, 20)).rejects.toMatchObject({
      reason: ["timeout", ["sys", "get_state", [plain, 20]]],
    });
    await settle(runtime);
    clock.advance(20);
    await failed;
  });

  test("is served after what was sent before, and when an asynchronous callback is done", async () => {
    const bank = await start();
    runtime.cast(bank, "async");
    const state = sys.getState(runtime, bank);
    await settle(runtime);
    runtime.send(bank, "go");
    expect((await state).taken).toEqual(["async"]);
  });

  test("restarts the timeout of a server that waits for a message (191)", async () => {
    const bank = await start();
    runtime.cast(bank, "wait");
    await settle(runtime);
    clock.advance(80);
    await sys.getState(runtime, bank);
    clock.advance(80);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual(["wait"]);
    clock.advance(101);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual(["wait", "timeout"]);
  });
});

describe("sys.replaceState", () => {
  test("answers the new state (327)", async () => {
    const bank = await start();
    const richer = await sys.replaceState(runtime, bank, (state) => ({ ...state, balance: 7 }));
    expect(richer.balance).toBe(7);
    expect((await sys.getState(runtime, bank)).balance).toBe(7);
  });

  test("whose function fails leaves the server its state and tells the caller (327)", async () => {
    const bank = await start();
    const replaced = sys.replaceState(runtime, bank, (state) => {
      state.balance = 99;
      throw new Error("x");
    });
    await expect(replaced).rejects.toMatchObject({
      code: "ROOKERY_SYS_CALLBACK",
      cause: new Error("x"),
    });
    expect((await sys.getState(runtime, bank)).balance).toBe(1);
  });
});

describe("sys.suspend", () => {
  test("lets messages wait and serves sys; resume has them handled in order (328)", async () => {
    const bank = await start();
    expect(await sys.suspend(runtime, bank)).toBe("ok");
    expect(await sys.suspend(runtime, bank)).toBe("ok");
    runtime.cast(bank, 1);
    const call = runtime.call(bank, 2);
    runtime.send(bank, 3);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual([]);
    expect((await sys.getStatus(runtime, bank)).status).toBe("suspended");
    expect(await sys.resume(runtime, bank)).toBe("ok");
    expect(await call).toBe(2);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual([1, 2, 3]);
  });

  test("leaves calls to their timeouts (328)", async () => {
    const bank = await start();
    await sys.suspend(runtime, bank);
    const failed = expect(runtime.call(bank, "m", 10)).rejects.toMatchObject({
      code: "ROOKERY_CALL_TIMEOUT",
    });
    await settle(runtime);
    clock.advance(10);
    await failed;
  });

  test("takes effect before what is behind it in the mailbox, also when it is sent with the rest", async () => {
    const bank = await start();
    runtime.cast(bank, 1);
    const suspended = sys.suspend(runtime, bank);
    runtime.cast(bank, 2);
    const state = sys.getState(runtime, bank);
    await suspended;
    expect((await state).taken).toEqual([1]);
  });

  test("stops the timeout of a server, resume starts it anew (191)", async () => {
    const bank = await start();
    runtime.cast(bank, "wait");
    await sys.suspend(runtime, bank);
    clock.advance(500);
    await settle(runtime);
    await sys.resume(runtime, bank);
    clock.advance(80);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual(["wait"]);
    clock.advance(101);
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual(["wait", "timeout"]);
  });

  test("does not keep a server from terminating when its parent exits, or from a stop (329)", async () => {
    const started: Pid[] = [];
    const parent = runtime.spawn(async (self) => {
      started.push(await self.startLink(Bank, true));
      await self.receive();
    });
    await settle(runtime);
    const [bank] = started;
    await sys.suspend(runtime, bank!);
    runtime.exit(parent, "gone");
    await settle(runtime);
    expect(runtime.isAlive(bank!)).toBe(false);
    expect(reports.map(({ message }) => message)).toContain("terminate gone");
    const other = await start();
    await sys.suspend(runtime, other);
    await runtime.stop(other, "shutdown");
    expect(runtime.isAlive(other)).toBe(false);
  });
});

describe("sys.getStatus", () => {
  test("tells who runs what, and how (331)", async () => {
    const status = await runInProcess(runtime, async (self: Self) => {
      const bank = await self.startLink(Bank, false);
      const told = await sys.getStatus(self, bank);
      expect(told).toMatchObject({ pid: bank, parent: self.pid });
      self.unlink(bank);
      return told;
    });
    expect(status).toMatchObject({
      module: "GenServer",
      callbackModule: "Bank",
      status: "running",
      debug: { trace: false, statistics: "no_statistics", functions: [] },
      log: [],
      state: { balance: 1 },
    });
  });

  test("shows the state as formatStatus does, getState as it is (199)", async () => {
    const bank = await runtime.start(Discreet, false);
    expect((await sys.getStatus(runtime, bank)).state).toMatchObject({ secret: "***" });
    expect(await sys.getState(runtime, bank)).toMatchObject({ secret: "pin" });
  });

  test("crash reports show the state as formatStatus does (199)", async () => {
    const bank = await runtime.start(Discreet, false);
    runtime.cast(bank, "crash");
    await settle(runtime);
    const report = reports.find(({ message }) => message.includes("crashed"))!;
    expect(report.fields["state"]).toContain("***");
    expect(JSON.stringify(report.fields)).not.toContain("pin");
  });

  test.each<[string, () => unknown, string]>([
    ["crashes", () => raise(new Error("x")), "Careless.formatStatus crashed"],
    ["answers no object", () => "text", "Careless.formatStatus did not return an object"],
    ["answers other keys", () => ({ state: 1 }), "Careless.formatStatus returned unexpected keys"],
  ])("a formatStatus that %s hides the state (198)", async (_, format, text) => {
    class Careless extends Bank {
      override formatStatus(): ServerStatus {
        return format() as ServerStatus;
      }
    }
    const bank = await runtime.start(Careless, false);
    expect((await sys.getStatus(runtime, bank)).state).toBe(text);
    expect(runtime.isAlive(bank)).toBe(true);
  });
});

function raise(error: Error): never {
  throw error;
}

describe("sys.statistics", () => {
  test("counts messages and replies from when it is switched on (332)", async () => {
    const bank = await start();
    expect(await sys.statistics(runtime, bank, "get")).toBe("no_statistics");
    await sys.statistics(runtime, bank, true);
    await runtime.call(bank, "hi");
    await runtime.call(bank, "later");
    runtime.cast(bank, "c");
    clock.advance(1_000);
    const counted = await sys.statistics(runtime, bank, "get");
    if (counted === "no_statistics") throw new Error("statistics are on");
    expect(counted).toMatchObject({ messagesIn: 3, messagesOut: 1 });
    expect(counted.currentTimeMs - counted.startTimeMs).toBe(1_000);
    expect(counted.reductions).toBeGreaterThan(0);
    await sys.statistics(runtime, bank, false);
    expect(await sys.statistics(runtime, bank, "get")).toBe("no_statistics");
  });
});

describe("sys.log", () => {
  test("keeps the last 10 events, as gen_server tells them (333)", async () => {
    const bank = await start();
    await sys.log(runtime, bank, true);
    await runtime.call(bank, "hi");
    runtime.cast(bank, "continue");
    runtime.send(bank, "m");
    const events = await sys.log(runtime, bank, "get");
    const from: unknown = expect.anything();
    const state = (...taken: unknown[]): unknown => ({ balance: 1, secret: "pin", taken });
    expect(events).toEqual([
      ["in", ["$gen_call", from, "hi"]],
      ["out", "hi", from, state("hi")],
      ["in", ["$gen_cast", "continue"]],
      ["noreply", state("hi", "continue")],
      ["continue", "c"],
      ["noreply", state("hi", "continue")],
      ["in", "m"],
      ["noreply", state("hi", "continue", "m")],
    ]);
    for (let i = 0; i < 9; i += 1) runtime.cast(bank, i);
    expect(await sys.log(runtime, bank, "get")).toHaveLength(10);
    await sys.log(runtime, bank, 3);
    expect(await sys.log(runtime, bank, "get")).toHaveLength(3);
    await sys.log(runtime, bank, false);
    expect(await sys.log(runtime, bank, "get")).toEqual([]);
  });

  test("tells of an asynchronous callback when it is done, and of a reply with a stop", async () => {
    const bank = await start();
    await sys.log(runtime, bank, true);
    runtime.cast(bank, "async");
    await settle(runtime);
    runtime.send(bank, "go");
    const events = await sys.log(runtime, bank, "get");
    expect(events.map((event) => event[0])).toEqual(["in", "noreply"]);
    const told: SystemEvent[] = [];
    await sys.install(runtime, bank, { run: (_, event) => void told.push(event), state: undefined });
    expect(await runtime.call(bank, "bye")).toBe("bye");
    expect(told.map((event) => event[0])).toEqual(["in", "out"]);
  });

  test("is part of the crash report, and can be printed (333, 139)", async () => {
    const bank = await start();
    await sys.log(runtime, bank, true);
    runtime.cast(bank, 1);
    await sys.log(runtime, bank, "print");
    expect(reports.map(({ message }) => message)).toEqual([
      `*DBG* ${bank} got cast 1`,
      expect.stringContaining(`*DBG* ${bank} new state { balance: 1`),
    ]);
    runtime.cast(bank, "crash");
    await settle(runtime);
    expect(reports.at(-1)!.fields["log"]).toHaveLength(3);
  });
});

describe("sys.trace", () => {
  test("hands each event to the logger in the words of gen_server (335)", async () => {
    const bank = await runtime.start(Bank, false, { name: "bank" });
    await sys.trace(runtime, "bank", true);
    const caller = await runInProcess(runtime, async (self) => {
      await self.call(bank, "hi");
      return self.pid;
    });
    runtime.send(bank, ["m", 1]);
    await sys.trace(runtime, "bank", false);
    runtime.cast(bank, "unseen");
    await settle(runtime);
    const state = "{ balance: 1, secret: 'pin', taken: [ 'hi'";
    expect(reports.map(({ message }) => message)).toEqual([
      `*DBG* bank got call hi from ${caller}`,
      `*DBG* bank sent hi to ${caller}, new state ${state} ] }`,
      "*DBG* bank got [ 'm', 1 ]",
      `*DBG* bank new state ${state}, [ 'm', 1 ] ] }`,
    ]);
  });
});

describe("sys.install", () => {
  test("tells a function of each event until it answers done (334)", async () => {
    const bank = await start();
    const told: unknown[] = [];
    const run = (count: number, event: SystemEvent, who: unknown): number | "done" => {
      told.push([count, event[0], who]);
      return count === 2 ? "done" : count + 1;
    };
    await sys.install(runtime, bank, { run, state: 0 });
    runtime.cast(bank, 1);
    await runtime.call(bank, 2);
    expect(told).toEqual([
      [0, "in", bank],
      [1, "noreply", bank],
      [2, "in", bank],
    ]);
    expect((await sys.getStatus(runtime, bank)).debug.functions).toEqual([]);
  });

  test("drops a function that crashes, without harm to the server (334)", async () => {
    const bank = await start();
    await sys.install(runtime, bank, { run: () => raise(new Error("x")), state: 0, id: "bad" });
    expect((await sys.getStatus(runtime, bank)).debug.functions).toEqual(["bad"]);
    expect(await runtime.call(bank, "m")).toBe("m");
    expect((await sys.getStatus(runtime, bank)).debug.functions).toEqual([]);
  });

  test("remove ends it, by its function or its id (334)", async () => {
    const bank = await start();
    const told: unknown[] = [];
    const run = (state: unknown, event: SystemEvent): unknown => {
      told.push(event);
      return state;
    };
    await sys.install(runtime, bank, { run, state: 0 });
    await sys.install(runtime, bank, { run, state: 0, id: "again" });
    await sys.remove(runtime, bank, run);
    await sys.remove(runtime, bank, "again");
    await runtime.call(bank, "m");
    expect(told).toEqual([]);
  });
});

describe("sys.terminate", () => {
  test("answers ok, and the server ends with the reason after its terminate (336)", async () => {
    const bank = await start();
    const reason = runInProcess(runtime, async (self) => {
      self.monitor(bank);
      expect(await sys.terminate(self, bank, "shutdown")).toBe("ok");
      return ((await self.receive()) as { reason: unknown }).reason;
    });
    expect(await reason).toBe("shutdown");
    expect(reports.map(({ message }) => message)).toEqual(["terminate shutdown"]);
  });
});
