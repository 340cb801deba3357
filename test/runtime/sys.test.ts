import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Pid, Runtime, type Self, type ServerStatus, sys } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { type Account, Bank } from "./bank.ts";
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

class Closing extends Bank {
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

  test("of oneself exits with calling_self (161)", async () => {
    await runInProcess(runtime, async (self) => {
      await expect(sys.getState(self, self.pid)).rejects.toMatchObject({
        reason: ["calling_self", ["sys", "get_state", [self.pid]]],
      });
    });
  });

  test("of a server that ends instead exits with its reason (163)", async () => {
    const bank = await start();
    runtime.cast(bank, "async");
    const failed = expect(sys.getState(runtime, bank)).rejects.toMatchObject({
      reason: ["boom", ["sys", "get_state", [bank]]],
    });
    await settle(runtime);
    runtime.exit(bank, "boom");
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

  test.each(["getState", "getStatus"] as const)(
    "%s harms no server, however deep its state is nested",
    async (look) => {
      const bank = await start();
      const taken = Array.from({ length: 20_000 }).reduce<unknown[]>((inner) => [inner], []);
      await sys.replaceState(runtime, bank, (state) => ({ ...state, taken }));
      await sys.log(runtime, bank, true);
      runtime.send(bank, "noted");
      const shown = await sys[look](runtime, bank);
      const { taken: copy } = ("status" in shown ? shown.state : shown) as Account;
      let depth = 0;
      for (let inner = copy; Array.isArray(inner[0]); inner = inner[0]) depth += 1;
      expect(depth).toBe(20_000);
      expect(runtime.isAlive(bank)).toBe(true);
    },
  );

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

  test("works on a suspended server, which goes on with the new state (327, 328)", async () => {
    const bank = await start();
    await sys.suspend(runtime, bank);
    const call = runtime.call(bank, "m");
    await sys.replaceState(runtime, bank, (state) => ({ ...state, taken: ["replaced"] }));
    await sys.resume(runtime, bank);
    await call;
    expect((await sys.getState(runtime, bank)).taken).toEqual(["replaced", "m"]);
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

  test("waits for no function: a promise is no state", async () => {
    const bank = await start();
    const replaced = sys.replaceState(runtime, bank, (async (state: unknown) => state) as never);
    await expect(replaced).rejects.toMatchObject({
      code: "ROOKERY_SYS_CALLBACK",
      cause: { code: "ROOKERY_BADARG", message: expect.stringContaining("not a promise") },
    });
    expect((await sys.getState(runtime, bank)).balance).toBe(1);
  });
});

describe("sys.suspend", () => {
  test.each(["kill", "boom"])("does not protect from the exit signal %s (328)", async (reason) => {
    const bank = await start();
    await sys.suspend(runtime, bank);
    runtime.exit(bank, reason);
    expect(runtime.isAlive(bank)).toBe(false);
    await expect(sys.resume(runtime, bank)).rejects.toMatchObject({
      reason: ["noproc", ["sys", "resume", [bank]]],
    });
  });

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

  test("is ended by one resume; another, or one of a server that runs, is ok as well (328)", async () => {
    const bank = await start();
    expect(await sys.resume(runtime, bank)).toBe("ok");
    await sys.suspend(runtime, bank);
    await sys.suspend(runtime, bank);
    await sys.resume(runtime, bank);
    expect((await sys.getStatus(runtime, bank)).status).toBe("running");
    expect(await sys.resume(runtime, bank)).toBe("ok");
    expect(await runtime.call(bank, "m")).toBe("m");
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

  test("lets the exit of anybody but the parent wait with the rest (329, 185)", async () => {
    const bank = await start(true);
    await sys.suspend(runtime, bank);
    runtime.send(bank, "before");
    runtime.spawn((self) => {
      self.link(bank);
      self.exit("stranger");
    });
    await settle(runtime);
    expect((await sys.getState(runtime, bank)).taken).toEqual([]);
    await sys.resume(runtime, bank);
    await settle(runtime);
    const { taken } = await sys.getState(runtime, bank);
    expect(taken).toMatchObject(["before", { type: "EXIT", reason: "stranger" }]);
  });

  test("does not keep a server from terminating when its parent exits, or from a stop (329)", async () => {
    const started: Pid[] = [];
    const parent = runtime.spawn(async (self) => {
      started.push(await self.startLink(Closing, true));
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

describe("sys.terminate", () => {
  test("ends a suspended server as well, and who waits for a reply hears why (336, 163)", async () => {
    const bank = await runtime.start(Closing, false);
    await sys.suspend(runtime, bank);
    const failed = expect(runtime.call(bank, "m")).rejects.toMatchObject({
      reason: ["bye", expect.anything()],
    });
    expect(await sys.terminate(runtime, bank, "bye")).toBe("ok");
    await failed;
    expect(reports.map(({ message }) => message)).toContain("terminate bye");
  });

  test("answers ok, and the server ends with the reason after its terminate (336)", async () => {
    const bank = await runtime.start(Closing, false);
    const reason = runInProcess(runtime, async (self) => {
      self.monitor(bank);
      expect(await sys.terminate(self, bank, "shutdown")).toBe("ok");
      return ((await self.receive()) as { reason: unknown }).reason;
    });
    expect(await reason).toBe("shutdown");
    expect(reports.map(({ message }) => message)).toEqual(["terminate shutdown"]);
  });
});
