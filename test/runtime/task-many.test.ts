import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitMessage,
  type Pid,
  Ref,
  Runtime,
  type Self,
  silentLogger,
  Task,
  TaskReply,
  TIMEOUT,
  type YieldManyOptions,
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

  test("answers a value though its task is dead by then, and leaves nothing (293)", async () => {
    await runInProcess(runtime, async (self) => {
      const tasks = [Task.async(self, () => 1), Task.async(self, (inner) => inner.exit("normal"))] as const;
      await settle(runtime);
      expect(await Task.yieldMany(tasks, Number.POSITIVE_INFINITY)).toEqual([
        [tasks[0], { ok: true, value: 1 }],
        [tasks[1], { ok: false, reason: "normal" }],
      ]);
      expect(self.info(self.pid, ["messages", "monitors"])).toEqual({ messages: [], monitors: [] });
    });
  });

  test("with a limit goes on once so many are done, whichever they are", async () => {
    await runInProcess(runtime, async (self) => {
      const [first, second, third] = [
        Task.async(self, (inner) => inner.receive()),
        Task.async(self, () => 2),
        Task.async(self, () => 3),
      ];
      const options = { limit: 1, timeoutMs: Number.POSITIVE_INFINITY, onTimeout: "kill_task" } as const;
      expect(await Task.yieldMany([first, second, third], options)).toEqual([
        [first, undefined],
        [second, { ok: true, value: 2 }],
        [third, undefined],
      ]);
      expect(await Task.yieldMany([first, third], options)).toEqual([
        [first, undefined],
        [third, { ok: true, value: 3 }],
      ]);
      expect(self.isAlive(first.pid)).toBe(true);
      self.send(first.pid, 1);
      expect(await Task.yieldMany([first], { limit: 2 })).toEqual([[first, { ok: true, value: 1 }]]);
    });
  });

  test("kills what is not done in time, or lets it run on unheard, if told so", async () => {
    await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      const late = async (onTimeout: "kill_task" | "ignore") => {
        const task = Task.async(self, (inner) => inner.receive());
        const done = Task.async(self, () => 1);
        const results = Task.yieldMany([task, done], { timeoutMs: 40, onTimeout });
        await settle(runtime);
        clock.advance(40);
        expect(await results).toEqual([
          [task, undefined],
          [done, { ok: true, value: 1 }],
        ]);
        return task;
      };
      expect(self.isAlive((await late("kill_task")).pid)).toBe(false);
      const ignored = await late("ignore");
      expect(self.isAlive(ignored.pid)).toBe(true);
      self.send(ignored.pid, "too late");
      await settle(runtime);
      expect(await ignored.yield(0)).toBe(undefined);
      const left = self.info(self.pid, "messages")!;
      expect(left.filter((message) => !(message instanceof ExitMessage))).toEqual([]);
    });
  });

  test.each<[string, YieldManyOptions]>([
    ["no task at all", { limit: 0 }],
    ["a negative time", { timeoutMs: -1 }],
    ["another end on timeout", { onTimeout: "exit" as never }],
    ["a misspelled name", { on_timeout: "ignore" } as never],
  ])("refuses %s", async (_, options) => {
    await runInProcess(runtime, async (self) => {
      const task = Task.async(self, waits);
      await expect(Task.yieldMany([task], options)).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
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

  test.each<[string, (self: Self) => unknown, unknown]>([
    ["exits without a value", (self) => self.exit("normal"), "normal"],
    ["fails", raise(boom), boom],
    ["throws what is no error", raise("ball"), ["nocatch", "ball"]],
  ])(
    "rejects with the reason of a task that %s, and stops watching the others (293)",
    async (_, body, reason) => {
      await runInProcess(runtime, async (self) => {
        self.trapExit(true);
        const slow = Task.async(self, waits);
        const broken = Task.async(self, body);
        await expect(Task.awaitMany([slow, broken])).rejects.toMatchObject({
          code: "ROOKERY_TASK_EXIT",
          reason: [reason, ["Task", "await_many", [[slow.pid, broken.pid], 5_000]]],
        });
        expect(self.info(self.pid, "monitors")).toEqual([]);
        self.exit(slow.pid, "kill");
        const exits = self.info(self.pid, "messages")!;
        expect(exits.map((message) => message instanceof ExitMessage)).toEqual([true, true]);
      });
    },
  );

  test("leaves alone what other tasks and monitors have sent (293)", async () => {
    await runInProcess(runtime, async (self) => {
      const strangers = [
        new TaskReply(new Ref(), "z"),
        new DownMessage("DOWN", new Ref(), self.pid, "bye"),
        "m",
      ];
      for (const message of strangers) self.send(self.pid, message);
      expect(await Task.awaitMany([Task.async(self, () => 1), Task.async(self, () => 2)])).toEqual([1, 2]);
      expect(self.info(self.pid, "messages")).toEqual(strangers);
    });
  });
});
