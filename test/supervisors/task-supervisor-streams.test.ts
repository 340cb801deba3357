import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, type Pid, Runtime, type Self, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type DynamicSupervisorOptions, TaskSupervisor } from "../../supervisors/index.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

function start(options: DynamicSupervisorOptions = {}): Promise<Pid<TaskSupervisor>> {
  return runtime.start(TaskSupervisor, options, { name: "tasks" });
}

async function waits(self: Self): Promise<void> {
  await self.receive(() => false);
}

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

  test("zipped, a failed result tells its input (301)", async () => {
    await start();
    await runInProcess(runtime, async (self) => {
      const exits = (n: number, task: Self) => task.exit(n * 10);
      const results = TaskSupervisor.asyncStreamNolink(self, "tasks", [1, 2], exits, {
        zipInputOnExit: true,
      });
      expect(await collect(results)).toEqual([
        { ok: false, reason: [1, 10] },
        { ok: false, reason: [2, 20] },
      ]);
    });
  });
});
