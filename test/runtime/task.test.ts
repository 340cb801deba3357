import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, ExitMessage, Runtime, silentLogger, Task, TaskReply } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

describe("Task.async", () => {
  test("await answers the value, and leaves nothing in the mailbox (285)", async () => {
    await runInProcess(runtime, async (self) => {
      expect(await Task.async(self, async () => 42).await()).toBe(42);
      await settle(runtime);
      expect(self.info(self.pid)?.messageQueueLength).toBe(0);
    });
  });

  test("without await, the value and the DOWN are messages (285)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, () => "v");
      expect(await self.receive()).toEqual(new TaskReply(task.ref, "v"));
      expect(await self.receive()).toMatchObject({ ref: task.ref, reason: "normal" });
    });
  });

  test("a task that crashes takes a caller along that does not trap (286)", async () => {
    const boom = new Error("boom");
    await runInProcess(runtime, async (self) => {
      const { pid } = self.spawnMonitor((caller) => Task.async(caller, () => Promise.reject(boom)).await());
      expect(await self.receive()).toMatchObject({ process: pid, reason: boom });
    });
  });

  test("a caller that traps finds the reason in the await, and the EXIT in its mailbox (287)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const task = Task.async(self, (inner) => inner.exit("r"));
      await expect(task.await()).rejects.toMatchObject({
        code: "ROOKERY_TASK_EXIT",
        reason: ["r", expect.anything()],
      });
      expect(await self.receive()).toEqual(new ExitMessage(task.pid, "r"));
    });
  });

  test("an await that times out leaves the task running (288)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      const failed = expect(task.await(30)).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
      await settle(runtime);
      clock.advance(30);
      await failed;
      expect(self.isAlive(task.pid)).toBe(true);
    });
  });

  test("yield answers nothing when the time is over, and may be repeated (291)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      expect(await task.yield(0)).toBe(undefined);
      self.send(task.pid, "v");
      expect(await task.yield()).toEqual({ ok: true, value: "v" });
    });
  });

  test("shutdown ends it, without an EXIT left over; a value that is there is answered (292)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const running = Task.async(self, (inner) => inner.receive());
      expect(await running.shutdown()).toBe(undefined);
      const stubborn = Task.async(self, (inner) => {
        inner.trapExit(true);
        return inner.receive((m) => m === "never");
      });
      await settle(runtime);
      const ended = stubborn.shutdown(40);
      await settle(runtime);
      clock.advance(40);
      expect(await ended).toEqual({ ok: false, reason: "killed" });
      const done = Task.async(self, () => 1);
      await settle(runtime);
      expect(await done.shutdown()).toEqual({ ok: true, value: 1 });
      const leftOver = await self.receive((m) => m instanceof DownMessage, { timeoutMs: 0 });
      expect(leftOver).not.toBeInstanceOf(DownMessage);
    });
  });

  test("ignore lets it run on, unlinked (294)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      await task.ignore();
      self.exit(task.pid, "boom");
      expect(self.info(self.pid)?.monitors).toEqual([]);
    });
  });
});
