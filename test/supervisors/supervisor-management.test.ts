import { describe, expect, test } from "vitest";
import { Pid, type Self } from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";
import { type ChildSpec, type RestartType, Supervisor } from "../../supervisors/index.ts";
import { ScriptedWorker } from "./scripted-worker.ts";
import { a, b, c, children, crash, happened, journal, runtime, start } from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

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

  test("startChild and restartChild pass on what else a start function answers (264, 266)", async () => {
    await start([]);
    const extra: ChildSpec = {
      id: "e",
      start: (self) => ({ ok: true, pid: self.spawnLink(waits), extra: 42 }),
    };
    const started = await Supervisor.startChild(runtime, "top", extra);
    expect(started).toMatchObject({ ok: true, extra: 42 });
    runtime.exit((started as { pid: Pid }).pid, "boom");
    await settle(runtime);
    expect(await Supervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1, active: 1 });
    await Supervisor.terminateChild(runtime, "top", "e");
    expect(await Supervisor.restartChild(runtime, "top", "e")).toMatchObject({ ok: true, extra: 42 });
  });

  test("startChild answers whose name it is that the child should have had, and keeps nothing (266)", async () => {
    await start([]);
    const stranger = await runtime.start(Supervisor, { strategy: "one_for_one" }, { name: "a" });
    expect(await Supervisor.startChild(runtime, "top", a())).toEqual({
      ok: false,
      reason: [["already_started", stranger], expect.objectContaining({ id: "a" })],
    });
    expect(await children()).toBe("");
  });

  describe.each(["one_for_one", "one_for_all", "rest_for_one"] as const)("%s", (strategy) => {
    const again = ["already_started", expect.any(Pid)];
    test.each<[string, unknown, unknown, unknown]>([
      ["is killed", again, again, undefined],
      ["crashes", again, again, undefined],
      ["ends normally", again, "already_present", undefined],
      ["is ended by terminateChild", "already_present", "already_present", undefined],
    ])(
      "a child that %s: what is left of it decides what a new startChild answers (235, 236, 263, 266)",
      async (how, permanent, transient, temporary) => {
        await start([], { strategy, intensity: 10 });
        for (const [restart, reason] of Object.entries({ permanent, transient, temporary })) {
          const spec = a({ restart: restart as RestartType });
          await Supervisor.startChild(runtime, "top", spec);
          if (how === "is killed") runtime.exit("a", "kill");
          else if (how === "is ended by terminateChild") await Supervisor.terminateChild(runtime, "top", "a");
          else await crash("a", how === "crashes" ? "boom" : "normal");
          await settle(runtime);
          expect(await Supervisor.startChild(runtime, "top", spec)).toMatchObject(
            reason === undefined ? { ok: true } : { ok: false, reason },
          );
          await Supervisor.terminateChild(runtime, "top", "a");
          await Supervisor.deleteChild(runtime, "top", "a");
        }
      },
    );
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

  test("getChildSpec shows that of a temporary child that was added no argument is kept (273)", async () => {
    await start([]);
    await Supervisor.startChild(runtime, "top", a());
    await Supervisor.startChild(runtime, "top", b({ restart: "temporary" }));
    const startOf = async (id: string) => {
      const result = await Supervisor.getChildSpec(runtime, "top", id);
      return result.ok && result.spec.start;
    };
    expect(await startOf("a")).toEqual([ScriptedWorker, expect.objectContaining({ id: "a" })]);
    expect(await startOf("b")).toEqual([ScriptedWorker]);
  });

  test("every function is noproc for a supervisor that does not run", async () => {
    const asked = [
      Supervisor.startChild(runtime, "nobody", a()),
      Supervisor.terminateChild(runtime, "nobody", "a"),
      Supervisor.restartChild(runtime, "nobody", "a"),
      Supervisor.deleteChild(runtime, "nobody", "a"),
      Supervisor.whichChildren(runtime, "nobody"),
      Supervisor.countChildren(runtime, "nobody"),
      Supervisor.getChildSpec(runtime, "nobody", "a"),
      Supervisor.stop(runtime, "nobody"),
    ];
    for (const answer of await Promise.allSettled(asked)) {
      expect(answer).toMatchObject({ reason: { code: "ROOKERY_NOPROC" } });
    }
  });

  test("ten thousand children are added and ended as fast as the first (262, 266)", async () => {
    await start([]);
    const ids = Array.from({ length: 10_000 }, (_, id) => id);
    const waiting = (id: number): ChildSpec => ({ id, start: (self) => self.spawnLink(waits) });
    for (const id of ids) await Supervisor.startChild(runtime, "top", waiting(id));
    expect(await Supervisor.countChildren(runtime, "top")).toMatchObject({ active: 10_000 });
    for (const id of ids) await Supervisor.terminateChild(runtime, "top", id);
    expect(await Supervisor.countChildren(runtime, "top")).toMatchObject({ specs: 10_000, active: 0 });
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
