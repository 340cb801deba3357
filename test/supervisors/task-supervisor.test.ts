import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  ExitMessage,
  type Pid,
  Registry,
  Runtime,
  type Self,
  TIMEOUT,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import {
  DynamicSupervisor,
  type DynamicSupervisorOptions,
  Supervisor,
  TaskSupervisor,
} from "../../supervisors/index.ts";
import { type Report, reportingLogger } from "../runtime/reporting-logger.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;
let reports: Report[];

beforeEach(async () => {
  reports = [];
  runtime = await Runtime.start({ logger: reportingLogger(reports) });
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

  test("starts a permanent task again, however it ended (298)", async () => {
    await start();
    const runs: Pid[] = [];
    const notes = (self: Self) => {
      runs.push(self.pid);
      return waits(self);
    };
    await TaskSupervisor.startChild(runtime, "tasks", notes, { restart: "permanent" });
    await settle(runtime);
    runtime.exit(runs[0]!, "shutdown");
    await settle(runtime);
    expect(runs).toHaveLength(2);
    expect(await TaskSupervisor.children(runtime, "tasks")).toEqual([runs[1]]);
  });

  test("ends it with the supervisor as its shutdown says (298)", async () => {
    const tasks = await start();
    await trapping(async (self) => {
      const stubborn = (task: Self) => {
        task.trapExit(true);
        return waits(task);
      };
      await TaskSupervisor.startChild(self, "tasks", stubborn, { shutdown: "brutal_kill" });
      const [pid] = await TaskSupervisor.children(self, "tasks");
      self.monitor(pid!);
      await self.stop(tasks);
      expect(await self.receive()).toMatchObject({ process: pid, reason: "killed" });
    });
  });

  test.each([{ shutdown: "soon" }, { restart: "always" }])("refuses %o", async (options) => {
    await start();
    await expect(TaskSupervisor.startChild(runtime, "tasks", waits, options as never)).rejects.toMatchObject({
      code: "ROOKERY_CHILD_SPEC",
    });
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

    test("ends it with the supervisor as its shutdown says", async () => {
      const tasks = await start();
      const reason = trapping(async (self) => {
        const task = await TaskSupervisor[name](self, "tasks", waits, { shutdown: "brutal_kill" });
        await self.stop(tasks);
        return task.yield();
      });
      expect(await reason).toEqual({ ok: false, reason: "killed" });
    });

    test("rejects when there is no such supervisor", async () => {
      const refused = runInProcess(runtime, (self) => TaskSupervisor[name](self, "tasks", () => 42));
      await expect(refused).rejects.toMatchObject({ code: "ROOKERY_NOPROC" });
    });

    test("knows by whom its task was started, and for whom it works (130, 295)", async () => {
      await start();
      await runInProcess(runtime, async (self) => {
        const origins = (task: Self) => [task.info(task.pid, "ancestors"), task.get("$callers")];
        const nested = async (task: Self) => {
          const inner = await TaskSupervisor[name](task, "tasks", origins);
          return [task.pid, origins(task), await inner.await()];
        };
        const task = await TaskSupervisor[name](self, "tasks", nested);
        const [pid, outer, inner] = await task.await();
        expect(outer).toEqual([["tasks"], [self.pid]]);
        expect(inner).toEqual([["tasks"], [pid, self.pid]]);
      });
    });

    test(`its task is ${name === "async" ? "" : "not "}linked to its owner (297)`, async () => {
      await start();
      await runInProcess(runtime, async (self) => {
        const task = await TaskSupervisor[name](self, "tasks", waits);
        expect(self.info(self.pid, "links")).toEqual(name === "async" ? [task.pid] : []);
        expect(self.info(self.pid, "monitors")).toEqual([task.pid]);
        expect(await TaskSupervisor.children(self, "tasks")).toEqual([task.pid]);
        await task.shutdown();
      });
    });

    test("reports an exit that is no orderly end, by the name of its function", async () => {
      await start();
      await trapping(async (self) => {
        const computes = (task: Self): never => task.exit("r");
        const task = await TaskSupervisor[name](self, "tasks", computes);
        expect(await task.yield()).toEqual({ ok: false, reason: "r" });
      });
      const ofTask = reports.filter(({ fields }) => fields["behaviour"] === "computes/1");
      expect(ofTask).toMatchObject([{ fields: { reason: "r" } }]);
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

describe("a TaskSupervisor", () => {
  test("can be the child of a supervisor, of any kind of name or none", async () => {
    await runtime.start(Registry, { keys: "unique" }, { name: "names" });
    const via = Registry.via("names", "tasks");
    const supervisor = await runtime.start(Supervisor, {
      strategy: "one_for_one",
      children: [
        { id: "a", start: [TaskSupervisor, {}], name: "tasks" },
        { id: "b", start: [TaskSupervisor, {}], name: via },
      ],
    });
    const unnamed = await Supervisor.startChild(runtime, supervisor, {
      id: "c",
      start: [TaskSupervisor, {}],
    });
    for (const tasks of ["tasks", via, (unnamed as { pid: Pid }).pid]) {
      expect(await TaskSupervisor.children(runtime, tasks)).toEqual([]);
      expect(await DynamicSupervisor.countChildren(runtime, tasks)).toEqual({
        specs: 0,
        active: 0,
        supervisors: 0,
        workers: 0,
      });
    }
  });
});

describe("TaskSupervisor.terminateChild", () => {
  test("ends a task; one that is dead it does not find (278)", async () => {
    await start();
    await TaskSupervisor.startChild(runtime, "tasks", waits);
    const [task] = await TaskSupervisor.children(runtime, "tasks");
    expect(await TaskSupervisor.terminateChild(runtime, "tasks", task!)).toEqual({ ok: true });
    expect(await TaskSupervisor.terminateChild(runtime, "tasks", task!)).toEqual({
      ok: false,
      reason: "not_found",
    });
    expect(await TaskSupervisor.children(runtime, "tasks")).toEqual([]);
  });
});
