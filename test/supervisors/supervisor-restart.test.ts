import { describe, expect, test } from "vitest";
import { Pid, type Self } from "../../runtime/index.ts";
import { serverInstance } from "../../runtime/internal.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type ChildSpec, Supervisor, type SupervisorOptions } from "../../supervisors/index.ts";
import { worker } from "./scripted-worker.ts";
import {
  a,
  b,
  c,
  children,
  clock,
  crash,
  happened,
  journal,
  lastReport,
  reports,
  runtime,
  start,
} from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

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

  test.each(["one_for_all", "rest_for_one"] as const)(
    "%s: gives up with all its children when one of them never starts again (241, 244)",
    async (strategy) => {
      const starts = ["ok" as const, { stop: "bad" }];
      const top = await start([a({ trapExit: true }), b({ starts }), c()], { strategy, intensity: 2 });
      await happened();
      const siblings = strategy === "one_for_all" ? ["end a shutdown", "start a"] : [];
      expect(await crash("b")).toEqual([
        "end b boom",
        ...siblings,
        "try b",
        ...siblings,
        "try b",
        "end a shutdown",
      ]);
      expect(runtime.isAlive(top)).toBe(false);
      expect(runtime.processes()).toEqual([]);
    },
  );

  test("rest_for_one: what has started again before the one that fails to is let be (244)", async () => {
    await start([a(), b({ starts: ["ok", { stop: "bad" }, "ok"] }), c()], { strategy: "rest_for_one" });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "start a", "try b", "start b", "start c"]);
  });

  /** Starts a, b and c, of which b has crashed and can't start again until it did so 40 times, and does `body` meanwhile. */
  function whileRestarting(body: (self: Self) => Promise<void>): Promise<void> {
    return runInProcess(runtime, async (self) => {
      const starts = ["ok" as const, ...Array.from({ length: 40 }, () => ({ stop: "bad" })), "ok" as const];
      const tree: SupervisorOptions = {
        strategy: "rest_for_one",
        intensity: 100,
        children: [a(), b({ starts }), c()],
      };
      await self.start(Supervisor, tree, { name: "top" });
      self.cast("b", "boom");
      while ((await children()) === "c b a");
      await body(self);
    });
  }

  test("rest_for_one: those after one that is restarting have no process, and restartChild starts only it (242)", async () => {
    await whileRestarting(async (self) => {
      expect(await children()).toBe("c- b? a");
      expect(await Supervisor.countChildren(self, "top")).toMatchObject({ specs: 3, active: 1 });
      expect(await Supervisor.terminateChild(self, "top", "b")).toEqual({ ok: true });
      expect(await children()).toBe("c- b- a");
      while (!(await Supervisor.restartChild(self, "top", "b")).ok);
      expect(await children()).toBe("c- b a");
    });
  });

  test("a supervisor that ends does not wait for a child that is restarting (242)", async () => {
    await whileRestarting((self) => self.stop("top"));
    expect(reports.filter((report) => report.startsWith("shutdown"))).toEqual([]);
    expect(runtime.whereis("top")).toBeUndefined();
  });

  test("rest_for_one follows the order of the list, whatever the ids are (225, 234)", async () => {
    const ids = [7, 3, 10, 2, 5];
    const spec = (id: number): ChildSpec => ({ ...worker(journal, `${id}`, { trapExit: true }), id });
    const top = await start(ids.map(spec), { strategy: "rest_for_one" });
    expect(await happened()).toEqual(ids.map((id) => `start ${id}`));
    expect(await crash("10")).toEqual([
      "end 10 boom",
      "end 5 shutdown",
      "end 2 shutdown",
      "start 10",
      "start 2",
      "start 5",
    ]);
    expect(await children()).toBe("5 2 10 3 7");
    await Supervisor.stop(runtime, top, "shutdown");
    expect(await happened()).toEqual(ids.toReversed().map((id) => `end ${id} shutdown`));
  });

  test("a nested supervisor that is killed is started again with its children, all under their names (243, 248)", async () => {
    const inner: SupervisorOptions = { strategy: "one_for_one", children: [a()] };
    await start([{ id: "inner", start: [Supervisor, inner], name: "inner" }], { strategy: "one_for_all" });
    const before = [runtime.whereis("inner"), runtime.whereis("a")];
    runtime.exit("inner", "kill");
    await settle(runtime);
    expect(runtime.whereis("inner")).not.toBe(before[0]);
    expect(runtime.whereis("a")).not.toBe(before[1]);
    expect(await children("inner")).toBe("a");
    await Supervisor.terminateChild(runtime, "inner", "a");
    expect(await Supervisor.restartChild(runtime, "inner", "a")).toMatchObject({ ok: true });
  });

  test("a tree under one_for_all starts again as it was written, without the children that were added (239, 243, 267)", async () => {
    const nested = (id: string, specs: readonly ChildSpec[]): ChildSpec => ({
      id,
      start: [Supervisor, { strategy: "one_for_one", intensity: 0, children: specs }],
      name: id,
    });
    const ended = { ...nested("ended", []), restart: "transient" as const };
    await start([nested("fixed", [a(), b()]), nested("grown", []), ended], { strategy: "one_for_all" });
    await Supervisor.startChild(runtime, "grown", c());
    await Supervisor.terminateChild(runtime, "top", "ended");
    expect(await children()).toBe("ended- grown fixed");
    await crash("c");
    expect(await children()).toBe("ended grown fixed");
    expect([await children("fixed"), await children("grown")]).toEqual(["b a", ""]);
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
