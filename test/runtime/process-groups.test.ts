import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProcessGroups, Ref, Runtime, type Self, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  await runtime.start(ProcessGroups, undefined, { name: "scope" });
});

afterEach(() => runtime.shutdown());

describe("ProcessGroups", () => {
  test("joining twice is two memberships, and leaving takes one (317, 318)", async () => {
    await runInProcess(runtime, (self) => {
      ProcessGroups.join(self, "scope", "g", [self.pid, self.pid]);
      expect(ProcessGroups.members(self, "scope", "g")).toEqual([self.pid, self.pid]);
      expect(ProcessGroups.leave(self, "scope", "g", self.pid)).toBe(true);
      expect(ProcessGroups.members(self, "scope", "g")).toEqual([self.pid]);
      expect(ProcessGroups.leave(self, "scope", "g", self.pid)).toBe(true);
      expect(ProcessGroups.leave(self, "scope", "g", self.pid)).toBe(false);
      expect(ProcessGroups.groups(self, "scope")).toEqual([]);
    });
  });

  test("the memberships of a process end with it (319)", async () => {
    const pid = runtime.spawn((self) => self.receive());
    ProcessGroups.join(runtime, "scope", "a", pid);
    ProcessGroups.join(runtime, "scope", "b", [pid, pid]);
    runtime.exit(pid, "kill");
    expect(ProcessGroups.groups(runtime, "scope")).toEqual([]);
  });

  test("a monitor hears of those who join and leave its group, with who was there (319)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((member) => member.receive());
      ProcessGroups.join(self, "scope", "g", self.pid);
      const { ref, members } = ProcessGroups.monitor(self, "scope", "g");
      expect(members).toEqual([self.pid]);
      expect(ProcessGroups.localMembers(self, "scope", "g")).toEqual([self.pid]);
      ProcessGroups.join(self, "scope", "g", [pid, pid]);
      ProcessGroups.join(self, "scope", "other", pid);
      ProcessGroups.leave(self, "scope", "g", [pid, runtime.whereis("scope")!]);
      ProcessGroups.join(self, "scope", "g", pid);
      self.exit(pid, "kill");
      expect(await received(self, 5)).toEqual([
        [ref, "join", "g", [pid, pid]],
        [ref, "leave", "g", [pid]],
        [ref, "join", "g", [pid]],
        [ref, "leave", "g", [pid]],
        [ref, "leave", "g", [pid]],
      ]);
    });
  });

  test("a monitor of the scope hears of all groups (319)", async () => {
    await runInProcess(runtime, async (self) => {
      const pid = self.spawn((member) => member.receive());
      ProcessGroups.join(self, "scope", ["a", 1], pid);
      const { ref, groups } = ProcessGroups.monitorScope(self, "scope");
      expect([...groups]).toEqual([[["a", 1], [pid]]]);
      ProcessGroups.join(self, "scope", "b", self.pid);
      ProcessGroups.leave(self, "scope", ["a", 1], pid);
      expect(await received(self, 2)).toEqual([
        [ref, "join", "b", [self.pid]],
        [ref, "leave", ["a", 1], [pid]],
      ]);
    });
  });

  test("demonitor ends it and takes its messages along, once (319)", async () => {
    await runInProcess(runtime, async (self) => {
      const { ref } = ProcessGroups.monitor(self, "scope", "g");
      const scope = ProcessGroups.monitorScope(self, "scope");
      self.send(self.pid, "first");
      ProcessGroups.join(self, "scope", "g", self.pid);
      expect(ProcessGroups.demonitor(self, "scope", ref)).toBe(true);
      expect(ProcessGroups.demonitor(self, "scope", ref)).toBe(false);
      ProcessGroups.leave(self, "scope", "g", self.pid);
      const own = [self.pid];
      expect(await received(self, 3)).toEqual([
        "first",
        [scope.ref, "join", "g", own],
        [scope.ref, "leave", "g", own],
      ]);
    });
  });

  test("localGroups and localMembers are those of this node: all there are", async () => {
    await runInProcess(runtime, (self) => {
      ProcessGroups.join(self, "scope", "g", self.pid);
      expect(ProcessGroups.localGroups(self, "scope")).toEqual(["g"]);
      expect(ProcessGroups.localMembers(self, "scope", "g")).toEqual([self.pid]);
      ProcessGroups.leave(self, "scope", "g", self.pid);
      expect(ProcessGroups.localGroups(self, "scope")).toEqual([]);
    });
  });

  test("leaving takes as many memberships as there are, of those who are members (318)", async () => {
    await runInProcess(runtime, async (self) => {
      const stranger = self.spawn((other) => other.receive());
      ProcessGroups.join(self, "scope", "g", self.pid);
      ProcessGroups.join(self, "scope", "g", [self.pid, self.pid]);
      const { ref } = ProcessGroups.monitor(self, "scope", "g");
      expect(ProcessGroups.leave(self, "scope", "missing", self.pid)).toBe(false);
      expect(ProcessGroups.leave(self, "scope", "g", stranger)).toBe(false);
      expect(ProcessGroups.leave(self, "scope", "g", [])).toBe(false);
      expect(ProcessGroups.leave(self, "scope", "g", [self.pid, stranger, self.pid])).toBe(true);
      expect(ProcessGroups.members(self, "scope", "g")).toEqual([self.pid]);
      expect(await received(self, 1)).toEqual([[ref, "leave", "g", [self.pid, self.pid]]]);
    });
  });

  test("who is dead joins no group, nor leaves one (319)", async () => {
    await runInProcess(runtime, async (self) => {
      const { ref } = ProcessGroups.monitorScope(self, "scope");
      const dead = self.spawn(() => {});
      await settle(runtime);
      ProcessGroups.join(self, "scope", "g", dead);
      expect(ProcessGroups.groups(self, "scope")).toEqual([]);
      expect(ProcessGroups.leave(self, "scope", "g", dead)).toBe(false);
      ProcessGroups.join(self, "scope", "g", [dead, self.pid]);
      expect(await received(self, 1)).toEqual([[ref, "join", "g", [self.pid]]]);
    });
  });

  test("what is no pid neither joins nor leaves, and takes nobody along", async () => {
    await runInProcess(runtime, (self) => {
      for (const wrong of [undefined, null, "name", [self.pid, "name"], [undefined], { 0: self.pid }]) {
        for (const act of [ProcessGroups.join, ProcessGroups.leave])
          expect(() => act(self, "scope", "g", wrong as never)).toThrow(
            expect.objectContaining({ code: "ROOKERY_BADARG" }),
          );
      }
      expect(ProcessGroups.groups(self, "scope")).toEqual([]);
    });
  });

  test("one process may watch and join many groups at once, and all of it ends with it (319)", async () => {
    const member = runtime.spawn(async (self) => {
      const one = ProcessGroups.monitor(self, "scope", "one").ref;
      const two = ProcessGroups.monitor(self, "scope", "two").ref;
      const again = ProcessGroups.monitor(self, "scope", "two").ref;
      const scope = ProcessGroups.monitorScope(self, "scope").ref;
      for (const group of ["one", "two"]) ProcessGroups.join(self, "scope", group, self.pid);
      const own = [self.pid];
      expect(await received(self, 5)).toEqual([
        [one, "join", "one", own],
        [scope, "join", "one", own],
        [two, "join", "two", own],
        [again, "join", "two", own],
        [scope, "join", "two", own],
      ]);
      await self.receive();
    });
    await settle(runtime);
    expect(ProcessGroups.members(runtime, "scope", "two")).toEqual([member]);
    runtime.exit(member, "normal end");
    expect(ProcessGroups.groups(runtime, "scope")).toEqual([]);
    expect(runtime.isAlive(runtime.whereis("scope")!)).toBe(true);
  });

  test("demonitor may be called by any process (319)", async () => {
    await runInProcess(runtime, async (self) => {
      const { ref } = ProcessGroups.monitor(self, "scope", "g");
      ProcessGroups.join(self, "scope", "g", self.pid);
      const ended = runInProcess(runtime, (other) => ProcessGroups.demonitor(other, "scope", ref));
      expect(await ended).toBe(true);
      expect(ProcessGroups.demonitor(self, "scope", ref)).toBe(false);
      ProcessGroups.leave(self, "scope", "g", self.pid);
      expect(await received(self, 1)).toEqual([[ref, "join", "g", [self.pid]]]);
    });
  });

  test("demonitor of what is no monitor of groups is false (319)", async () => {
    await runInProcess(runtime, (self) => {
      expect(ProcessGroups.demonitor(self, "scope", new Ref())).toBe(false);
      expect(ProcessGroups.demonitor(self, "scope", self.monitor("scope"))).toBe(false);
    });
  });

  test("scopes know nothing of each other, and the groups of one end with it", async () => {
    const other = await runtime.start(ProcessGroups, undefined, { name: "other" });
    await runInProcess(runtime, async (self) => {
      ProcessGroups.join(self, "scope", "g", self.pid);
      ProcessGroups.join(self, "other", "h", self.pid);
      expect(ProcessGroups.groups(self, "scope")).toEqual(["g"]);
      expect(ProcessGroups.groups(self, "other")).toEqual(["h"]);
      await self.stop(other);
      expect(() => ProcessGroups.groups(self, "other")).toThrow(
        expect.objectContaining({ code: "ROOKERY_NO_REGISTRY" }),
      );
      await self.start(ProcessGroups, undefined, { name: "other" });
      expect(ProcessGroups.groups(self, "other")).toEqual([]);
      expect(ProcessGroups.groups(self, "scope")).toEqual(["g"]);
    });
  });

  test("a scope that is asked what it does not know ends, and takes nobody along", async () => {
    const scope = runtime.whereis("scope")!;
    await runInProcess(runtime, async (self) => {
      ProcessGroups.join(self, "scope", "g", self.pid);
      await expect(self.call(scope, "garbage")).rejects.toMatchObject({ code: "ROOKERY_CALL_EXIT" });
      expect(self.isAlive(scope)).toBe(false);
    });
  });

  test("members of a large group die as fast as they joined (319)", async () => {
    const members = Array.from({ length: 10_000 }, () => runtime.spawn((self) => self.receive()));
    for (let group = 0; group < 100; group += 1) ProcessGroups.join(runtime, "scope", group, members[0]!);
    ProcessGroups.join(runtime, "scope", "large", members);
    for (const member of members) runtime.exit(member, "kill");
    expect(ProcessGroups.groups(runtime, "scope")).toEqual([]);
  });
});

/** The next `count` messages of `self`, and no more are there. */
async function received(self: Self, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  for (let i = 0; i < count; i += 1) messages.push(await self.receive());
  expect(self.info(self.pid)!.messageQueueLength).toBe(0);
  return messages;
}
