import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitMessage,
  type Pid,
  Runtime,
  type Self,
  silentLogger,
  Task,
  TaskReply,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let clock: VirtualClock;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ logger: silentLogger, clock });
});

afterEach(() => runtime.shutdown());

const boom = new Error("boom");
const waits = (self: Self) => self.receive(() => false);

/** How the process that runs `body` ends. */
function endOf(body: (self: Self) => unknown): Promise<unknown> {
  return runInProcess(runtime, async (self) => {
    self.spawnMonitor(body);
    return ((await self.receive()) as DownMessage).reason;
  });
}

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

  test("a second await gets nothing more; one of a task that exits without a value says how it exited (290)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, () => 1);
      expect(await task.await()).toBe(1);
      await expect(task.await(0)).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
      const silent = Task.async(self, (inner) => inner.exit("normal"));
      await expect(silent.await()).rejects.toMatchObject({
        reason: ["normal", ["Task", "await", [silent.pid, 5_000]]],
      });
    });
  });

  test("a task knows its owner, and those for whom its owner works (295)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, async (outer) => {
        const callers = (inner: Self) => inner.get("$callers");
        const told = Task.start(outer, (inner) => inner.send(outer.pid, callers(inner)));
        expect(await outer.receive()).toEqual([outer.pid, self.pid]);
        expect(outer.isAlive(told)).toBe(false);
        return [outer.pid, await Task.async(outer, callers).await()];
      });
      const [pid, callers] = await task.await();
      expect(callers).toEqual([pid, self.pid]);
    });
  });
});

describe("Task.startLink and Task.start", () => {
  test("only a linked task takes its starter along (296)", async () => {
    const crashes = () => Promise.reject(boom);
    expect(
      await endOf((self) => {
        Task.startLink(self, crashes);
        return waits(self);
      }),
    ).toBe(boom);
    expect(
      await endOf(async (self) => {
        self.monitor(Task.start(self, crashes));
        await self.receive();
      }),
    ).toBe("normal");
  });
});

describe("Task.yieldMany", () => {
  test("answers each task with what came of it, in order, when the time for all together is over (293)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const slow = Task.async(self, (inner) => inner.receive());
      const done = Task.async(self, () => 2);
      const broken = Task.async(self, (inner) => inner.exit("r"));
      const results = Task.yieldMany([slow, done, broken], 40);
      await settle(runtime);
      clock.advance(40);
      expect(await results).toEqual([
        [slow, undefined],
        [done, { ok: true, value: 2 }],
        [broken, { ok: false, reason: "r" }],
      ]);
      self.send(slow.pid, 1);
      expect(await Task.yieldMany([slow])).toEqual([[slow, { ok: true, value: 1 }]]);
      expect(await Task.yieldMany([])).toEqual([]);
    });
  });
});

describe("Task.awaitMany", () => {
  test("answers the values in order, whichever task is done first (293)", async () => {
    await runInProcess(runtime, async (self) => {
      const first = Task.async(self, (inner) => inner.receive());
      const second = Task.async(self, (inner) => inner.send(first.pid, "from the second"));
      expect(await Task.awaitMany([first, second])).toEqual(["from the second", undefined]);
      expect(await Task.awaitMany([])).toEqual([]);
      const [n, text] = await Task.awaitMany([Task.async(self, () => 1), Task.async(self, () => "x")]);
      expect([n + 1, text.length]).toEqual([2, 1]);
      expect(self.info(self.pid)?.messageQueueLength).toBe(0);
    });
  });

  test("rejects as soon as one exits, or when the time for all together is over (293)", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const slow = Task.async(self, waits);
      const broken = Task.async(self, (inner) => inner.exit("r"));
      const call = (pids: Pid[], ms: number) => ["Task", "await_many", [pids, ms]];
      await expect(Task.awaitMany([slow, broken])).rejects.toMatchObject({
        code: "ROOKERY_TASK_EXIT",
        reason: ["r", call([slow.pid, broken.pid], 5_000)],
      });
      const late = Task.async(self, (inner) => inner.receive());
      const failed = expect(Task.awaitMany([Task.async(self, () => 1), late], 30)).rejects.toMatchObject({
        code: "ROOKERY_TASK_TIMEOUT",
        reason: ["timeout", expect.anything()],
      });
      await settle(runtime);
      clock.advance(30);
      await failed;
      self.send(late.pid, "too late");
      await settle(runtime);
      expect(self.isAlive(late.pid)).toBe(false);
      const isOfTask = (message: unknown) => message instanceof TaskReply || message instanceof DownMessage;
      expect(await self.receive(isOfTask, { timeoutMs: 0 })).toBe(TIMEOUT);
    });
  });

  test("refuses tasks that have different owners (289)", async () => {
    await runInProcess(runtime, async (self) => {
      const own = Task.async(self, waits);
      const others = await new Promise<Task<unknown>>((resolve) => {
        self.spawn((other) => {
          resolve(Task.async(other, waits));
          return waits(other);
        });
      });
      const badarg = { code: "ROOKERY_BADARG" };
      await expect(Task.awaitMany([own, others])).rejects.toMatchObject(badarg);
      await expect(Task.yieldMany([own, others])).rejects.toMatchObject(badarg);
    });
  });
});
