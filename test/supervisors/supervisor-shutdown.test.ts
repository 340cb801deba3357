import { describe, expect, test } from "vitest";
import { type Pid, type Self } from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";
import { type ChildSpec, Supervisor } from "../../supervisors/index.ts";
import { worker } from "./scripted-worker.ts";
import { a, b, children, clock, happened, journal, reports, runtime, start } from "./supervised-tree.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

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

  test("children that end by themselves while a later one is being ended: reported if they had no reason to (252)", async () => {
    const types = ["temporary", "transient", "permanent"] as const;
    const reasons = ["normal", "shutdown", ["shutdown", "x"], "boom"];
    const ids: [string, unknown][] = [];
    const specs = types.flatMap((restart) =>
      reasons.map((reason) => {
        const id = `${restart} ${String(reason)}`;
        ids.push([id, reason]);
        return worker(journal, id, { restart });
      }),
    );
    const top = await start([a(), ...specs, b({ trapExit: true, terminateMs: 100 })]);
    const stopped = Supervisor.stop(runtime, top, "shutdown");
    await settle(runtime);
    for (const [id, reason] of ids) runtime.cast(id, reason);
    await settle(runtime);
    clock.advance(100);
    await stopped;
    expect(reports).toEqual([
      "shutdown_error permanent boom boom",
      "shutdown_error permanent shutdown,x [ 'shutdown', 'x' ]",
      "shutdown_error permanent normal normal",
      "shutdown_error transient boom boom",
      "shutdown_error temporary boom boom",
    ]);
    expect(runtime.processes()).toEqual([]);
  });

  test("a child that is given no time at all is killed if it does not end at once (249)", async () => {
    await start([a({ shutdown: 0 }), b({ trapExit: true, shutdown: 0 })]);
    const terminated = ["a", "b"].map((id) => Supervisor.terminateChild(runtime, "top", id));
    await settle(runtime);
    clock.advance(0);
    await Promise.all(terminated);
    expect(reports).toEqual(["shutdown_error b killed"]);
  });

  test("ends a child that has unlinked itself and lives (254)", async () => {
    const naughty: ChildSpec["start"] = (parent) =>
      parent.spawnLink(async (self) => {
        self.unlink(parent.pid);
        await self.receive();
      });
    const top = await start([{ id: "naughty", start: naughty }]);
    await settle(runtime);
    expect(runtime.info(top)?.links).toEqual([]);
    expect(await Supervisor.terminateChild(runtime, top, "naughty")).toEqual({ ok: true });
    expect(runtime.processes()).toEqual([top]);
    expect(await children()).toBe("naughty-");
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

  test.each(["hello", undefined, null])(
    "drops an unexpected message, and dies of the call %s (258)",
    async (call) => {
      const top = await start([a()]);
      runtime.send(top, "hello");
      await settle(runtime);
      expect(runtime.isAlive(top)).toBe(true);
      expect(reports).toEqual(["unexpected hello"]);
      await expect(runtime.call(top as Pid, call)).rejects.toMatchObject({
        reason: [{ code: "ROOKERY_SUPERVISOR_REQUEST" }, expect.anything()],
      });
      expect(runtime.isAlive(top)).toBe(false);
    },
  );
});

function unlinks(supervisor: Pid) {
  return (self: Self) => {
    self.unlink(supervisor);
  };
}
