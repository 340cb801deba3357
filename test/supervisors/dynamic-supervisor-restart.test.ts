import { describe, expect, test } from "vitest";
import type { Pid, Self } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { type ChildSpec, DynamicSupervisor } from "../../supervisors/index.ts";
import { worker } from "./scripted-worker.ts";
import { add, crash, happened, journal, reports, runtime, startDynamic } from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

describe("DynamicSupervisor, restarting", () => {
  test("restarts the one that crashed, as its restart type says (235)", async () => {
    await startDynamic();
    await add("permanent");
    await add("transient", { restart: "transient" });
    await add("temporary", { restart: "temporary" });
    await happened();
    expect(await crash("permanent", "normal")).toEqual(["end permanent normal", "start permanent"]);
    expect(await crash("transient")).toEqual(["end transient boom", "start transient"]);
    expect(await crash("transient", "normal")).toEqual(["end transient normal"]);
    expect(await crash("temporary")).toEqual(["end temporary boom"]);
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1 });
    expect(reports).toEqual([
      "child_terminated permanent normal",
      "child_terminated transient boom",
      "child_terminated temporary boom",
    ]);
  });

  test.each<[string, unknown, boolean]>([
    ["permanent", "shutdown", true],
    ["permanent", ["shutdown", "x"], true],
    ["permanent", "boom", true],
    ["transient", "shutdown", false],
    ["transient", ["shutdown", "x"], false],
    ["transient", "boom", true],
    ["temporary", "shutdown", false],
    ["temporary", "boom", false],
  ])("a %s child that a stranger ends with %o is started again: %s (235)", async (restart, reason, again) => {
    await startDynamic();
    const pid = await add("a", { restart: restart as "permanent" });
    runtime.exit(pid, reason);
    expect(await happened()).toEqual(again ? ["start a", "start a"] : ["start a"]);
    const specs = again ? 1 : 0;
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs, active: specs });
  });

  test("lets the others be, and counts the restarts of all its children together (240)", async () => {
    const top = await startDynamic({ intensity: 2 });
    const b = await add("b", { trapExit: true });
    for (const id of ["a", "c"]) await add(id);
    await happened();
    expect([await crash("a"), await crash("c")]).toEqual([
      ["end a boom", "start a"],
      ["end c boom", "start c"],
    ]);
    expect(runtime.whereis("b")).toBe(b);
    expect(await crash("a")).toEqual(["end a boom", "end b shutdown"]);
    expect(runtime.isAlive(top)).toBe(false);
  });

  test("a child that was started again counts towards maxChildren, and gets the extra arguments anew (275)", async () => {
    const seen: unknown[] = [];
    const start: ChildSpec["start"] = (parent, ...extra) => {
      seen.push(extra);
      return { ok: true, pid: parent.spawnLink(waits), extra: seen.length };
    };
    await startDynamic({ maxChildren: 1, extraArguments: ["x"] });
    const first = await DynamicSupervisor.startChild(runtime, "top", { id: "f", start });
    expect(first).toMatchObject({ ok: true, extra: 1 });
    runtime.exit((first as { pid: Pid }).pid, "boom");
    await settle(runtime);
    expect(seen).toEqual([["x"], ["x"]]);
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1, active: 1 });
    expect(await DynamicSupervisor.startChild(runtime, "top", { id: "f", start })).toEqual({
      ok: false,
      reason: "max_children",
    });
  });

  test("a start function that answers rubbish when called again has failed to start (276, 280)", async () => {
    const pids: Pid[] = [];
    const start: ChildSpec["start"] = (parent) => {
      if (pids.length > 0) return 42 as never;
      pids.push(parent.spawnLink(waits));
      return pids[0]!;
    };
    const top = await startDynamic({ intensity: 2 });
    await DynamicSupervisor.startChild(runtime, "top", { id: "f", start });
    runtime.exit(pids[0]!, "boom");
    await settle(runtime);
    expect(runtime.isAlive(top)).toBe(false);
    expect(reports).toEqual([
      "child_terminated f boom",
      "start_error f 42",
      "start_error f 42",
      "shutdown f reached_max_restart_intensity",
    ]);
  });

  test("tries again by a message to itself, and each attempt counts (280)", async () => {
    const top = await startDynamic({ intensity: 3 });
    await add("a", { starts: ["ok", { stop: "bad" }] });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "try a", "try a", "try a"]);
    expect(runtime.isAlive(top)).toBe(false);
    expect(reports.at(-1)).toBe("shutdown a reached_max_restart_intensity");
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
    expect(reports.filter((report) => !report.startsWith("start_error"))).toEqual([
      "child_terminated a boom",
    ]);
  });

  test("a supervisor that ends does not wait for a child that is restarting", async () => {
    await whileRestarting((self) => self.stop("top"));
    expect(reports.filter((report) => report.startsWith("shutdown"))).toEqual([]);
  });

  test("a child that has started again after some attempts is as good as new", async () => {
    await startDynamic();
    await add("a", { starts: ["ok", { stop: "bad" }, "ok"] });
    await happened();
    expect(await crash("a")).toEqual(["end a boom", "try a", "start a"]);
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 1, active: 1 });
  });

  test("drops a child whose restart is ignored (280)", async () => {
    await startDynamic();
    await add("a", { starts: ["ok", "ignore"] });
    await crash("a");
    expect(await DynamicSupervisor.countChildren(runtime, "top")).toMatchObject({ specs: 0 });
  });
});

async function waits(self: Self): Promise<void> {
  await self.receive();
}
