import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DownMessage,
  GenServer,
  ok,
  type Pid,
  reply,
  Runtime,
  type Self,
  silentLogger,
} from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";
import {
  Application,
  child,
  type ChildSpec,
  DynamicSupervisor,
  PartitionSupervisor,
  Supervisor,
  TaskSupervisor,
} from "../../supervisors/index.ts";

class Cell extends GenServer<number, "get"> {
  init(value: number) {
    return ok(value);
  }
  override handleCall() {
    return reply(this.state);
  }
}

/** What the compiler would refuse, as code without types hands it in. */
const as = (value: unknown): never => value as never;
const cell: ChildSpec = child(Cell, 7);

let runtime: Runtime;
let tree: Pid<Supervisor>;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  tree = await runtime.start(Supervisor, {
    strategy: "one_for_one",
    children: [
      { ...cell, name: "cell" },
      { id: "dynamic", start: [DynamicSupervisor, {}], name: "dynamic" },
      { id: "tasks", start: [TaskSupervisor, {}], name: "tasks" },
    ],
  });
});

afterEach(() => runtime.shutdown());

type Mistake = readonly [
  what: string,
  make: (self: Self) => unknown,
  code: string,
  expected: string,
  got: string,
];

const mistakes: readonly Mistake[] = [
  [
    "a child with a misspelled key",
    (self) => Supervisor.startChild(self, tree, as({ ...cell, restrat: "x" })),
    "ROOKERY_CHILD_SPEC",
    "restart, shutdown",
    "'restrat'",
  ],
  [
    "no child at all",
    (self) => Supervisor.startChild(self, tree, as(undefined)),
    "ROOKERY_CHILD_SPEC",
    "an object",
    "undefined",
  ],
  [
    "a dynamic child with a wrong shutdown",
    (self) => DynamicSupervisor.startChild(self, "dynamic", as({ ...cell, shutdown: -1 })),
    "ROOKERY_CHILD_SPEC",
    "a shutdown",
    "-1",
  ],
  [
    "a dynamic child that is no pid",
    (self) => DynamicSupervisor.terminateChild(self, "dynamic", as("cell")),
    "ROOKERY_BADARG",
    "a pid",
    "'cell'",
  ],
  [
    "a supervisor asked by nobody",
    () => Supervisor.whichChildren(as({}), tree),
    "ROOKERY_BADARG",
    "the handle of a process, or a runtime",
    "{}",
  ],
  [
    "a supervisor started by nobody",
    () => Supervisor.start(as(5), { strategy: "one_for_one" }),
    "ROOKERY_BADARG",
    "the handle of a process, or a runtime",
    "5",
  ],
  [
    "a supervisor linked to a runtime",
    () => Supervisor.startLink(as(runtime), { strategy: "one_for_one" }),
    "ROOKERY_BADARG",
    "the handle of a process",
    "Runtime",
  ],
  [
    "a task without a body",
    (self) => TaskSupervisor.async(self, "tasks", as(5)),
    "ROOKERY_BADARG",
    "the body of a task",
    "5",
  ],
  [
    "a task with a misspelled option",
    (self) => TaskSupervisor.startChild(self, "tasks", () => 1, as({ restrat: 1 })),
    "ROOKERY_BADARG",
    "the options restart, shutdown",
    "'restrat'",
  ],
  [
    "a task for an owner that is restarted",
    (self) => TaskSupervisor.asyncNolink(self, "tasks", () => 1, as({ restart: "permanent" })),
    "ROOKERY_BADARG",
    "the options shutdown",
    "'restart'",
  ],
  [
    "a task of no process",
    () => TaskSupervisor.async(as(runtime), "tasks", () => 1),
    "ROOKERY_BADARG",
    "the handle of a process",
    "Runtime",
  ],
  [
    "a stream with a misspelled option",
    (self) => TaskSupervisor.asyncStream(self, "tasks", [1], (n) => n, as({ max: 1 })),
    "ROOKERY_BADARG",
    "the options maxConcurrency",
    "'max'",
  ],
  [
    "a stream whose options are null",
    (self) => TaskSupervisor.asyncStream(self, "tasks", [1], (n) => n, as(null)),
    "ROOKERY_BADARG",
    "an object",
    "null",
  ],
  [
    "a child of no class",
    () => child(as("Cell"), as(7)),
    "ROOKERY_CHILD_SPEC",
    "a class of servers",
    "'Cell'",
  ],
  [
    "an environment of nowhere",
    () => Application.getEnv(as(5), "demo", "key"),
    "ROOKERY_BADARG",
    "the handle of a process, or a runtime",
    "5",
  ],
];

describe("ends the process that gives it, and no other, with an error that says what was expected and what came:", () => {
  test.each(mistakes)("%s", async (_, make, code, expected, got) => {
    await runInProcess(runtime, async (self) => {
      const { ref } = self.spawnMonitor((victim) => make(victim));
      const { reason } = (await self.receive({ ref })) as DownMessage;
      expect(reason).toMatchObject({ code, message: expect.stringMatching(/^Expected .*, got /) });
      expect((reason as Error).message).toContain(expected);
      expect((reason as Error).message.split(", got ").at(-1)).toContain(got);
    });
    expect(await Supervisor.countChildren(runtime, tree)).toMatchObject({ active: 3 });
    expect(await runtime.call(as("cell"), as("get"))).toBe(7);
  });
});

describe("a start fails with what was expected and what came, and leaves nothing behind:", () => {
  test.each<[string, unknown, unknown, string]>([
    [
      "a misspelled option",
      Supervisor,
      { strategy: "one_for_one", maxRestarts: 1 },
      "ROOKERY_SUPERVISOR_OPTION",
    ],
    [
      "a misspelled key of a child",
      Supervisor,
      { strategy: "one_for_one", children: [{ ...cell, restrat: 1 }] },
      "ROOKERY_CHILD_SPEC",
    ],
    [
      "two children with one id",
      Supervisor,
      { strategy: "one_for_one", children: [cell, cell] },
      "ROOKERY_DUPLICATE_CHILD",
    ],
    ["a negative maxChildren", DynamicSupervisor, { maxChildren: -1 }, "ROOKERY_SUPERVISOR_OPTION"],
    [
      "no partitions",
      PartitionSupervisor,
      { childSpec: { start: [Cell, 1] }, partitions: 0 },
      "ROOKERY_SUPERVISOR_OPTION",
    ],
    [
      "partitions that run nothing",
      PartitionSupervisor,
      { childSpec: {}, withArgument: (n: number) => n },
      "ROOKERY_SUPERVISOR_OPTION",
    ],
  ])("%s", async (_, Server, options, code) => {
    const before = runtime.processes();
    await expect(runtime.start(as(Server), as(options))).rejects.toMatchObject({
      code: "ROOKERY_START_FAILED",
      cause: { code, message: expect.stringMatching(/^Expected .*(, got |, but )/) },
    });
    expect(runtime.processes()).toEqual(before);
  });

  test.each<[string, object | undefined, string]>([
    ["no options", undefined, "ROOKERY_SUPERVISOR_OPTION"],
    ["no name", { start: [] }, "ROOKERY_SUPERVISOR_OPTION"],
    ["no start", { name: "demo" }, "ROOKERY_SUPERVISOR_OPTION"],
    ["a misspelled option", { name: "demo", start: [], envs: {} }, "ROOKERY_SUPERVISOR_OPTION"],
    ["an env that is none", { name: "demo", start: [], env: 5 }, "ROOKERY_SUPERVISOR_OPTION"],
    [
      "one application for a list",
      { name: "demo", start: [], applications: {} },
      "ROOKERY_SUPERVISOR_OPTION",
    ],
    [
      "a needed application that is none",
      { name: "demo", start: [], applications: ["db"] },
      "ROOKERY_SUPERVISOR_OPTION",
    ],
    [
      "a misspelled option of its runtime",
      { name: "demo", start: [], runtime: { loger: silentLogger } },
      "ROOKERY_BADARG",
    ],
    ["signals that nobody can wait for", { name: "demo", start: [], signals: {} }, "ROOKERY_BADARG"],
  ])("an application with %s", async (_, options, code) => {
    await expect(Application.run(as(options))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^Expected .*, got /),
    });
  });
});
