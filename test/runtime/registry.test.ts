import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  DownMessage,
  GenServer,
  noReply,
  ok,
  type Pid,
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

/** A process that holds `key` and waits. */
async function holds(registry: string, key: unknown, value: unknown): Promise<Pid> {
  const holder = runtime.spawn((self) => {
    Registry.register(self, registry, key, value);
    return self.receive();
  });
  await settle(runtime);
  return holder;
}

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

  test("a registration that is refused leaves nothing behind (307)", async () => {
    const holder = await holds("unique", "k", 1);
    await runInProcess(runtime, (self) => {
      expect(Registry.register(self, "unique", "k", 2)).toEqual({
        ok: false,
        reason: ["already_registered", holder],
      });
      expect(Registry.keys(self, "unique", self.pid)).toEqual([]);
      expect(Registry.values(self, "unique", "k", self.pid)).toEqual([]);
      expect(Registry.count(self, "unique")).toBe(1);
      expect(self.info(self.pid)!.links).toEqual([]);
    });
    expect(Registry.keys(runtime, "unique", holder)).toEqual(["k"]);
    expect(Registry.values(runtime, "unique", "k", holder)).toEqual([1]);
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

  test.each(["unique", "duplicate"])(
    "nothing is left in a registry of %s keys of holders that died (309)",
    async (registry) => {
      const holders = [await holds(registry, "k", 1), await holds(registry, "l", 2)];
      expect(Registry.count(runtime, registry)).toBe(2);
      for (const holder of holders) runtime.exit(holder, "kill");
      expect(Registry.count(runtime, registry)).toBe(0);
      expect(Registry.select(runtime, registry, () => true)).toEqual([]);
      for (const holder of holders) expect(Registry.keys(runtime, registry, holder)).toEqual([]);
    },
  );

  test("its death takes the holders along (311)", async () => {
    const holder = await holds("unique", "k", 1);
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
    const alive = runtime.processes().length;
    const nowhere = runtime.start(Echo, undefined, { name: Registry.via("nowhere", "k") });
    await expect(nowhere).rejects.toMatchObject({ code: "ROOKERY_NO_REGISTRY" });
    expect(runtime.processes()).toHaveLength(alive);
  });

  test("a via name is free again when the start under it failed (312)", async () => {
    class Broken extends Echo {
      override init(): never {
        throw new RangeError("broken");
      }
    }
    const name = Registry.via<Echo>("unique", "k");
    await expect(runtime.start(Broken, undefined, { name })).rejects.toMatchObject({
      reason: new RangeError("broken"),
    });
    expect(Registry.lookup(runtime, "unique", "k")).toEqual([]);
    await runtime.start(Echo, undefined, { name });
  });

  test("one that does not run is an error that names it (316)", async () => {
    const error = expect.objectContaining({ code: "ROOKERY_NO_REGISTRY" });
    expect(() => Registry.lookup(runtime, "nowhere", "k")).toThrow(error);
    await runInProcess(runtime, (self) => {
      expect(() => Registry.register(self, "nowhere", "k")).toThrow(error);
    });
  });

  test("sending to a via name that nobody has is badarg, as to any name (316)", () => {
    expect(() => runtime.send(Registry.via("unique", "nobody"), "m")).toThrow(
      expect.objectContaining({ code: "ROOKERY_BADARG" }),
    );
  });

  test("a process started under a via name is a holder like any other (311, 312)", async () => {
    const pid = await runtime.start(Echo, undefined, { name: Registry.via("unique", "k", "v") });
    expect(Registry.lookup(runtime, "unique", "k")).toEqual([{ pid, value: "v" }]);
    runtime.exit("unique", "kill");
    expect(runtime.isAlive(pid)).toBe(false);
  });

  test("keys are equal when their contents are", async () => {
    await runInProcess(runtime, (self) => {
      Registry.register(self, "unique", ["room", 1], "v");
      expect(Registry.lookup(self, "unique", ["room", 1])).toHaveLength(1);
      expect(Registry.register(self, "unique", ["room", 1]).ok).toBe(false);
      expect(Registry.values(self, "unique", ["room", 1], self.pid)).toEqual(["v"]);
      Registry.unregister(self, "unique", ["room", 1]);
      expect(Registry.keys(self, "unique", self.pid)).toEqual([]);
    });
  });

  test.each(["unique", "duplicate"])(
    "keys that differ in type or in a part are different: %s (308)",
    async (registry) => {
      const keys = [
        1,
        "1",
        1n,
        [1],
        ["1"],
        null,
        undefined,
        "_",
        { b: "b" },
        { a: "a", b: "b" },
        ["b", { b: "b" }],
        [Symbol("one")],
        [Symbol("one")],
        [Symbol.for("one")],
        [Symbol.for("other")],
      ];
      await runInProcess(runtime, (self) => {
        for (const [value, key] of keys.entries()) {
          expect(Registry.register(self, registry, key, value)).toMatchObject({ ok: true });
        }
        for (const [value, key] of keys.entries()) {
          expect(Registry.lookup(self, registry, key)).toEqual([{ pid: self.pid, value }]);
          expect(Registry.match(self, registry, key, () => true)).toHaveLength(1);
        }
        Registry.unregister(self, registry, { b: "b" });
        Registry.unregisterMatch(self, registry, ["1"], () => true);
        expect(Registry.keys(self, registry, self.pid)).toEqual(
          keys.filter((_, value) => value !== 4 && value !== 8),
        );
      });
    },
  );

  test("keys that hold themselves, or are nested thousands of levels deep, are equal to themselves only", async () => {
    const around = (): unknown[] => {
      const key: unknown[] = [];
      key.push(key, key);
      return key;
    };
    const deep = (): unknown => Array.from({ length: 20_000 }).reduce((inner) => [inner], 1);
    await runInProcess(runtime, async (self) => {
      for (const keyOf of [around, deep]) {
        const key = keyOf();
        Registry.register(self, "unique", key, "v");
        expect(Registry.lookup(self, "unique", key)).toEqual([{ pid: self.pid, value: "v" }]);
        expect(Registry.lookup(self, "unique", keyOf())).toEqual([]);
        expect(await Registry.lock(self, "unique", key, () => "locked")).toBe("locked");
        Registry.unregister(self, "unique", key);
      }
    });
  });

  test("a process that holds nothing any more is not linked to it (310, 311)", async () => {
    await runInProcess(runtime, (self) => {
      Registry.register(self, "duplicate", "k", 1);
      Registry.register(self, "duplicate", "l", 1);
      Registry.unregister(self, "duplicate", "k");
      expect(self.info(self.pid)!.links).toEqual([runtime.whereis("duplicate")]);
      Registry.unregister(self, "duplicate", "l");
      expect(self.info(self.pid)!.links).toEqual([]);
    });
  });

  test("unregister takes only one's own, updateValue changes only one's own (310)", async () => {
    const holder = await holds("unique", "k", 1);
    await runInProcess(runtime, (self) => {
      Registry.unregister(self, "unique", "k");
      expect(Registry.updateValue(self, "unique", "k", () => 2)).toBeUndefined();
      expect(Registry.lookup(self, "unique", "k")).toEqual([{ pid: holder, value: 1 }]);
      expect(() => Registry.updateValue(self, "duplicate", "k", () => 2)).toThrow(
        expect.objectContaining({ code: "ROOKERY_BADARG" }),
      );
    });
  });

  test("unregister takes all of one's own under a duplicate key, and no other's (308, 310)", async () => {
    const holder = await holds("duplicate", "k", 1);
    await runInProcess(runtime, (self) => {
      for (const key of ["k", "k", "l"]) Registry.register(self, "duplicate", key);
      Registry.unregister(self, "duplicate", "k");
      expect(Registry.keys(self, "duplicate", self.pid)).toEqual(["l"]);
      Registry.unregister(self, "duplicate", "k");
      expect(Registry.lookup(self, "duplicate", "k")).toEqual([{ pid: holder, value: 1 }]);
    });
  });

  test("updateValue does not ask for a new value for what one does not hold (310)", async () => {
    await holds("unique", "k", 1);
    await runInProcess(runtime, (self) => {
      const never = (): never => {
        throw new Error("asked");
      };
      expect(Registry.updateValue(self, "unique", "k", never)).toBeUndefined();
      expect(Registry.updateValue(self, "unique", "nothing", never)).toBeUndefined();
    });
  });

  test("dispatch hands the holders of one key to a function that runs in the caller (313)", async () => {
    await runInProcess(runtime, async (self) => {
      for (const registry of ["unique", "duplicate"]) {
        Registry.register(self, registry, "k", registry);
        Registry.register(self, registry, "other", "other");
        Registry.dispatch(self, registry, "k", (entries) => {
          for (const { pid, value } of entries) self.send(pid, value);
        });
      }
      expect([await self.receive(), await self.receive()]).toEqual(["unique", "duplicate"]);
      expect(self.info(self.pid)!.messageQueueLength).toBe(0);
    });
  });

  test("dispatch is called once for each partition that has holders, else not at all (313)", async () => {
    await runtime.start(Registry, { keys: "duplicate", partitions: 4 }, { name: "partitioned" });
    const holders = Array.from({ length: 8 }, () =>
      runtime.spawn((self) => {
        Registry.register(self, "partitioned", "k");
        Registry.register(self, "duplicate", "k");
        return self.receive();
      }),
    );
    await settle(runtime);
    const groups: number[] = [];
    const dispatch = (entries: readonly unknown[]): void => void groups.push(entries.length);
    Registry.dispatch(runtime, "partitioned", "k", dispatch);
    expect(groups).toEqual([2, 2, 2, 2]);
    Registry.dispatch(runtime, "duplicate", "k", dispatch);
    expect(groups.at(-1)).toBe(holders.length);
    Registry.dispatch(runtime, "partitioned", "nothing", () => {
      throw new Error("called for nothing");
    });
  });

  test("listeners hear of register and unregister, not of a death (314)", async () => {
    const heard: unknown[] = [];
    await runtime.start(
      Registry,
      { keys: "duplicate", listeners: ["listener", "absent"] },
      { name: "heard" },
    );
    await runInProcess(runtime, async (self) => {
      self.register("listener");
      Registry.register(self, "heard", "k", 1);
      Registry.unregister(self, "heard", "other");
      const { ref } = self.spawnMonitor((holder) => Registry.register(holder, "heard", "d", 2));
      await self.receive((m) => m instanceof DownMessage && m.ref === ref);
      const isNews = (m: unknown): m is unknown[] => Array.isArray(m);
      for (let i = 0; i < 3; i += 1) heard.push((await self.receive(isNews)).slice(0, 3));
      expect(self.info(self.pid)!.messageQueueLength).toBe(0);
    });
    expect(heard).toEqual([
      ["register", "heard", "k"],
      ["unregister", "heard", "other"],
      ["register", "heard", "d"],
    ]);
  });

  test("listeners hear of unregisterMatch once nothing is left under the key (314)", async () => {
    await runtime.start(Registry, { keys: "duplicate", listeners: ["listener"] }, { name: "heard" });
    await runInProcess(runtime, async (self) => {
      self.register("listener");
      for (const value of [1, 2]) Registry.register(self, "heard", "k", value);
      const isRegister = (message: unknown) => Array.isArray(message) && message[0] === "register";
      for (let i = 0; i < 2; i += 1) await self.receive(isRegister);
      const heard = [0, 1, 2, 3].map((removed) => {
        Registry.unregisterMatch(self, "heard", "k", (value) => value === removed);
        return self.info(self.pid, "messageQueueLength");
      });
      expect(heard).toEqual([0, 0, 1, 2]);
      expect(await self.receive()).toEqual(["unregister", "heard", "k", self.pid]);
    });
  });

  test("match, countMatch, select, countSelect and unregisterMatch choose by value (315)", async () => {
    const odd = (value: unknown): boolean => (value as number) % 2 === 1;
    await runInProcess(runtime, (self) => {
      for (const value of [1, 2, 3]) Registry.register(self, "duplicate", "k", value);
      Registry.register(self, "duplicate", "l", 5);
      expect(Registry.match(self, "duplicate", "k", odd).map(({ value }) => value)).toEqual([1, 3]);
      expect(Registry.countMatch(self, "duplicate", "k", odd)).toBe(2);
      const rows = Registry.select(self, "duplicate", ({ value }) => odd(value));
      expect(rows.map(({ key, value }) => [key, value])).toEqual([
        ["k", 1],
        ["k", 3],
        ["l", 5],
      ]);
      expect(Registry.countSelect(self, "duplicate", ({ value }) => odd(value))).toBe(3);
      Registry.unregisterMatch(self, "duplicate", "k", odd);
      expect(Registry.lookup(self, "duplicate", "k")).toEqual([{ pid: self.pid, value: 2 }]);
      expect(Registry.count(self, "duplicate")).toBe(2);
    });
  });

  test("meta keeps what is put with the registry (315)", async () => {
    await runtime.start(Registry, { keys: "unique", meta: [["a", 1]] }, { name: "meta" });
    expect(Registry.meta(runtime, "meta", "a")).toEqual({ ok: true, value: 1 });
    expect(Registry.meta(runtime, "meta", "b")).toEqual({ ok: false });
    Registry.putMeta(runtime, "meta", "b", 2);
    expect(Registry.meta(runtime, "meta", "b")).toEqual({ ok: true, value: 2 });
    Registry.deleteMeta(runtime, "meta", "b");
    expect(Registry.meta(runtime, "meta", "b")).toEqual({ ok: false });
  });

  test.each<[string, object]>([
    ["keys", {}],
    ["partitions", { keys: "unique", partitions: 0 }],
    ["listeners", { keys: "unique", listeners: [1] }],
    ["misspelled option", { keys: "unique", partition: 2 }],
  ])("wrong %s are refused", async (_, options) => {
    await expect(runtime.start(Registry, options as never)).rejects.toMatchObject({
      reason: { code: "ROOKERY_BADARG" },
    });
  });

  test("ten thousand holders of one key die as fast as they came", async () => {
    const holders = Array.from({ length: 10_000 }, () =>
      runtime.spawn((self) => {
        Registry.register(self, "duplicate", "k");
        return self.receive();
      }),
    );
    await settle(runtime);
    expect(Registry.count(runtime, "duplicate")).toBe(10_000);
    for (const holder of holders) runtime.exit(holder, "kill");
    expect(Registry.lookup(runtime, "duplicate", "k")).toEqual([]);
  });
});
