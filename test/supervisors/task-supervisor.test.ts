import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitMessage,
  type Pid,
  Runtime,
  type Self,
  silentLogger,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { DynamicSupervisor, type DynamicSupervisorOptions, TaskSupervisor } from "../../supervisors/index.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let clock: VirtualClock;
let runtime: Runtime;

beforeEach(async () => {
  clock = new VirtualClock();
  runtime = await Runtime.start({ clock, logger: silentLogger });
});

afterEach(() => runtime.shutdown());

function start(options: DynamicSupervisorOptions = {}): Promise<Pid<TaskSupervisor>> {
  return runtime.start(TaskSupervisor, options, { name: "tasks" });
}

async function waits(self: Self): Promise<void> {
  await self.receive(() => false);
}

/** Runs `body` in a process that traps exits, so that it can tell what it got. */
function trapping<Value>(body: (self: Self) => Promise<Value>): Promise<Value> {
  return runInProcess(runtime, (self) => {
    self.trapExit(true);
    return body(self);
  });
}

describe("TaskSupervisor.startChild", () => {
  test("runs a task under the supervisor, which forgets it when it is done (298)", async () => {
    await start();
    const done: unknown[] = [];
    const started = await TaskSupervisor.startChild(runtime, "tasks", (self) => void done.push(self.pid));
    await settle(runtime);
    expect(started).toEqual({ ok: true, pid: done[0] });
    expect(await TaskSupervisor.children(runtime, "tasks")).toEqual([]);
  });

  test("does not restart a task that crashes, unless told so (298)", async () => {
    await start();
    let runs = 0;
    const crashes = () => {
      runs += 1;
      throw new Error("boom");
    };
    await TaskSupervisor.startChild(runtime, "tasks", crashes);
    await settle(runtime);
    expect(runs).toBe(1);
    await TaskSupervisor.startChild(runtime, "tasks", crashes, { restart: "transient" });
    await settle(runtime);
    // Once, three restarts, and then the supervisor has given up.
    expect(runs).toBe(1 + 4);
    expect(runtime.whereis("tasks")).toBeUndefined();
  });

  test("answers max_children when there is no room (298)", async () => {
    await start({ maxChildren: 1 });
    await TaskSupervisor.startChild(runtime, "tasks", waits);
    expect(await TaskSupervisor.startChild(runtime, "tasks", waits)).toEqual({
      ok: false,
      reason: "max_children",
    });
  });

  test("tells the task who has asked for it (295)", async () => {
    await start();
    const callers = await runInProcess(runtime, async (self) => {
      await TaskSupervisor.startChild(self, "tasks", (task) => self.send(self.pid, task.get("$callers")));
      return [self.pid, await self.receive()];
    });
    expect(callers[1]).toEqual([callers[0]]);
  });
});

for (const name of ["async", "asyncNolink"] as const) {
  describe(`TaskSupervisor.${name}`, () => {
    test("answers a task whose value can be awaited", async () => {
      await start();
      const value = runInProcess(runtime, async (self) => {
        const task = await TaskSupervisor[name](self, "tasks", async () => 42);
        return task.await();
      });
      expect(await value).toBe(42);
    });

    test("leaves nothing in the mailbox", async () => {
      await start();
      const left = trapping(async (self) => {
        const task = await TaskSupervisor[name](self, "tasks", () => 42);
        await task.await();
        const isExit = (message: unknown) => message instanceof ExitMessage;
        return self.receive((message) => !isExit(message), { timeoutMs: 0 });
      });
      expect(await left).toBe(TIMEOUT);
    });

    test("rejects when there is no room (298)", async () => {
      await start({ maxChildren: 0 });
      const refused = runInProcess(runtime, (self) => TaskSupervisor[name](self, "tasks", () => 42));
      await expect(refused).rejects.toMatchObject({ code: "ROOKERY_MAX_CHILDREN" });
    });

    test("ends the task when the supervisor ends", async () => {
      const tasks = await start();
      const reason = trapping(async (self) => {
        const task = await TaskSupervisor[name](self, "tasks", waits);
        await self.stop(tasks);
        return task.yield();
      });
      expect(await reason).toEqual({ ok: false, reason: "shutdown" });
    });

    test("ends a task that waits for an owner who has died", async () => {
      await start();
      runtime.spawn((self) => void TaskSupervisor[name](self, "tasks", () => 42));
      await settle(runtime);
      expect(await DynamicSupervisor.countChildren(runtime, "tasks")).toMatchObject({ specs: 0 });
    });
  });
}

describe("TaskSupervisor.async", () => {
  test("ends the owner when the task crashes, and the task when the owner does (297)", async () => {
    await start();
    const crash = new Error("boom");
    const reason = await runInProcess(runtime, async (self) => {
      const { ref } = self.spawnMonitor(async (owner) => {
        await TaskSupervisor.async(owner, "tasks", () => {
          throw crash;
        });
        await owner.receive();
      });
      const down = await self.receive((m): m is DownMessage => m instanceof DownMessage && m.ref === ref);
      return down.reason;
    });
    expect(reason).toBe(crash);

    const owner = runtime.spawn(async (self) => {
      await TaskSupervisor.async(self, "tasks", waits);
      await self.receive();
    });
    await settle(runtime);
    runtime.exit(owner, "bye");
    await settle(runtime);
    expect(await TaskSupervisor.children(runtime, "tasks")).toEqual([]);
  });
});

describe("TaskSupervisor.asyncNolink", () => {
  test("tells the owner of a crash, and nothing more happens to it (297)", async () => {
    await start();
    const crash = new Error("boom");
    const result = runInProcess(runtime, async (self) => {
      const task = await TaskSupervisor.asyncNolink(self, "tasks", () => {
        throw crash;
      });
      return task.yield();
    });
    expect(await result).toEqual({ ok: false, reason: crash });
  });

  test("leaves the task running when the owner dies, and tells it nothing (297)", async () => {
    await start();
    const owner = runtime.spawn(async (self) => {
      await TaskSupervisor.asyncNolink(self, "tasks", (task) => task.receive());
      await self.receive();
    });
    await settle(runtime);
    runtime.exit(owner, "bye");
    await settle(runtime);
    expect(await TaskSupervisor.children(runtime, "tasks")).toHaveLength(1);
  });
});

describe("the streams of a TaskSupervisor", () => {
  async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
    const all: Item[] = [];
    for await (const item of items) all.push(item);
    return all;
  }

  for (const name of ["asyncStream", "asyncStreamNolink"] as const) {
    test(`${name} runs its tasks under the supervisor, in the name of their owner (295, 299)`, async () => {
      await start();
      await runInProcess(runtime, async (self) => {
        const body = async (input: number, task: Self) => {
          const children = await TaskSupervisor.children(task, "tasks");
          return [input, children.includes(task.pid), task.get("$callers")];
        };
        expect(await collect(TaskSupervisor[name](self, "tasks", [1, 2], body, { shutdown: 100 }))).toEqual([
          { ok: true, value: [1, true, [self.pid]] },
          { ok: true, value: [2, true, [self.pid]] },
        ]);
        expect(self.info(self.pid)?.messageQueueLength).toBe(0);
      });
    });

    test(`${name} kills the tasks that run when it is left early (302)`, async () => {
      await start();
      await runInProcess(runtime, async (self) => {
        const body = (input: number, task: Self): unknown => (input === 1 ? "done" : waits(task));
        const options = { maxConcurrency: 3 };
        for await (const result of TaskSupervisor[name](self, "tasks", [1, 2, 3], body, options)) {
          expect(result).toEqual({ ok: true, value: "done" });
          break;
        }
        expect(await TaskSupervisor.children(self, "tasks")).toEqual([]);
        expect(self.info(self.pid)?.messageQueueLength).toBe(0);
      });
    });

    test(`${name} fails where the supervisor has no room (298)`, async () => {
      await start({ maxChildren: 1 });
      await runInProcess(runtime, async (self) => {
        const results = TaskSupervisor[name](self, "tasks", [1, 2], (_, task) => waits(task), {
          maxConcurrency: 2,
        });
        await expect(collect(results)).rejects.toMatchObject({ code: "ROOKERY_MAX_CHILDREN" });
        expect(await TaskSupervisor.children(self, "tasks")).toEqual([]);
      });
    });
  }

  test("a crash ends the owner of a linked stream, and is a result of one without links (301)", async () => {
    await start();
    const crash = new Error("boom");
    const crashes = () => Promise.reject(crash);
    await runInProcess(runtime, async (self) => {
      self.spawnMonitor((owner) => collect(TaskSupervisor.asyncStream(owner, "tasks", [1], crashes)));
      const down = await self.receive((message) => message instanceof DownMessage);
      expect(down).toMatchObject({ reason: crash });
      expect(await collect(TaskSupervisor.asyncStreamNolink(self, "tasks", [1], crashes))).toEqual([
        { ok: false, reason: crash },
      ]);
    });
  });

  test("the owner's death ends only linked tasks (297)", async () => {
    await start();
    const owners = [TaskSupervisor.asyncStream, TaskSupervisor.asyncStreamNolink].map((stream) =>
      runtime.spawn((self) => collect(stream(self, "tasks", [1], (_, task) => waits(task)))),
    );
    await settle(runtime);
    for (const owner of owners) runtime.exit(owner, "bye");
    await settle(runtime);
    expect(await TaskSupervisor.children(runtime, "tasks")).toHaveLength(1);
  });
});

describe("TaskSupervisor.terminateChild", () => {
  test("ends a task", async () => {
    await start();
    await TaskSupervisor.startChild(runtime, "tasks", waits);
    const [task] = await TaskSupervisor.children(runtime, "tasks");
    expect(await TaskSupervisor.terminateChild(runtime, "tasks", task!)).toEqual({ ok: true });
    expect(await TaskSupervisor.children(runtime, "tasks")).toEqual([]);
  });
});
