import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ExitMessage, Runtime, type Self, silentLogger, Task, type TaskResult } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

const waits = (self: Self) => self.receive(() => false);

/** The task of `body`, when that has had its turn. */
async function settled<Value>(self: Self, body: (self: Self) => Value): Promise<Task<Value>> {
  const task = Task.async(self, body);
  await settle(runtime);
  return task;
}

/** What stands in the mailbox besides the EXITs of tasks. */
function left(self: Self): unknown[] {
  return self.info(self.pid, "messages")!.filter((message) => !(message instanceof ExitMessage));
}

const trapping = (inner: Self): Promise<unknown> => {
  inner.trapExit(true);
  return waits(inner);
};

describe("shutdown", () => {
  test("ends a task that runs, and one that does not end with a kill when the time is over (292)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      expect(await Task.async(self, waits).shutdown()).toBe(undefined);
      const stubborn = await settled(self, trapping);
      const ended = stubborn.shutdown(40);
      await settle(runtime);
      clock.advance(39);
      expect(self.isAlive(stubborn.pid)).toBe(true);
      clock.advance(1);
      expect(await ended).toEqual({ ok: false, reason: "killed" });
      expect(self.info(self.pid, "messages")).toEqual([]);
    });
  });

  test("brutally, kills one that would not end otherwise, as it was asked to (292)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      expect(await (await settled(self, trapping)).shutdown("brutal_kill")).toBe(undefined);
      expect(self.info(self.pid, "messages")).toEqual([]);
    });
  });

  test("answers the value that a task gives when it is asked to end (292)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = await settled(self, async (inner) => {
        inner.trapExit(true);
        return ((await inner.receive()) as ExitMessage).reason;
      });
      expect(await task.shutdown()).toEqual({ ok: true, value: "shutdown" });
      expect(left(self)).toEqual([]);
    });
  });

  const failed = (reason: unknown): TaskResult<unknown> => ({ ok: false, reason });
  const value: TaskResult<unknown> = { ok: true, value: 1 };
  test.each<[string, (self: Self) => unknown, unknown, unknown]>([
    ["with a value", () => 1, value, value],
    ["without one", (task) => task.exit("normal"), failed("normal"), failed("normal")],
    ["with r", (task) => task.exit("r"), failed("r"), failed("r")],
    ["with shutdown", (task) => task.exit("shutdown"), undefined, failed("shutdown")],
    ["with killed", (task) => task.exit("killed"), failed("killed"), undefined],
  ])(
    "of a task that has ended %s tells so, unless that is what it would have done itself (292)",
    async (_, body, result, brutalResult) => {
      await runInProcess(runtime, async (self) => {
        self.trapExit(true);
        expect(await (await settled(self, body)).shutdown()).toEqual(result);
        expect(await (await settled(self, body)).shutdown("brutal_kill")).toEqual(brutalResult);
        expect(left(self)).toEqual([]);
      });
    },
  );

  test("leaves the EXIT of a task that had ended before in the mailbox (292)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const task = await settled(self, (inner) => inner.exit("r"));
      await task.shutdown();
      expect(self.info(self.pid, "messages")).toEqual([new ExitMessage(task.pid, "r")]);
    });
  });

  test.each([5_000, "brutal_kill"] as const)(
    "after an await answers noproc of a task that is done, and ends one that is not (%s) (292)",
    async (timeoutMs) => {
      await runInProcess(runtime, async (self) => {
        const done = Task.async(self, () => 1);
        await done.await();
        await settle(runtime);
        expect(await done.shutdown(timeoutMs)).toEqual(failed("noproc"));
        expect(await done.shutdown(timeoutMs)).toEqual(failed("noproc"));
        const running = Task.async(self, waits);
        await expect(running.await(0)).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
        expect(await running.shutdown(timeoutMs)).toBe(undefined);
        expect(self.isAlive(running.pid)).toBe(false);
        expect(self.info(self.pid, ["messages", "monitors"])).toEqual({ messages: [], monitors: [] });
      });
    },
  );

  test("refuses what is no time, and lets the task run on", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, waits);
      await expect(task.shutdown(-1)).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
      expect(self.info(task.pid, "links")).toEqual([self.pid]);
    });
  });
});

describe("ignore", () => {
  test("lets the task run on, unlinked (294)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      expect(await task.ignore()).toBe(undefined);
      self.exit(task.pid, "boom");
      expect(self.info(self.pid)?.monitors).toEqual([]);
    });
  });

  test.each<[string, (self: Self) => unknown]>([
    ["value", () => 1],
    ["failure", (task) => task.exit("r")],
  ])("keeps a %s that comes later out of the mailbox (294)", async (_, end) => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const task = Task.async(self, async (inner) => {
        await inner.receive();
        return end(inner);
      });
      expect(await task.ignore()).toBe(undefined);
      self.send(task.pid, "go on");
      await settle(runtime);
      expect(self.isAlive(task.pid)).toBe(false);
      expect(self.info(self.pid, "messages")).toEqual([]);
    });
  });

  test("answers what has come already, once (294)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const done = await settled(self, () => 1);
      expect(await done.ignore()).toEqual({ ok: true, value: 1 });
      const broken = await settled(self, (inner) => inner.exit("r"));
      expect(await broken.ignore()).toEqual({ ok: false, reason: "r" });
      for (const task of [done, broken])
        await expect(task.await(0)).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
      expect(left(self)).toEqual([]);
    });
  });
});
