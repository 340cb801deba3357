import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CancelTimerMessage,
  type Pid,
  Ref,
  Runtime,
  type Self,
  silentLogger,
  type TimeoutMessage,
} from "../../runtime/index.ts";
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

const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });
const kinds = ["sendAfter", "startTimer"] as const;

describe.each(kinds)("%s", (kind) => {
  test("refuses a time that is none, and what is no destination (102)", async () => {
    await runInProcess(runtime, (self) => {
      for (const ms of [-4, Number.NaN, Number.POSITIVE_INFINITY, "10", undefined, null])
        expect(() => self[kind](ms as never, self.pid, "m")).toThrow(badarg);
    });
    expect(clock.nextTimerMs()).toBeUndefined();
  });

  test("of any length tells how much is left, and fires then (94, 95, 97)", async () => {
    const { pid, messages } = collector(runtime);
    await runInProcess(runtime, (self) => {
      for (const ms of [2 ** 31, 2 ** 33, 2 ** 45]) {
        const timer = self[kind](ms, pid, "late");
        expect(self.readTimer(timer)).toBe(ms);
        clock.advance(200);
        expect(self.readTimer(timer)).toBe(ms - 200);
        expect(self.cancelTimer(timer)).toBe(ms - 200);
        expect(self.readTimer(timer)).toBe(false);
      }
      self[kind](2 ** 33, pid, "fires");
    });
    clock.advance(2 ** 33 - 1);
    await settle(runtime);
    expect(messages).toEqual([]);
    clock.advance(1);
    await settle(runtime);
    expect(messages).toHaveLength(1);
  });

  test("sends in the order of the times, in whatever order they were set (105)", async () => {
    const { pid, messages } = collector(runtime);
    await runInProcess(runtime, (self) => {
      for (const ms of [5_000, 0, 200, 100, 500, 300, 103, 101, 400, 102]) self[kind](ms, pid, ms);
    });
    for (let ms = 0; ms <= 5_000; ms += 1_000) {
      clock.advance(1_000);
      await settle(runtime);
    }
    const times = messages.map((message) =>
      kind === "sendAfter" ? message : (message as { message: unknown }).message,
    );
    expect(times).toEqual([0, 100, 101, 102, 103, 200, 300, 400, 500, 5_000]);
  });

  test("to the dead is over at once (98)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn(() => {});
      await settle(runtime);
      const timer = self[kind](10, pid, "m");
      expect([self.readTimer(timer), self.cancelTimer(timer)]).toEqual([false, false]);
    });
    expect(clock.nextTimerMs()).toBeUndefined();
  });

  test("that has fired is over, and its message is there (96, 97)", async () => {
    const { pid, messages } = collector(runtime);
    const timer = await runInProcess(runtime, (self) => self[kind](10, pid, "m"));
    clock.advance(10);
    await runInProcess(runtime, (self) => {
      expect(self.readTimer(timer)).toBe(false);
      expect(self.cancelTimer(timer)).toBe(false);
    });
    await settle(runtime);
    expect(messages).toHaveLength(1);
  });

  test("to a name that is free may be read and cancelled, and fires for nobody (95, 99)", async () => {
    await runInProcess(runtime, async (self) => {
      const timer = self[kind](50, "free", "m");
      expect(self.readTimer(timer)).toBe(50);
      expect(self.cancelTimer(timer)).toBe(50);
      self[kind](50, "free", "m");
      clock.advance(50);
      await settle(runtime);
      self.register("free");
      expect(self.info(self.pid, "messageQueueLength")).toBe(0);
    });
  });
});

test("a timer to an alias that is for a reply delivers once (79, 94)", async () => {
  await runInProcess(runtime, async (self) => {
    const alias = self.alias({ reply: true });
    for (const ms of [10, 20]) self.sendAfter(ms, alias, ms);
    clock.advance(30);
    expect(self.info(self.pid, "messages")).toEqual([10]);
    expect(self.unalias(alias)).toBe(false);
  });
});

test("readTimer and cancelTimer refuse what is no reference, and know nothing of any other (95, 97)", async () => {
  await runInProcess(runtime, (self) => {
    for (const wrong of [1, "a", self.pid, undefined, {}]) {
      expect(() => self.readTimer(wrong as never)).toThrow(badarg);
      expect(() => self.cancelTimer(wrong as never)).toThrow(badarg);
      expect(() => self.cancelTimer(wrong as never, { async: true })).toThrow(badarg);
    }
    for (const ref of [new Ref(), self.alias(), self.monitor(self.spawn(() => {}))]) {
      expect(self.readTimer(ref)).toBe(false);
      expect(self.cancelTimer(ref)).toBe(false);
    }
  });
});

/** Starts `count` timers to `pid` that are due at the same time. */
function startMany(self: Self, count: number, pid: Pid): Ref[] {
  const atMs = runtime.clock.nowMs() + 3_000;
  return Array.from({ length: count }, () => self.startTimer(atMs, pid, "due", { absolute: true }));
}

test("a thousand timers that are due at the same time all fire (105)", async () => {
  const { pid, messages } = collector(runtime);
  const refs = await runInProcess(runtime, (self) => startMany(self, 1_000, pid));
  clock.advance(2_999);
  await settle(runtime);
  expect(messages).toEqual([]);
  clock.advance(1);
  await settle(runtime);
  expect(messages).toEqual(refs.map((ref) => ({ type: "timeout", ref, message: "due" })));
});

test("each of them either fires or is cancelled, when that happens at the time they are due (96, 103)", async () => {
  await runInProcess(runtime, async (self) => {
    const refs = startMany(self, 300, self.pid);
    for (const ref of refs.slice(0, 100)) self.cancelTimer(ref, { async: true });
    clock.advance(3_000);
    for (const ref of refs.slice(100)) self.cancelTimer(ref, { async: true });
    const messages = self.info(self.pid, "messages") as (CancelTimerMessage | TimeoutMessage)[];
    const fired = new Set(messages.filter(({ type }) => type === "timeout").map(({ ref }) => ref));
    const cancels = messages.filter((message) => message.type === "cancel_timer");
    expect(cancels.map(({ ref }) => ref)).toEqual(refs);
    expect(cancels.every(({ ref, leftMs }) => fired.has(ref) === (leftMs === false))).toBe(true);
    expect(fired.size).toBe(200);
  });
});

test("the timers of a process that dies are gone, however many (98)", async () => {
  const { pid } = collector(runtime);
  const refs = await runInProcess(runtime, (self) =>
    Array.from({ length: 1_000 }, (_, i) => self.sendAfter(2 ** 28 + i * 10, pid, "m")),
  );
  expect(runtime.info(pid, "timers")).toBe(1_000);
  runtime.exit(pid, "bang");
  await runInProcess(runtime, (self) => {
    expect(refs.every((ref) => self.readTimer(ref) === false)).toBe(true);
  });
});

describe("sendInterval", () => {
  test("to a name follows the name, and ends with the process that had it at the start (99, 106)", async () => {
    const [first, second] = [collector(runtime), collector(runtime)];
    runtime.register("clock", first.pid);
    const interval = runtime.sendInterval(10, "clock", "tick");
    clock.advance(10);
    await settle(runtime);
    runtime.unregister("clock");
    runtime.register("clock", second.pid);
    clock.advance(10);
    await settle(runtime);
    expect([first.messages, second.messages]).toEqual([["tick"], ["tick"]]);
    runtime.exit(first.pid, "kill");
    expect(runtime.cancelTimer(interval)).toBe(false);
    clock.advance(100);
    await settle(runtime);
    expect(second.messages).toEqual(["tick"]);
  });

  test("to a name that nobody has never ticks (106)", async () => {
    const interval = runtime.sendInterval(10, "free", "tick");
    const { pid, messages } = collector(runtime);
    runtime.register("free", pid);
    clock.advance(100);
    await settle(runtime);
    expect(messages).toEqual([]);
    expect(runtime.cancelTimer(interval)).toBe(false);
  });

  test("goes on when the process that started it ends (100, 106)", async () => {
    const { pid, messages } = collector(runtime);
    await runInProcess(runtime, (self) => self.sendInterval(10, pid, "tick"));
    clock.advance(30);
    await settle(runtime);
    expect(messages).toEqual(["tick", "tick", "tick"]);
  });

  test("is cancelled by the process that it ticks for, between two ticks (106)", async () => {
    await runInProcess(runtime, async (self) => {
      const interval = self.sendInterval(10, self.pid, "tick");
      clock.advance(10);
      expect(await self.receive()).toBe("tick");
      expect(self.cancelTimer(interval)).toBe(10);
      clock.advance(100);
      expect(self.info(self.pid, "messageQueueLength")).toBe(0);
      expect(self.cancelTimer(interval)).toBe(false);
    });
  });
});
