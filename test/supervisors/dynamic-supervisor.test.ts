import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenServer, type Logger, ok, type Pid, Runtime, type Self } from "../../runtime/index.ts";
import { serverInstance } from "../../runtime/internal.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import { child, DynamicSupervisor, type DynamicSupervisorOptions } from "../../supervisors/index.ts";
import { ScriptedWorker, worker, type WorkerOptions } from "./scripted-worker.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let clock: VirtualClock;
let runtime: Runtime;
let journal: string[];
let reports: string[];

beforeEach(async () => {
  clock = new VirtualClock();
  journal = [];
  reports = [];
  const error = ({ context, reason }: { context?: string; reason?: unknown }) => {
    if (context !== undefined) reports.push(`${context} ${String(reason)}`);
  };
  runtime = await Runtime.start({ clock, logger: { debug() {}, info() {}, warn() {}, error } as Logger });
});

afterEach(() => runtime.shutdown());

/** Starts the supervisor "top". */
function start(options: DynamicSupervisorOptions = {}): Promise<Pid<DynamicSupervisor>> {
  return runtime.start(DynamicSupervisor, options, { name: "top" });
}

/** Starts a worker that must start. */
async function add(id: string, options?: WorkerOptions): Promise<Pid> {
  const started = await DynamicSupervisor.startChild(runtime, "top", worker(journal, id, options));
  if (!started.ok) throw new Error(`${id} did not start`);
  return started.pid;
}

async function happened(): Promise<string[]> {
  await settle(runtime);
  return journal.splice(0);
}

async function crash(name: string, reason: unknown = "boom"): Promise<string[]> {
  runtime.cast(name, reason);
  return happened();
}

describe("DynamicSupervisor.startChild", () => {
  test("starts a child that is linked to the supervisor", async () => {
    const top = await start();
    const pid = await add("a");
    expect(runtime.whereis("a")).toBe(pid);
    expect(runtime.info(top)?.links).toEqual([pid]);
  });

  test.each([0, 1])("refuses more than %s children (274)", async (maxChildren) => {
    await start({ maxChildren });
    for (let n = 0; n < maxChildren; n += 1) await add(`a${n}`);
    expect(await DynamicSupervisor.startChild(runtime, "top", worker(journal, "b"))).toEqual({
      ok: false,
      reason: "max_children",
    });
  });

  test("has room again when a child has ended", async () => {
    await start({ maxChildren: 1 });
    await add("a", { restart: "temporary" });
    await crash("a");
    await add("b");
    expect(journal).toEqual(["start b"]);
  });

  test("puts the extra arguments before those of the child (275)", async () => {
    const seen: unknown[] = [];
    class Curious extends GenServer<unknown> {
      init(arg: unknown) {
        seen.push(arg);
        return ok(arg);
      }
    }
    await start({ extraArguments: ["x", "y"] });
    await DynamicSupervisor.startChild(runtime, "top", child(Curious, "own"));
    await DynamicSupervisor.startChild(runtime, "top", { id: "none", start: [Curious] });
    await DynamicSupervisor.startChild(runtime, "top", {
      id: "function",
      restart: "temporary",
      start: (self, ...extra) => {
        seen.push(extra);
        return { ok: true, pid: self.spawnLink(() => {}) };
      },
    });
    expect(seen).toEqual([
      ["x", "y", "own"],
      ["x", "y"],
      ["x", "y"],
    ]);
  });

  test.each<[string, () => never, unknown]>([
    [
      "raises: the error",
      () => {
        throw new RangeError("boom");
      },
      new RangeError("boom"),
    ],
    [
      "throws something: nocatch",
      () => {
        throw "ball";
      },
      ["nocatch", "ball"],
    ],
    ["answers anything else: the answer", () => 42 as never, 42],
    ["ignores: ignore, and nothing is kept", () => ({ ok: false, reason: "ignore" }) as never, "ignore"],
  ])("a start function that %s (276)", async (_sentence, startFunction, reason) => {
    await start();
    const spec = { id: "f", start: startFunction };
    expect(await DynamicSupervisor.startChild(runtime, "top", spec)).toEqual({ ok: false, reason });
    expect(await DynamicSupervisor.whichChildren(runtime, "top")).toEqual([]);
  });

  test("answers the reason of an init that stopped", async () => {
    await start();
    const failed = await DynamicSupervisor.startChild(
      runtime,
      "top",
      worker(journal, "a", { starts: [{ stop: "why" }] }),
    );
    expect(failed).toEqual({ ok: false, reason: "why" });
  });

  test("refuses a significant child of a supervisor that never ends because of one (272)", async () => {
    await start();
    const spec = worker(journal, "a", { restart: "transient", significant: true });
    expect(await DynamicSupervisor.startChild(runtime, "top", spec)).toMatchObject({
      reason: ["bad_combination", expect.anything()],
    });
  });

  test("refuses an invalid spec before it asks", async () => {
    await start();
    await expect(DynamicSupervisor.startChild(runtime, "top", { id: "x" } as never)).rejects.toMatchObject({
      code: "ROOKERY_CHILD_SPEC",
    });
  });
});

describe("DynamicSupervisor, restarting", () => {
  test("restarts the one that crashed, as its restart type says (235)", async () => {
    await start();
    await add("permanent");
    await add("transient", { restart: "transient" });
    await add("temporary", { restart: "temporary" });
    await happened();
    expect(await crash("permanent", "normal")).toEqual(["end permanent normal", "start permanent"]);
    expect(await crash("transient")).toEqual(["end transient boom", "start transient"]);
    expect(await crash("transient", "normal")).toEqual(["end transient normal"]);
    expect(await crash("temporary")).toEqual(["end temporary boom"]);
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1 });
    expect(reports).toEqual(["child_terminated normal", "child_terminated boom", "child_terminated boom"]);
  });

  test("tries again by a message to itself, and each attempt counts (280)", async () => {
    const top = await start({ intensity: 3 });
    await add("a", { starts: ["ok", { stop: "bad" }] });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "try a", "try a", "try a"]);
    expect(runtime.isAlive(top)).toBe(false);
    expect(reports.at(-1)).toBe("shutdown reached_max_restart_intensity");
  });

  /** Starts a child that crashes and can't start again, and does `body` between two attempts. */
  function whileRestarting<Value>(body: (self: Self, pid: Pid) => Promise<Value>): Promise<Value> {
    return runInProcess(runtime, async (self) => {
      await self.start(DynamicSupervisor, { intensity: 1_000, maxChildren: 1 }, { name: "top" });
      const pid = await add("a", { starts: ["ok", { stop: "bad" }] });
      self.cast("a", "boom");
      const seen = async () => (await DynamicSupervisor.whichChildren(self, "top"))[0]?.pid;
      while ((await seen()) === pid);
      return body(self, pid);
    });
  }

  test("a child that is restarting counts towards maxChildren, is listed, and can be ended", async () => {
    const answers = await whileRestarting(async (self, pid) => [
      await DynamicSupervisor.whichChildren(self, "top"),
      await DynamicSupervisor.countChildren(self, "top"),
      await DynamicSupervisor.startChild(self, "top", worker(journal, "b")),
      await DynamicSupervisor.terminateChild(self, "top", pid),
      await DynamicSupervisor.whichChildren(self, "top"),
    ]);
    expect(answers).toEqual([
      [expect.objectContaining({ pid: "restarting" })],
      { specs: 1, active: 0, supervisors: 0, workers: 1 },
      { ok: false, reason: "max_children" },
      { ok: true },
      [],
    ]);
    await settle(runtime);
    expect(reports.filter((report) => !report.startsWith("start_error"))).toEqual(["child_terminated boom"]);
  });

  test("a supervisor that ends does not wait for a child that is restarting", async () => {
    await whileRestarting((self) => self.stop("top"));
    expect(reports.filter((report) => report.startsWith("shutdown"))).toEqual([]);
  });

  test("a child that has started again after some attempts is as good as new", async () => {
    await start();
    await add("a", { starts: ["ok", { stop: "bad" }, "ok"] });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "try a", "start a"]);
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1, active: 1 });
  });

  test("drops a child whose restart is ignored (280)", async () => {
    await start();
    await add("a", { starts: ["ok", "ignore"] });
    await crash("a");
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 0 });
  });
});

describe("DynamicSupervisor, as simple_one_for_one", () => {
  test("answers the reason of a failed start as it is, and keeps nothing of it (268)", async () => {
    await start();
    for (const [begin, reason] of [
      [{ stop: "why" }, "why"],
      ["ignore", "ignore"],
    ] as const) {
      const spec = worker(journal, "a", { starts: [begin] });
      expect(await DynamicSupervisor.startChild(runtime, "top", spec)).toEqual({ ok: false, reason });
    }
    expect(await DynamicSupervisor.whichChildren(runtime, "top")).toEqual([]);
  });

  test("ends in order after a restart that was ignored, which OTP 25 does not (268)", async () => {
    const top = await start();
    await add("a", { starts: ["ok", "ignore"] });
    await add("b", { trapExit: true });
    await happened();
    await crash("a");
    await DynamicSupervisor.stop(runtime, top, "shutdown");
    expect(await happened()).toEqual(["end b shutdown"]);
    expect(reports).toEqual(["child_terminated boom"]);
  });
});

describe("DynamicSupervisor, management", () => {
  test("takes the same id any number of times, and lists children without ids (277)", async () => {
    await start();
    const spec = { ...worker(journal, "a"), name: "first" };
    await DynamicSupervisor.startChild(runtime, "top", spec);
    await DynamicSupervisor.startChild(runtime, "top", { ...spec, name: "second" });
    expect(await DynamicSupervisor.whichChildren(runtime, "top")).toEqual(
      ["first", "second"].map((name) => ({
        id: undefined,
        pid: runtime.whereis(name),
        type: "worker",
        modules: ["ScriptedWorker"],
      })),
    );
  });

  test("countChildren counts children (277)", async () => {
    await start();
    await add("a");
    await DynamicSupervisor.startChild(runtime, "top", child(DynamicSupervisor, {}));
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toEqual({
      specs: 2,
      active: 2,
      supervisors: 1,
      workers: 1,
    });
  });

  test("terminateChild ends a child and forgets it; a dead or foreign one is not found (278)", async () => {
    const top = await start();
    const pid = await add("a", { trapExit: true });
    await happened();
    expect(await DynamicSupervisor.terminateChild(runtime, "top", pid)).toEqual({ ok: true });
    expect(await happened()).toEqual(["end a shutdown"]);
    expect(await DynamicSupervisor.terminateChild(runtime, "top", pid)).toEqual({
      ok: false,
      reason: "not_found",
    });
    expect(await DynamicSupervisor.terminateChild(runtime, "top", top)).toEqual({
      ok: false,
      reason: "not_found",
    });
  });

  test("drops an unexpected message, and dies of an unknown call (258)", async () => {
    const top = await start();
    runtime.send(top, "hello");
    await settle(runtime);
    expect(runtime.isAlive(top)).toBe(true);
    await expect(runtime.call(top as Pid, "hello")).rejects.toMatchObject({
      reason: [{ code: "ROOKERY_SUPERVISOR_REQUEST" }, expect.anything()],
    });
  });

  test("keeps nothing of the argument of a child that it will never start again", async () => {
    const top = await start();
    await add("a", { restart: "temporary" });
    await add("b");
    const { children } = serverInstance(runtime, top, DynamicSupervisor)!.state;
    const starts = Array.from(children.values(), ({ spec }) => spec.start);
    expect(starts).toEqual([[ScriptedWorker], [ScriptedWorker, expect.anything()]]);
  });
});

describe("DynamicSupervisor, ending", () => {
  test("ends its children all at once, each with its own time (251, 281)", async () => {
    const top = await start();
    await add("slow", { trapExit: true, terminateMs: 100, shutdown: 1_000 });
    await add("late", { trapExit: true, terminateMs: 100, shutdown: 50 });
    await add("killed", { trapExit: true, shutdown: "brutal_kill" });
    await add("quick", { trapExit: true });
    await happened();
    const stopped = DynamicSupervisor.stop(runtime, top);
    expect((await happened()).sort()).toEqual([
      "end late shutdown",
      "end quick shutdown",
      "end slow shutdown",
    ]);
    clock.advance(50);
    await settle(runtime);
    expect(runtime.whereis("late")).toBeUndefined();
    expect(runtime.whereis("slow")).toBeDefined();
    clock.advance(50);
    await stopped;
    expect(reports).toEqual(["shutdown_error killed"]);
  });

  test("waits for ever for an infinite shutdown", async () => {
    const top = await start();
    await add("a", { trapExit: true, terminateMs: 3_600_000, shutdown: "infinity" });
    const stopped = DynamicSupervisor.stop(runtime, top);
    await settle(runtime);
    clock.advance(3_600_000);
    await stopped;
    expect(reports).toEqual([]);
  });

  test("reports the real reason of a child that was dead already", async () => {
    const top = await start();
    await add("a");
    const stopped = DynamicSupervisor.stop(runtime, top);
    runtime.exit("a", "boom");
    await stopped;
    expect(reports).toEqual(["shutdown_error boom"]);
  });

  test("ends 10,000 children, and restarts one of them without looking at the others", async () => {
    const top = await start({ intensity: 100 });
    const spec = child(DynamicSupervisor, {}, { shutdown: 5_000 });
    const pids: Pid[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const started = await DynamicSupervisor.startChild(runtime, top, spec);
      if (started.ok) pids.push(started.pid);
    }
    runtime.exit(pids[5_000]!, "kill");
    await settle(runtime);
    expect(await DynamicSupervisor.countChildren(runtime, top)).toMatchObject({
      specs: 10_000,
      active: 10_000,
    });
    await DynamicSupervisor.stop(runtime, top);
    expect(runtime.processes()).toEqual([]);
  });

  test("ends when its significant children have, as a simple_one_for_one with autoShutdown (269)", async () => {
    const top = await start({ autoShutdown: "all_significant" });
    const significant = { restart: "temporary", significant: true } as const;
    await add("a", significant);
    await add("b", significant);
    await crash("a");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b");
    expect(runtime.isAlive(top)).toBe(false);
  });
});
