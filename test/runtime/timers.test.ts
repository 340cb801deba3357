import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger, TIMEOUT } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { collector } from "./collector.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

describe("timers", () => {
  test("send and wrap their message when the time has come (94, 102)", async () => {
    const { pid, messages } = collector(runtime);
    const ref = await runInProcess(runtime, (self) => {
      self.sendAfter(10, pid, "plain");
      expect(() => self.sendAfter(-1, pid, "m")).toThrow(expect.objectContaining({ code: "ROOKERY_BADARG" }));
      return self.startTimer(20, pid, "wrapped");
    });
    clock.advance(9);
    await settle(runtime);
    expect(messages).toEqual([]);
    clock.advance(11);
    await settle(runtime);
    expect(messages).toEqual(["plain", { type: "timeout", ref, message: "wrapped" }]);
  });

  test("cancelling tells what was left, and false once it is over (95-97)", async () => {
    const { pid, messages } = collector(runtime);
    await runInProcess(runtime, (self) => {
      const timer = self.sendAfter(50, pid, "m");
      expect(self.readTimer(timer)).toBe(50);
      expect(self.cancelTimer(timer)).toBe(50);
      expect(self.cancelTimer(timer)).toBe(false);
    });
    clock.advance(100);
    await settle(runtime);
    expect(messages).toEqual([]);
  });

  test("a timer to a process ends with it, one to a name finds who has it then (98-100)", async () => {
    const { pid } = collector(runtime);
    const timers = await runInProcess(runtime, (self) => [
      self.sendAfter(50, pid, "m"),
      self.sendAfter(50, "later", "m"),
    ]);
    runtime.exit(pid, "kill");
    expect(runtime.cancelTimer(timers[0]!)).toBe(false);
    const late = collector(runtime);
    await settle(runtime);
    runtime.register("later", late.pid);
    clock.advance(50);
    await settle(runtime);
    expect(late.messages).toEqual(["m"]);
  });

  test("any process may cancel any timer (101)", async () => {
    await runInProcess(runtime, async (self) => {
      const timer = self.sendAfter(50, self.pid, "m");
      expect(await runInProcess(runtime, (other) => other.cancelTimer(timer))).toBe(50);
      expect(self.readTimer(timer)).toBe(false);
      expect(() => self.cancelTimer("foo" as never)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
    });
  });

  test("cancelling can tell what was left by a message, or not at all (103)", async () => {
    await runInProcess(runtime, async (self) => {
      const ref = self.sendAfter(50, self.pid, "m");
      expect(self.cancelTimer(ref, { async: true })).toBe(undefined);
      expect(await self.receive()).toEqual({ type: "cancel_timer", ref, leftMs: 50 });
      expect(self.cancelTimer(ref, { async: true })).toBe(undefined);
      expect(await self.receive()).toEqual({ type: "cancel_timer", ref, leftMs: false });
      const silent = self.sendAfter(50, self.pid, "m");
      expect(self.cancelTimer(silent, { async: true, info: false })).toBe(undefined);
      expect(self.readTimer(silent)).toBe(false);
      expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("can be set to a time of the clock; one that has passed is due at once (104)", async () => {
    const { pid, messages } = collector(runtime);
    clock.advance(1_000);
    const nowMs = runtime.clock.nowMs();
    const ref = runtime.sendAfter(nowMs + 20, pid, "later", { absolute: true });
    await runInProcess(runtime, (self) => {
      expect(self.readTimer(ref)).toBe(20);
      self.sendAfter(-5, pid, "past", { absolute: true });
    });
    clock.advance(1);
    await settle(runtime);
    expect(messages).toEqual(["past"]);
    clock.advance(19);
    await settle(runtime);
    expect(messages).toEqual(["past", "later"]);
  });

  test("never fire early, and those due in the same millisecond in the order of their start (105)", async () => {
    const { pid, messages } = collector(runtime);
    clock.advance(0.5);
    for (const n of [1, 2, 3]) runtime.sendAfter(10, pid, n);
    clock.advance(9.9);
    await settle(runtime);
    expect(messages).toEqual([]);
    clock.advance(2);
    await settle(runtime);
    expect(messages).toEqual([1, 2, 3]);
  });

  test("an interval sends again and again, without drifting, until it is cancelled (106)", async () => {
    const { pid, messages } = collector(runtime);
    const interval = runtime.sendInterval(10, pid, "tick");
    clock.advance(25);
    await settle(runtime);
    expect(messages).toEqual(["tick", "tick"]);
    clock.advance(5);
    await settle(runtime);
    expect(messages).toHaveLength(3);
    expect(runtime.cancelTimer(interval)).toBe(10);
    expect(runtime.cancelTimer(interval)).toBe(false);
    clock.advance(100);
    await settle(runtime);
    expect(messages).toHaveLength(3);
    expect(() => runtime.sendInterval(0, pid, "m")).toThrow(
      expect.objectContaining({ code: "ROOKERY_BADARG" }),
    );
  });

  test("an interval ends with the process to which it sends (106)", async () => {
    const { pid } = collector(runtime);
    const interval = await runInProcess(runtime, (self) => self.sendInterval(10, pid, "tick"));
    clock.advance(10);
    runtime.exit(pid, "kill");
    expect(runtime.cancelTimer(interval)).toBe(false);
    expect(clock.nextTimerMs() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(10);
  });

  test("sleep lets time pass and leaves the mailbox alone (107)", async () => {
    const slept = runInProcess(runtime, async (self) => {
      self.send(self.pid, "before");
      await self.sleep(30);
      return [await self.receive(), await self.receive()];
    });
    await settle(runtime);
    runtime.send(runtime.processes()[0]!, "meanwhile");
    clock.advance(29);
    await settle(runtime);
    expect(runtime.processes()).toHaveLength(1);
    clock.advance(1);
    expect(await slept).toEqual(["before", "meanwhile"]);
  });

  test("a sleep may be longer than the timers of the host can count (107)", async () => {
    const slept = runInProcess(runtime, (self) => self.sleep(2 ** 32));
    await settle(runtime);
    clock.advance(2 ** 32 - 1);
    await settle(runtime);
    expect(runtime.processes()).toHaveLength(1);
    clock.advance(1);
    await slept;
  });

  test("a timer of the machine's clock that is longer than that does not fire at once, either (105)", async () => {
    const real = await Runtime.start({ logger: silentLogger });
    const first = await runInProcess(real, (self) => {
      self.sendAfter(2 ** 32, self.pid, "in seven weeks");
      self.sendAfter(2, self.pid, "soon");
      return self.receive();
    });
    await real.shutdown();
    expect(first).toBe("soon");
  });
});
