import { describe, expect, test } from "vitest";
import { type DownMessage, GenServer, ok, type Pid, Registry, type Self } from "../../runtime/index.ts";
import { serverInstance } from "../../runtime/internal.ts";
import { settle } from "../../runtime/testing.ts";
import { child, type ChildSpec, DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";
import { ScriptedWorker, worker } from "./scripted-worker.ts";
import {
  add,
  clock,
  crash,
  happened,
  journal,
  reports,
  runtime,
  start,
  startDynamic,
} from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

describe("DynamicSupervisor.startChild", () => {
  test("starts a child that is linked to the supervisor", async () => {
    const top = await startDynamic();
    const pid = await add("a");
    expect(runtime.whereis("a")).toBe(pid);
    expect(runtime.info(top)?.links).toEqual([pid]);
  });

  test.each([0, 1])("refuses more than %s children (274)", async (maxChildren) => {
    await startDynamic({ maxChildren });
    for (let n = 0; n < maxChildren; n += 1) await add(`a${n}`);
    expect(await DynamicSupervisor.startChild(runtime, "top", worker(journal, "b"))).toEqual({
      ok: false,
      reason: "max_children",
    });
  });

  test("has room again when a child has ended", async () => {
    await startDynamic({ maxChildren: 1 });
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
    await startDynamic({ extraArguments: ["x", "y"] });
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

  test.each<[string, ChildSpec["start"], unknown]>([
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
    ["exits: its reason", (self) => self.exit("oops"), "oops"],
    ["answers a failure: its reason", () => ({ ok: false, reason: "why" }) as never, "why"],
    ["answers anything else: the answer", () => 42 as never, 42],
    ["ignores: ignore, and nothing is kept", () => ({ ok: false, reason: "ignore" }) as never, "ignore"],
  ])("a start function that %s (276)", async (_sentence, startFunction, reason) => {
    await startDynamic();
    const spec = { id: "f", start: startFunction };
    expect(await DynamicSupervisor.startChild(runtime, "top", spec)).toEqual({ ok: false, reason });
    expect(await DynamicSupervisor.whichChildren(runtime, "top")).toEqual([]);
  });

  test("answers the reason of an init that stopped", async () => {
    await startDynamic();
    const failed = await DynamicSupervisor.startChild(
      runtime,
      "top",
      worker(journal, "a", { starts: [{ stop: "why" }] }),
    );
    expect(failed).toEqual({ ok: false, reason: "why" });
  });

  test("refuses a significant child of a supervisor that never ends because of one (272)", async () => {
    await startDynamic();
    const spec = worker(journal, "a", { restart: "transient", significant: true });
    expect(await DynamicSupervisor.startChild(runtime, "top", spec)).toMatchObject({
      reason: ["bad_combination", expect.anything()],
    });
  });

  test("refuses an invalid spec before it asks", async () => {
    await startDynamic();
    await expect(DynamicSupervisor.startChild(runtime, "top", { id: "x" } as never)).rejects.toMatchObject({
      code: "ROOKERY_CHILD_SPEC",
    });
  });
});

describe("DynamicSupervisor, as simple_one_for_one", () => {
  test("answers the reason of a failed start as it is, and keeps nothing of it (268)", async () => {
    await startDynamic();
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
    const top = await startDynamic();
    await add("a", { starts: ["ok", "ignore"] });
    await add("b", { trapExit: true });
    await happened();
    await crash("a");
    await DynamicSupervisor.stop(runtime, top, "shutdown");
    expect(await happened()).toEqual(["end b shutdown"]);
    expect(reports).toEqual(["child_terminated a boom"]);
  });
});

describe("DynamicSupervisor, management", () => {
  test("takes the same id any number of times, and lists children without ids (277)", async () => {
    await startDynamic();
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
    await startDynamic();
    await add("a");
    await DynamicSupervisor.startChild(runtime, "top", child(DynamicSupervisor, {}));
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toEqual({
      specs: 2,
      active: 2,
      supervisors: 1,
      workers: 1,
    });
  });

  test("can be a child of a Supervisor, under any kind of name and under none", async () => {
    await runtime.start(Registry, { keys: "unique" }, { name: "registry" });
    const via = Registry.via("registry", "dynamic");
    const specs = [
      child(DynamicSupervisor, {}, { id: "local", name: "local" }),
      child(DynamicSupervisor, {}, { id: "via", name: via }),
    ];
    const top = await start(specs);
    const added = await Supervisor.startChild(runtime, top, child(DynamicSupervisor, {}));
    const { pid } = added as { pid: Pid };
    for (const dest of ["local", via, pid]) {
      expect(await DynamicSupervisor.whichChildren(runtime, dest)).toEqual([]);
    }
    expect(await Supervisor.startChild(runtime, top, child(DynamicSupervisor, {}))).toEqual({
      ok: false,
      reason: ["already_started", pid],
    });
    expect(await Supervisor.countChildren(runtime, top)).toMatchObject({ specs: 3, supervisors: 3 });
  });

  test("every function is noproc for a supervisor that does not run", async () => {
    const asked = [
      DynamicSupervisor.startChild(runtime, "nobody", worker(journal, "a")),
      DynamicSupervisor.terminateChild(runtime, "nobody", await runtime.start(DynamicSupervisor, {})),
      DynamicSupervisor.whichChildren(runtime, "nobody"),
      DynamicSupervisor.countChildren(runtime, "nobody"),
      DynamicSupervisor.stop(runtime, "nobody"),
    ];
    for (const answer of await Promise.allSettled(asked)) {
      expect(answer).toMatchObject({ reason: { code: "ROOKERY_NOPROC" } });
    }
  });

  test("terminateChild ends a child and forgets it; a dead or foreign one is not found (278)", async () => {
    const top = await startDynamic();
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

  test.each(["hello", undefined, null])(
    "drops an unexpected message, and dies of the call %s (258)",
    async (call) => {
      const top = await startDynamic();
      runtime.send(top, "hello");
      await settle(runtime);
      expect(runtime.isAlive(top)).toBe(true);
      await expect(runtime.call(top as Pid, call)).rejects.toMatchObject({
        reason: [{ code: "ROOKERY_SUPERVISOR_REQUEST" }, expect.anything()],
      });
    },
  );

  test("keeps nothing of the argument of a child that it will never start again", async () => {
    const top = await startDynamic();
    await add("a", { restart: "temporary" });
    await add("b");
    const { children } = serverInstance(runtime, top, DynamicSupervisor)!.state;
    const starts = Array.from(children.values(), ({ spec }) => spec.start);
    expect(starts).toEqual([[ScriptedWorker], [ScriptedWorker, expect.anything()]]);
  });
});

describe("DynamicSupervisor, ending", () => {
  test("ends its children all at once, each with its own time (251, 281)", async () => {
    const top = await startDynamic();
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
    expect(reports).toEqual(["shutdown_error late killed"]);
  });

  test.each(["temporary", "transient", "permanent"] as const)(
    "%s children that end in another way than told: reported if they had no reason to (252, 281)",
    async (restart) => {
      const top = await startDynamic();
      const ends: Record<string, unknown> = {};
      for (const reason of ["normal", "shutdown", "boom"]) {
        const start: ChildSpec["start"] = (parent) => parent.spawnLink(endsWith(reason));
        const started = await DynamicSupervisor.startChild(runtime, top, { id: reason, start, restart });
        runtime.spawn(async (self) => {
          self.monitor((started as { pid: Pid }).pid);
          ends[reason] = ((await self.receive()) as DownMessage).reason;
        });
      }
      await settle(runtime);
      await DynamicSupervisor.stop(runtime, top, "shutdown");
      await settle(runtime);
      expect(ends).toEqual({ normal: "normal", shutdown: "shutdown", boom: "boom" });
      expect(reports).toEqual([
        ...(restart === "permanent" ? ["shutdown_error normal normal"] : []),
        "shutdown_error boom boom",
      ]);
    },
  );

  test("waits for ever for an infinite shutdown", async () => {
    const top = await startDynamic();
    await add("a", { trapExit: true, terminateMs: 3_600_000, shutdown: "infinity" });
    const stopped = DynamicSupervisor.stop(runtime, top);
    await settle(runtime);
    clock.advance(3_600_000);
    await stopped;
    expect(reports).toEqual([]);
  });

  test("reports the real reason of a child that was dead already", async () => {
    const top = await startDynamic();
    await add("a");
    const stopped = DynamicSupervisor.stop(runtime, top);
    runtime.exit("a", "boom");
    await stopped;
    expect(reports).toEqual(["shutdown_error a boom"]);
  });

  test("ends 10,000 children, and restarts one of them without looking at the others", async () => {
    const top = await startDynamic({ intensity: 100 });
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
    const top = await startDynamic({ autoShutdown: "all_significant" });
    const significant = { restart: "temporary", significant: true } as const;
    await add("a", significant);
    await add("b", significant);
    await crash("a");
    expect(runtime.isAlive(top)).toBe(true);
    await crash("b");
    expect(runtime.isAlive(top)).toBe(false);
  });
});

/** Ends with `reason` once it is told to end. */
function endsWith(reason: unknown) {
  return async (self: Self): Promise<never> => {
    self.trapExit(true);
    await self.receive();
    return self.exit(reason);
  };
}
