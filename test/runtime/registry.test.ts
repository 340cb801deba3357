import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  GenServer,
  noReply,
  ok,
  ProcessGroups,
  Registry,
  reply,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";

let runtime: Runtime;

class Echo extends GenServer<undefined> {
  init() {
    return ok(undefined);
  }
  override handleCall(request: unknown) {
    return reply(request);
  }
  override handleInfo() {
    return noReply();
  }
}

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  await runtime.start(Registry, { keys: "unique" }, { name: "unique" });
  await runtime.start(Registry, { keys: "duplicate" }, { name: "duplicate" });
});

afterEach(() => runtime.shutdown());

describe("Registry", () => {
  test("a unique key has one holder, also against oneself (307, 308)", async () => {
    await runInProcess(runtime, (self) => {
      expect(Registry.register(self, "unique", "k", 1)).toMatchObject({ ok: true });
      expect(Registry.register(self, "unique", "k", 2)).toEqual({
        ok: false,
        reason: ["already_registered", self.pid],
      });
      expect(Registry.lookup(self, "unique", "k")).toEqual([{ pid: self.pid, value: 1 }]);
      expect(Registry.lookup(self, "unique", "other")).toEqual([]);
      expect(Registry.updateValue(self, "unique", "k", (v) => (v as number) + 1)).toEqual({
        newValue: 2,
        oldValue: 1,
      });
      Registry.unregister(self, "unique", "k");
      expect(Registry.count(self, "unique")).toBe(0);
    });
  });

  test("under a duplicate key there may be many, the same process many times (308)", async () => {
    await runInProcess(runtime, (self) => {
      Registry.register(self, "duplicate", "k", 1);
      Registry.register(self, "duplicate", "k", 2);
      expect(Registry.keys(self, "duplicate", self.pid)).toEqual(["k", "k"]);
      const values: unknown[] = [];
      Registry.dispatch(self, "duplicate", "k", (entries) =>
        values.push(...entries.map((entry) => entry.value)),
      );
      expect(values).toEqual([1, 2]);
    });
  });

  test("whoever hears of a holder's death finds its key free (309)", async () => {
    await runInProcess(runtime, async (self) => {
      const { pid } = self.spawnMonitor((holder) => {
        Registry.register(holder, "unique", "k");
        return holder.receive();
      });
      await settle(runtime);
      expect(Registry.lookup(self, "unique", "k")).toMatchObject([{ pid }]);
      self.exit(pid, "kill");
      expect(await self.receive()).toBeInstanceOf(DownMessage);
      expect(Registry.register(self, "unique", "k")).toMatchObject({ ok: true });
    });
  });

  test("its death takes the holders along (311)", async () => {
    const holder = runtime.spawn((self) => {
      Registry.register(self, "unique", "k");
      return self.receive();
    });
    await settle(runtime);
    runtime.exit("unique", "kill");
    expect(runtime.isAlive(holder)).toBe(false);
  });

  test("via names start, call and refuse as names do (312)", async () => {
    const name = Registry.via<Echo>("unique", ["room", 1]);
    const key = name.key as { key: unknown };
    expect(key.key).toEqual(["room", 1]);
    const via = Registry.via("unique", "room:1");
    const pid = await runtime.start(Echo, undefined, { name: via });
    expect(await runtime.call(Registry.via("unique", "room:1"), "hi")).toBe("hi");
    await expect(runtime.start(Echo, undefined, { name: via })).rejects.toMatchObject({
      reason: ["already_started", pid],
    });
    await expect(runtime.call(Registry.via("unique", "nobody"), "hi")).rejects.toMatchObject({
      code: "ROOKERY_NOPROC",
    });
    const twice = runtime.start(Echo, undefined, { name: Registry.via("duplicate", "k") });
    await expect(twice).rejects.toMatchObject({ code: "ROOKERY_BADARG" });
  });

  test("one that does not run is an error that names it (316)", () => {
    expect(() => Registry.lookup(runtime, "nowhere", "k")).toThrow(
      expect.objectContaining({ code: "ROOKERY_NO_REGISTRY" }),
    );
  });
});

describe("ProcessGroups", () => {
  beforeEach(() => runtime.start(ProcessGroups, undefined, { name: "scope" }));

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
});
