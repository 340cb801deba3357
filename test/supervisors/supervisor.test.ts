import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ExitMessage,
  GenServer,
  ignore,
  type Logger,
  noReply,
  ok,
  Pid,
  Runtime,
  reply,
  type Self,
  StartError,
} from "../../runtime/index.ts";
import { serverInstance } from "../../runtime/internal.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import {
  type ChildSpec,
  DynamicSupervisor,
  Supervisor,
  type SupervisorOptions,
} from "../../supervisors/index.ts";
import { type Script, ScriptedWorker, type Start, worker, type WorkerOptions } from "./scripted-worker.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

interface Report {
  readonly supervisor: string;
  readonly context?: string;
  readonly reason?: unknown;
  readonly message?: string;
  readonly offender?: { readonly id: string };
}

let clock: VirtualClock;
let runtime: Runtime;
let journal: string[];
let reports: string[];
let lastReport: Report | undefined;
let progress: string[];

beforeEach(async () => {
  clock = new VirtualClock();
  journal = [];
  reports = [];
  progress = [];
  const error = (fields: Report) => {
    const { context, reason, message, offender } = fields;
    lastReport = fields;
    if (context !== undefined) reports.push(`${context} ${offender?.id} ${String(reason)}`);
    else if (message !== undefined) reports.push(`unexpected ${message}`);
  };
  const debug = (fields: { started?: { id: string } }) => void progress.push(String(fields.started?.id));
  runtime = await Runtime.start({ clock, logger: { debug, info() {}, warn() {}, error } as Logger });
});

afterEach(() => runtime.shutdown());

/** Starts the root "top". */
async function start(
  children: readonly ChildSpec[],
  options: Partial<SupervisorOptions> = {},
): Promise<Pid<Supervisor>> {
  return runtime.start(Supervisor, { strategy: "one_for_one", children, ...options }, { name: "top" });
}

/** What was written since the last look, once everything waits. */
async function happened(): Promise<string[]> {
  await settle(runtime);
  return journal.splice(0);
}

async function crash(name: string, reason: unknown = "boom"): Promise<string[]> {
  runtime.cast(name, reason);
  return happened();
}

/** `a`, `b-` without a process, `c?` restarting. */
async function children(supervisor: string | Pid = "top"): Promise<string> {
  const list = await Supervisor.whichChildren(runtime, supervisor);
  return list
    .map(({ id, pid }) => `${id}${pid === undefined ? "-" : pid === "restarting" ? "?" : ""}`)
    .join(" ");
}

const a = (options?: WorkerOptions) => worker(journal, "a", options);
const b = (options?: WorkerOptions) => worker(journal, "b", options);
const c = (options?: WorkerOptions) => worker(journal, "c", options);

describe("Supervisor, starting", () => {
  test("starts its children in order, each completely before the next, and ends them in reverse (225)", async () => {
    const events: string[] = [];
    class Slow extends GenServer<string> {
      async init(id: string) {
        events.push(`begin ${id}`);
        await this.self.receive(() => false, { timeoutMs: 10 });
        events.push(`started ${id}`);
        this.self.trapExit(true);
        return ok(id);
      }
      override async terminate() {
        await this.self.receive(() => false, { timeoutMs: 10 });
        events.push(`ended ${this.state}`);
      }
    }
    const started = start([
      { id: "a", start: [Slow, "a"] },
      { id: "b", start: [Slow, "b"] },
    ]);
    for (let i = 0; i < 2; i += 1) {
      await settle(runtime);
      clock.advance(10);
    }
    const stopped = Supervisor.stop(runtime, await started, "shutdown");
    for (let i = 0; i < 2; i += 1) {
      await settle(runtime);
      clock.advance(10);
    }
    await stopped;
    expect(events).toEqual(["begin a", "started a", "begin b", "started b", "ended b", "ended a"]);
  });

  test("ends those already started, in reverse, when a child fails to start (227)", async () => {
    const failed = start([a({ trapExit: true }), b({ trapExit: true }), c({ starts: [{ stop: "why" }] })]);
    await expect(failed).rejects.toBeInstanceOf(StartError);
    await expect(failed).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "c", "why"]],
    });
    expect(await happened()).toEqual(["start a", "start b", "try c", "end b shutdown", "end a shutdown"]);
    expect(reports).toEqual(["start_error c why"]);
  });

  test("names each supervisor on the way to the child that failed (227)", async () => {
    const inner: SupervisorOptions = {
      strategy: "one_for_one",
      children: [b({ starts: [{ stop: "why" }] })],
    };
    await expect(start([{ id: "n", start: [Supervisor, inner] }])).rejects.toMatchObject({
      reason: [
        "shutdown",
        ["failed_to_start_child", "n", ["shutdown", ["failed_to_start_child", "b", "why"]]],
      ],
    });
  });

  test.each<[string, ChildSpec["start"], unknown]>([
    ["answers a failure: its reason", () => ({ ok: false, reason: "why" }), "why"],
    ["answers anything else: the answer", () => 42 as never, 42],
    [
      "throws something: what it throws",
      () => {
        throw "ball";
      },
      "ball",
    ],
    ["exits: a tagged reason", (self) => self.exit("bad"), ["EXIT", "bad"]],
  ])("a start function that %s (228)", async (_sentence, startFunction, reason) => {
    await expect(start([{ id: "f", start: startFunction }])).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "f", reason]],
    });
  });

  test("a start function may answer a pid, or fail as startLink does (228)", async () => {
    const starts: Start[] = ["ok", { stop: "why" }, "ignore"];
    const script: Script = { id: "a", journal, starts, trapExit: false, terminateMs: 0, terminate: () => {} };
    await start([{ id: "a", start: (self) => self.startLink(ScriptedWorker, script, { name: "a" }) }]);
    expect(await Supervisor.whichChildren(runtime, "top")).toMatchObject([
      { id: "a", pid: runtime.whereis("a") },
    ]);
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: false, reason: "why" });
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: true, pid: undefined });
  });

  test("a start function that throws an error: the error, tagged (228)", async () => {
    const error = new Error("boom");
    const failed = start([
      {
        id: "f",
        start: () => {
          throw error;
        },
      },
    ]);
    await expect(failed).rejects.toMatchObject({
      reason: ["shutdown", ["failed_to_start_child", "f", ["EXIT", error]]],
    });
  });

  test("keeps a child that was ignored, without a process, unless it is temporary (229)", async () => {
    await start([a({ starts: ["ignore", "ok"] }), b({ starts: ["ignore"], restart: "temporary" })]);
    expect(await children()).toBe("a-");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toMatchObject({
      ok: true,
      pid: runtime.whereis("a"),
    });
  });

  test.each<[string, object, string]>([
    [
      "two children with one id",
      {
        children: [
          { id: "x", start: [Supervisor] },
          { id: "x", start: [Supervisor] },
        ],
      },
      "ROOKERY_DUPLICATE_CHILD",
    ],
    ["a misspelled option", { intensty: 1 }, "ROOKERY_SUPERVISOR_OPTION"],
    ["an invalid child", { children: [{ id: "x" }] }, "ROOKERY_CHILD_SPEC"],
  ])("does not start with %s (230)", async (_sentence, options, code) => {
    await expect(start([], options)).rejects.toMatchObject({ reason: { code } });
  });

  test("is linked to its children, also to those that are added later (233)", async () => {
    const top = await start([a()]);
    await Supervisor.startChild(runtime, top, b());
    expect(runtime.info(top)?.links).toEqual([runtime.whereis("a"), runtime.whereis("b")]);
    expect(runtime.info(top)?.trapExit).toBe(true);
  });

  test("reports each child that runs at debug level (142)", async () => {
    await start([a(), b({ starts: ["ignore"] })]);
    expect(progress).toEqual(["a"]);
  });
});

describe("a class of Supervisors", () => {
  test("may answer ignore from its init; rubbish is a bad return (231)", async () => {
    class Absent extends Supervisor {
      override async init() {
        return ignore;
      }
    }
    class Wrong extends Supervisor {
      override async init() {
        return "rubbish" as never;
      }
    }
    await expect(runtime.start(Absent, undefined as never)).rejects.toMatchObject({ reason: "ignore" });
    await expect(runtime.start(Wrong, undefined as never)).rejects.toMatchObject({
      reason: ["bad_return_value", "rubbish"],
    });
    await start([{ id: "absent", start: [Absent] }, a()]);
    expect(await children()).toBe("a absent-");
  });

  test("is never simple_one_for_one: that is what a DynamicSupervisor is, and it takes no children (232)", async () => {
    const option = { reason: { code: "ROOKERY_SUPERVISOR_OPTION" } };
    const simple = "simple_one_for_one" as never;
    await expect(start([a()], { strategy: simple })).rejects.toMatchObject(option);
    for (const options of [{ strategy: simple }, { children: [a(), b()] }]) {
      await expect(runtime.start(DynamicSupervisor, options as never)).rejects.toMatchObject(option);
    }
  });
});

describe("Supervisor, restarting", () => {
  const all = () => [a(), b({ trapExit: true }), c({ trapExit: true })];

  test("one_for_one restarts only the one that crashed (234)", async () => {
    await start(all());
    await happened();
    expect(await crash("b")).toEqual(["end b boom", "start b"]);
  });

  test("one_for_all ends the others in reverse and starts all in order (234)", async () => {
    await start(all(), { strategy: "one_for_all" });
    await happened();
    expect(await crash("a")).toEqual([
      "end a boom",
      "end c shutdown",
      "end b shutdown",
      "start a",
      "start b",
      "start c",
    ]);
  });

  test("rest_for_one ends those after it in reverse, then starts it and them (234)", async () => {
    await start(all(), { strategy: "rest_for_one" });
    await happened();
    expect(await crash("b")).toEqual(["end b boom", "end c shutdown", "start b", "start c"]);
  });

  for (const strategy of ["one_for_all", "rest_for_one"] as const) {
    test.each<[string, unknown]>([
      ["temporary", "boom"],
      ["transient", "normal"],
    ])(
      `${strategy} leaves the siblings alone when a %s child ends with %s (237)`,
      async (restart, reason) => {
        await start([a({ restart: restart as "temporary" }), b(), c()], { strategy });
        await happened();
        expect(await crash("a", reason)).toEqual([`end a ${String(reason)}`]);
      },
    );
  }

  test("starts a child again under its name, which is free by then (248)", async () => {
    await start([a()]);
    const first = runtime.whereis("a");
    runtime.exit("a", "kill");
    await settle(runtime);
    expect(runtime.whereis("a")).toBeInstanceOf(Pid);
    expect(runtime.whereis("a")).not.toBe(first);
    expect(reports).toEqual(["child_terminated a killed"]);
  });

  test.each<[string, unknown, boolean]>([
    ["permanent", "normal", true],
    ["permanent", "shutdown", true],
    ["transient", "normal", false],
    ["transient", "shutdown", false],
    ["transient", ["shutdown", "x"], false],
    ["transient", "boom", true],
    ["temporary", "normal", false],
    ["temporary", "boom", false],
  ])("a %s child that ends with %o is started again: %s (235)", async (restart, reason, again) => {
    await start([a({ restart: restart as "permanent" })]);
    await happened();
    expect((await crash("a", reason)).includes("start a")).toBe(again);
  });

  test("forgets a temporary child that has ended, and keeps a transient one without a process (236)", async () => {
    await start([a({ restart: "transient" }), b({ restart: "temporary" })]);
    await crash("a", "normal");
    await crash("b", "boom");
    expect(await children()).toBe("a-");
  });

  test("one_for_all starts siblings again that had ended before, but no temporary ones (238, 239)", async () => {
    const siblings = [a(), b({ restart: "transient" }), c({ restart: "temporary", trapExit: true })];
    await start([...siblings, worker(journal, "d")], { strategy: "one_for_all" });
    await crash("b", "normal");
    await Supervisor.terminateChild(runtime, "top", "a");
    await happened();
    expect(await crash("d")).toEqual(["end d boom", "end c shutdown", "start a", "start b", "start d"]);
    expect(await children()).toBe("d b a");
  });

  test("gives up with shutdown when there were too many restarts, and ends its other children (240)", async () => {
    const top = await start([a(), b({ trapExit: true })], { intensity: 1 });
    await crash("a");
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "end b shutdown"]);
    expect(runtime.isAlive(top)).toBe(false);
    expect(reports.at(-1)).toBe("shutdown a reached_max_restart_intensity");
  });

  test("forgets restarts that are older than the period (240)", async () => {
    const top = await start([a()], { intensity: 1, periodMs: 1_000 });
    for (let i = 0; i < 3; i += 1) {
      await crash("a");
      clock.advance(2_000);
    }
    expect(runtime.isAlive(top)).toBe(true);
  });

  test("allows 3 restarts within 5 seconds unless told otherwise (226)", async () => {
    const top = await start([a()]);
    for (let i = 0; i < 3; i += 1) await crash("a");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("a");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("counts each failed attempt, and tries again at once (241)", async () => {
    const bad = { stop: "bad" };
    const top = await start([a({ starts: ["ok", bad] })], { intensity: 3 });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "try a", "try a", "try a"]);
    expect(runtime.isAlive(top)).toBe(false);
    expect(reports).toEqual([
      "child_terminated a boom",
      ...Array.from({ length: 3 }, () => "start_error a bad"),
      "shutdown a reached_max_restart_intensity",
    ]);
  });

  test("serves requests between the attempts, which see the child as restarting (242)", async () => {
    const answers: unknown[] = [];
    const ask = async (self: Self) => {
      await self.receive();
      do answers[0] = await children();
      while (answers[0] === "a");
      answers.push(await Supervisor.restartChild(self, "top", "a"));
      answers.push(await Supervisor.deleteChild(self, "top", "a"));
      answers.push(await Supervisor.startChild(self, "top", a()));
      answers.push(await Supervisor.terminateChild(self, "top", "a"));
    };
    const asker = runtime.spawn(ask);
    const starts = ["ok" as const, ...Array.from({ length: 40 }, () => ({ stop: "bad" }))];
    await start([a({ starts })], { intensity: 100 });
    runtime.send(asker, "go");
    await crash("a");
    await settle(runtime);
    expect(answers).toEqual([
      "a?",
      { ok: false, reason: "restarting" },
      { ok: false, reason: "restarting" },
      { ok: false, reason: "already_present" },
      { ok: true },
    ]);
    expect(await children()).toBe("a-");
  });

  test("one_for_all: tries the whole again when one of them fails to start (244)", async () => {
    await start([a({ trapExit: true }), b({ starts: ["ok", { stop: "bad" }, "ok"] }), c()], {
      strategy: "one_for_all",
    });
    await happened();
    expect(await crash("c")).toEqual([
      "end c boom",
      "end a shutdown",
      "start a",
      "try b",
      "end a shutdown",
      "start a",
      "start b",
      "start c",
    ]);
  });

  test("a nested supervisor that gave up is restarted if permanent, and let be if transient (243)", async () => {
    const inner = (child: ChildSpec): SupervisorOptions => ({
      strategy: "one_for_one",
      intensity: 0,
      children: [child],
    });
    await start([
      { id: "permanent", start: [Supervisor, inner(a())] },
      { id: "transient", start: [Supervisor, inner(b())], restart: "transient" },
    ]);
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "start a"]);
    expect(await crash("b")).toEqual(["end b boom"]);
    expect(await children()).toBe("transient- permanent");
  });

  test("keeps nothing of processes that have ended", async () => {
    const top = await start(all(), { strategy: "one_for_all" });
    await crash("b");
    await Supervisor.terminateChild(runtime, top, "c");
    const { byPid } = serverInstance(runtime, top, Supervisor)!.state;
    expect([...byPid.keys()]).toEqual([runtime.whereis("a"), runtime.whereis("b")]);
  });

  test("a restarted child keeps its place (246)", async () => {
    await start(all());
    await crash("a");
    expect(await children()).toBe("c b a");
  });

  test("one_for_all: two crashes at once are one restart (247)", async () => {
    const top = await start(all(), { strategy: "one_for_all", intensity: 1 });
    await happened();
    runtime.exit("a", "kill");
    runtime.exit("b", "kill");
    expect(await happened()).toEqual(["end c shutdown", "start a", "start b", "start c"]);
    expect(runtime.isAlive(top)).toBe(true);
    expect(reports).toEqual(["child_terminated a killed", "shutdown_error b killed"]);
  });

  test("reports supervisor, context, reason and offender (142)", async () => {
    await start([a({ restart: "transient" })]);
    const pid = String(runtime.whereis("a"));
    await crash("a");
    expect(lastReport).toMatchObject({
      supervisor: "top",
      context: "child_terminated",
      reason: "boom",
      offender: {
        id: "a",
        pid,
        server: "ScriptedWorker",
        restart: "transient",
        shutdown: 5_000,
        type: "worker",
      },
    });
  });

  test("reports a child that is permanent whatever its reason, another only if it crashed (143)", async () => {
    await start([a(), b({ restart: "transient" }), c({ restart: "temporary" })]);
    await crash("b", "shutdown");
    await crash("c", "normal");
    expect(reports).toEqual([]);
    await crash("a", "normal");
    expect(reports).toEqual(["child_terminated a normal"]);
  });
});

describe("Supervisor, ending", () => {
  test("kills a child that does not end within its shutdown time (249, 253)", async () => {
    await start([a({ trapExit: true, terminateMs: 100, shutdown: 50 })]);
    const terminated = Supervisor.terminateChild(runtime, "top", "a");
    await settle(runtime);
    clock.advance(50);
    expect(await terminated).toEqual({ ok: true });
    expect(reports).toEqual(["shutdown_error a killed"]);
  });

  test("waits for ever for an infinite shutdown, and kills at once for a brutal one (249)", async () => {
    await start([
      a({ trapExit: true, terminateMs: 3_600_000, shutdown: "infinity" }),
      b({ trapExit: true, shutdown: "brutal_kill" }),
    ]);
    await happened();
    await Supervisor.terminateChild(runtime, "top", "b");
    expect(journal).toEqual([]);
    const terminated = Supervisor.terminateChild(runtime, "top", "a");
    await settle(runtime);
    clock.advance(3_600_000);
    expect(await terminated).toEqual({ ok: true });
    expect(reports).toEqual([]);
  });

  test("ends its children one at a time: a slow one delays those before it (250)", async () => {
    await start([a({ trapExit: true }), b({ trapExit: true, terminateMs: 100 })]);
    await happened();
    const stopped = Supervisor.stop(runtime, "top");
    expect(await happened()).toEqual(["end b shutdown"]);
    clock.advance(100);
    await stopped;
    expect(journal).toEqual(["end a shutdown"]);
  });

  test("reports a child that ended in another way than told (252)", async () => {
    await start([
      a({
        trapExit: true,
        terminate: () => {
          throw new Error("no");
        },
      }),
    ]);
    expect(await Supervisor.terminateChild(runtime, "top", "a")).toEqual({ ok: true });
    expect(reports).toEqual(["shutdown_error a Error: no"]);
  });

  test("does not notice the death of a child that has unlinked itself (254)", async () => {
    const top = await start([
      { id: "u", start: (self) => ({ ok: true, pid: self.spawnLink(unlinks(self.pid)) }) },
    ]);
    await settle(runtime);
    expect(await children()).toBe("u");
    expect(await Supervisor.countChildren(runtime, top)).toMatchObject({ specs: 1, active: 0 });
    expect(await Supervisor.terminateChild(runtime, top, "u")).toEqual({ ok: true });
  });

  test.each(["shutdown", "normal", "boom"])(
    "ends, children first, when its parent exits with %s (255)",
    async (reason) => {
      const parent = runtime.spawn(async (self) => {
        await self.startLink(
          Supervisor,
          { strategy: "one_for_one", children: [a({ trapExit: true })] },
          { name: "top" },
        );
        self.exit(await self.receive());
      });
      await happened();
      runtime.send(parent, reason);
      expect(await happened()).toEqual(["end a shutdown"]);
      expect(runtime.whereis("top")).toBeUndefined();
    },
  );

  test("ignores exit signals of strangers, but not a kill (256, 257)", async () => {
    const top = await start([a({ trapExit: true })]);
    runtime.exit(top, "shutdown");
    await happened();
    expect(runtime.isAlive(top)).toBe(true);
    runtime.exit(top, "kill");
    expect(await happened()).toEqual(["end a killed"]);
  });

  test("drops an unexpected message, and dies of an unknown call (258)", async () => {
    const top = await start([a()]);
    runtime.send(top, "hello");
    await settle(runtime);
    expect(runtime.isAlive(top)).toBe(true);
    expect(reports).toEqual(["unexpected hello"]);
    await expect(runtime.call(top as Pid, "hello")).rejects.toMatchObject({
      reason: [{ code: "ROOKERY_SUPERVISOR_REQUEST" }, expect.anything()],
    });
    expect(runtime.isAlive(top)).toBe(false);
  });
});

function unlinks(supervisor: Pid) {
  return (self: Self) => {
    self.unlink(supervisor);
  };
}

describe("Supervisor, management", () => {
  test("whichChildren lists the last started first (260)", async () => {
    const top = await start([a(), { id: "n", start: [Supervisor, { strategy: "one_for_one" }] }]);
    const [n, first] = await Supervisor.whichChildren(runtime, top);
    expect(first).toEqual({
      id: "a",
      pid: runtime.whereis("a"),
      type: "worker",
      modules: ["ScriptedWorker"],
    });
    expect(n).toMatchObject({ id: "n", type: "supervisor", modules: ["Supervisor"] });
  });

  test("countChildren counts specs, dead or alive, and processes that live (261)", async () => {
    await start([a(), b(), { id: "n", start: [Supervisor, { strategy: "one_for_one" }] }]);
    await Supervisor.terminateChild(runtime, "top", "b");
    expect(await Supervisor.countChildren(runtime, "top")).toEqual({
      specs: 3,
      active: 2,
      supervisors: 1,
      workers: 2,
    });
  });

  test("terminateChild ends a child that is not started again, and answers ok again (262)", async () => {
    await start([a({ trapExit: true })], { intensity: 0 });
    await happened();
    expect(await Supervisor.terminateChild(runtime, "top", "a")).toEqual({ ok: true });
    expect(await Supervisor.terminateChild(runtime, "top", "a")).toEqual({ ok: true });
    expect(await Supervisor.terminateChild(runtime, "top", "x")).toEqual({ ok: false, reason: "not_found" });
    expect(await happened()).toEqual(["end a shutdown"]);
    expect(await children()).toBe("a-");
  });

  test("terminateChild forgets a temporary child (263)", async () => {
    await start([a({ restart: "temporary" })]);
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(await children()).toBe("");
  });

  test("restartChild starts a child that has no process (264)", async () => {
    await start([a({ starts: ["ok", { stop: "why" }, "ok"] })]);
    expect(await Supervisor.restartChild(runtime, "top", "x")).toEqual({ ok: false, reason: "not_found" });
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: false, reason: "running" });
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({ ok: false, reason: "why" });
    expect(await children()).toBe("a-");
    expect(await Supervisor.restartChild(runtime, "top", "a")).toEqual({
      ok: true,
      pid: runtime.whereis("a"),
    });
  });

  test("deleteChild deletes the spec of a child that has no process (265)", async () => {
    await start([a()]);
    expect(await Supervisor.deleteChild(runtime, "top", "a")).toEqual({ ok: false, reason: "running" });
    await Supervisor.terminateChild(runtime, "top", "a");
    expect(await Supervisor.deleteChild(runtime, "top", "a")).toEqual({ ok: true });
    expect(await Supervisor.deleteChild(runtime, "top", "a")).toEqual({ ok: false, reason: "not_found" });
  });

  test("startChild adds a child behind the others (266, 267)", async () => {
    await start([a()]);
    expect(await Supervisor.startChild(runtime, "top", b())).toEqual({ ok: true, pid: runtime.whereis("b") });
    expect(await children()).toBe("b a");
    expect(await Supervisor.startChild(runtime, "top", b())).toEqual({
      ok: false,
      reason: ["already_started", runtime.whereis("b")],
    });
    await Supervisor.terminateChild(runtime, "top", "b");
    expect(await Supervisor.startChild(runtime, "top", b())).toEqual({
      ok: false,
      reason: "already_present",
    });
  });

  test("startChild does not keep what failed to start, and keeps what was ignored (266)", async () => {
    await start([]);
    expect(await Supervisor.startChild(runtime, "top", a({ starts: [{ stop: "why" }] }))).toEqual({
      ok: false,
      reason: ["why", expect.objectContaining({ id: "a", restart: "permanent", shutdown: 5_000 })],
    });
    expect(await Supervisor.startChild(runtime, "top", b({ starts: ["ignore"] }))).toEqual({
      ok: true,
      pid: undefined,
    });
    const temporary = c({ starts: ["ignore"], restart: "temporary" });
    expect(await Supervisor.startChild(runtime, "top", temporary)).toEqual({ ok: true, pid: undefined });
    expect(await children()).toBe("b-");
  });

  test("startChild passes on what else a start function answers (266)", async () => {
    await start([]);
    const extra: ChildSpec = {
      id: "e",
      start: (self) => ({ ok: true, pid: self.spawnLink(waits), extra: 42 }),
    };
    expect(await Supervisor.startChild(runtime, "top", extra)).toMatchObject({ ok: true, extra: 42 });
  });

  test("startChild refuses an invalid spec before it asks", async () => {
    await start([]);
    await expect(Supervisor.startChild(runtime, "top", { id: "x" } as ChildSpec)).rejects.toMatchObject({
      code: "ROOKERY_CHILD_SPEC",
    });
  });

  test("startChild refuses a significant child of a supervisor that never ends because of one (272)", async () => {
    await start([]);
    const child = a({ restart: "transient", significant: true });
    expect(await Supervisor.startChild(runtime, "top", child)).toMatchObject({
      reason: ["bad_combination", expect.anything()],
    });
  });

  test("getChildSpec answers the spec with its defaults filled in (273)", async () => {
    await start([a()]);
    expect(await Supervisor.getChildSpec(runtime, "top", "a")).toMatchObject({
      ok: true,
      spec: { id: "a", name: "a", restart: "permanent", shutdown: 5_000, type: "worker", significant: false },
    });
    expect(await Supervisor.getChildSpec(runtime, "top", "x")).toEqual({ ok: false, reason: "not_found" });
  });

  test("stop ends the supervisor with the reason given", async () => {
    const top = await start([a({ trapExit: true })]);
    await happened();
    await Supervisor.stop(runtime, top, "done");
    expect(journal).toEqual(["end a shutdown"]);
    expect(runtime.isAlive(top)).toBe(false);
  });
});

async function waits(self: Self): Promise<void> {
  await self.receive();
}

describe("a child that asks its own Supervisor", () => {
  const asking: ChildSpec["start"] = (parent) =>
    parent.spawnLink(async (self) => journal.push(`asked ${(await count(self)).specs}`));
  const count = (self: Self) => Supervisor.countChildren(self, "top");

  test("is answered once the supervisor is done with what it is doing (259)", async () => {
    await start([a()]);
    await Supervisor.startChild(runtime, "top", { id: "asking", start: asking, restart: "temporary" });
    expect(await happened()).toEqual(["start a", "asked 2"]);
  });

  test("waits for ever in its init, for the supervisor waits for that (259)", async () => {
    class Asking extends GenServer {
      async init() {
        return ok(await count(this.self));
      }
    }
    const tree = start([{ id: "asking", start: [Asking] }]);
    const outcome = Promise.race([tree.catch(() => "failed"), settle(runtime).then(() => "waits")]);
    expect(await outcome).toBe("waits");
  });

  test("calls itself in a start function, which the supervisor runs (259)", async () => {
    await start([]);
    const started = await Supervisor.startChild(runtime, "top", {
      id: "asking",
      start: async (parent) => ({ ok: false, reason: await count(parent) }),
    });
    expect(started).toMatchObject({
      reason: [["EXIT", ["calling_self", expect.anything()]], { id: "asking" }],
    });
  });
});

describe("Supervisor, autoShutdown", () => {
  const significant = { restart: "transient", significant: true } as const;

  test("any_significant ends it when a significant child ends by itself (269)", async () => {
    const top = await start([a({ trapExit: true }), b(significant)], { autoShutdown: "any_significant" });
    await happened();
    expect(await crash("b", "normal")).toEqual(["end b normal", "end a shutdown"]);
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("all_significant ends it when the last of them has ended (269)", async () => {
    const top = await start([a(significant), b(significant)], { autoShutdown: "all_significant" });
    await crash("a", "normal");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b", "normal");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("a significant child that is started again does not, a temporary one that crashes does (270)", async () => {
    const children = [a(significant), b({ ...significant, restart: "temporary" })];
    const top = await start(children, { autoShutdown: "any_significant" });
    await crash("a", "boom");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b", "boom");
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("terminateChild does not (271)", async () => {
    const top = await start([a(significant)], { autoShutdown: "any_significant" });
    await Supervisor.terminateChild(runtime, top, "a");
    await settle(runtime);
    expect(runtime.isAlive(top)).toBe(true);
  });
});

describe("a child of a Supervisor", () => {
  test("is known to its starter's parent only by the link of the supervisor (245)", async () => {
    const exit = await runInProcess(runtime, async (self) => {
      self.trapExit(true);
      await self.startLink(Supervisor, { strategy: "one_for_one", intensity: 0, children: [a()] });
      self.cast("a", "boom");
      return self.receive();
    });
    expect(exit).toBeInstanceOf(ExitMessage);
    expect(exit).toMatchObject({ reason: "shutdown" });
  });

  test("may have asynchronous callbacks: what it did not finish is gone with it", async () => {
    class Late extends GenServer<number, "get" | "hang"> {
      init(value: number) {
        return ok(value);
      }
      override async handleCall(request: "get" | "hang") {
        if (request === "hang") await this.self.receive(() => false);
        return reply(this.state);
      }
      override handleInfo() {
        return noReply();
      }
    }
    await start([{ id: "late", start: [Late, 7], name: "late" }]);
    const hanging = runtime.call("late", "hang");
    await settle(runtime);
    runtime.exit("late", "kill");
    await expect(hanging).rejects.toMatchObject({ reason: ["killed", expect.anything()] });
    await settle(runtime);
    expect(await runtime.call("late", "get")).toBe(7);
  });
});
