import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Pid, Runtime, sys, type SystemEvent } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { Bank } from "./bank.ts";
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

const start = (trap = false): Promise<Pid<Bank>> => runtime.start(Bank, trap);

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
    await sys.statistics(runtime, bank, true);
    expect(await sys.statistics(runtime, bank, "get")).toMatchObject({ messagesIn: 3 });
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
    await sys.log(runtime, bank, false);
    expect(await sys.log(runtime, bank, "get")).toEqual([]);
  });

  test("keeps as many as it was told when it was switched on, until it is switched off (333)", async () => {
    const bank = await start();
    await sys.log(runtime, bank, 3);
    await sys.log(runtime, bank, true);
    await sys.log(runtime, bank, 7);
    for (let i = 0; i < 9; i += 1) runtime.cast(bank, i);
    expect(await sys.log(runtime, bank, "get")).toHaveLength(3);
    await sys.log(runtime, bank, false);
    await sys.log(runtime, bank, 7);
    expect(await sys.log(runtime, bank, "get")).toEqual([]);
    for (let i = 0; i < 9; i += 1) runtime.cast(bank, i);
    expect(await sys.log(runtime, bank, "get")).toHaveLength(7);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses to keep %s events", (count) => {
    expect(() => sys.log(runtime, "bank", count)).toThrow(
      expect.objectContaining({ code: "ROOKERY_BADARG" }),
    );
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

  test("that is off prints nothing (333)", async () => {
    const bank = await start();
    await sys.log(runtime, bank, true);
    await runtime.call(bank, 1);
    await sys.log(runtime, bank, false);
    expect(await sys.log(runtime, bank, "print")).toBe("ok");
    expect(reports).toEqual([]);
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
    const run = (): never => {
      throw new Error("x");
    };
    await sys.install(runtime, bank, { run, state: 0, id: "bad" });
    expect((await sys.getStatus(runtime, bank)).debug.functions).toEqual(["bad"]);
    expect(await runtime.call(bank, "m")).toBe("m");
    expect((await sys.getStatus(runtime, bank)).debug.functions).toEqual([]);
  });

  test("of an id that is there already changes nothing (334)", async () => {
    const bank = await start();
    const told: unknown[] = [];
    const tell = (state: unknown, event: SystemEvent): unknown => {
      if (event[0] === "in") told.push(state);
      return state;
    };
    await sys.install(runtime, bank, { run: tell, state: "first" });
    await sys.install(runtime, bank, { run: tell, state: "second" });
    await sys.install(runtime, bank, { run: tell, state: "third", id: tell });
    await runtime.call(bank, "m");
    expect(told).toEqual(["first"]);
    await sys.remove(runtime, bank, tell);
    await sys.install(runtime, bank, { run: tell, state: "fourth" });
    await runtime.call(bank, "m");
    expect(told).toEqual(["first", "fourth"]);
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

test("noDebug ends all of it at once (332-335)", async () => {
  const bank = await start();
  await sys.trace(runtime, bank, true);
  await sys.log(runtime, bank, true);
  await sys.statistics(runtime, bank, true);
  await sys.install(runtime, bank, { run: () => 0, state: 0, id: "all" });
  await runtime.call(bank, 1);
  const traced = reports.length;
  expect(await sys.noDebug(runtime, bank)).toBe("ok");
  expect(await sys.noDebug(runtime, bank)).toBe("ok");
  await runtime.call(bank, 2);
  expect(reports).toHaveLength(traced);
  expect(await sys.getStatus(runtime, bank)).toMatchObject({
    debug: { trace: false, statistics: "no_statistics", functions: [] },
    log: [],
  });
});
