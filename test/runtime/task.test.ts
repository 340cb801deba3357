import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  ExitMessage,
  Runtime,
  type Self,
  silentLogger,
  Task,
  TaskReply,
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
const raise = (thrown: unknown) => (): never => {
  throw thrown;
};
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

  test.each<[string, (self: Self) => unknown, unknown]>([
    ["exits", (self) => self.exit("r"), "r"],
    ["fails", raise(boom), boom],
    ["throws what is no error", raise("ball"), ["nocatch", "ball"]],
  ])(
    "of one that %s a caller that traps finds the reason in the await, and the EXIT in its mailbox (287)",
    async (_, body, reason) => {
      await runInProcess(runtime, async (self) => {
        self.trapExit(true);
        const task = Task.async(self, body);
        await expect(task.await()).rejects.toMatchObject({
          code: "ROOKERY_TASK_EXIT",
          reason: [reason, ["Task", "await", [task.pid, 5_000]]],
        });
        expect(await self.receive()).toEqual(new ExitMessage(task.pid, reason));
      });
    },
  );

  test("an await that times out leaves the task running, and hears nothing of it any more (288)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      const failed = expect(task.await(30)).rejects.toMatchObject({ code: "ROOKERY_TASK_TIMEOUT" });
      await settle(runtime);
      clock.advance(30);
      await failed;
      expect(self.isAlive(task.pid)).toBe(true);
      self.send(task.pid, "too late");
      await settle(runtime);
      expect(self.isAlive(task.pid)).toBe(false);
      expect(self.info(self.pid, ["messages", "monitors"])).toEqual({ messages: [], monitors: [] });
    });
  });

  test("is linked to its owner: when that dies, the task dies, too (285)", async () => {
    let task: Task<unknown> | undefined;
    const owner = runtime.spawn((self) => {
      task = Task.async(self, waits);
      return waits(self);
    });
    await settle(runtime);
    expect(runtime.info(owner, ["links", "monitors"])).toEqual({ links: [task!.pid], monitors: [task!.pid] });
    runtime.exit(owner, "bye");
    expect(runtime.isAlive(task!.pid)).toBe(false);
  });

  test("yield answers nothing when the time is over, and may be repeated (291)", async () => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, (inner) => inner.receive());
      expect(await task.yield(0)).toBe(undefined);
      self.send(task.pid, "v");
      expect(await task.yield()).toEqual({ ok: true, value: "v" });
    });
  });

  test("yield answers a value though the task is dead by then, and how one ended that left none (291)", async () => {
    await runInProcess(runtime, async (self) => {
      const done = Task.async(self, () => "v");
      const silent = Task.async(self, (inner) => inner.exit("normal"));
      await settle(runtime);
      expect(await done.yield(0)).toEqual({ ok: true, value: "v" });
      expect(await silent.yield(0)).toEqual({ ok: false, reason: "normal" });
      expect(self.info(self.pid, "messageQueueLength")).toBe(0);
    });
  });

  test("await finds its message behind any number of others, and leaves them in order", async () => {
    await runInProcess(runtime, async (self) => {
      self.send(self.pid, 1);
      const task = Task.async(self, () => "v");
      self.send(self.pid, 2);
      expect(await task.await()).toBe("v");
      expect([await self.receive(), await self.receive()]).toEqual([1, 2]);
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

describe("Task.completed", () => {
  test("has its value at once, however one asks for it, and leaves nothing", async () => {
    await runInProcess(runtime, async (self) => {
      const links = self.info(self.pid, "links");
      const completed = () => Task.completed(self, 42);
      expect(await completed().await(0)).toBe(42);
      expect(await completed().yield(0)).toEqual({ ok: true, value: 42 });
      expect(await completed().shutdown()).toEqual({ ok: true, value: 42 });
      expect(await completed().ignore()).toEqual({ ok: true, value: 42 });
      expect(await Task.awaitMany([completed(), Task.async(self, () => 7)])).toEqual([42, 7]);
      expect(self.isAlive(completed().pid)).toBe(false);
      expect(self.info(self.pid, "links")).toEqual(links);
      expect(self.info(self.pid, "monitors")).toEqual([]);
    });
  });
});

describe("Task.startLink and Task.start", () => {
  test("run for the process that started them (295)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const start of [Task.start, Task.startLink]) {
        const pid = start(self, (task) => {
          self.send(self.pid, task.get("$callers"));
          return task.receive();
        });
        expect(await self.receive()).toEqual([self.pid]);
        expect(self.info(self.pid, "links")).toEqual(start === Task.startLink ? [pid] : []);
      }
    });
  });

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
