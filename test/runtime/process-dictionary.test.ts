import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger } from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

describe("the process dictionary", () => {
  test("answers the old value to put and erase, and undefined where there is none (122)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.get("k")).toBeUndefined();
      expect(self.erase("k")).toBeUndefined();
      expect(self.put("k", 1)).toBeUndefined();
      expect(self.put("k", 2)).toBe(1);
      expect(self.get("k")).toBe(2);
      expect(self.erase("k")).toBe(2);
      expect(self.get("k")).toBeUndefined();
    });
  });

  test("get without a key answers a copy of the whole (122)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.get()).toEqual(new Map());
      self.put("a", 1);
      self.put("b", 2);
      const whole = self.get();
      expect([...whole]).toEqual([
        ["a", 1],
        ["b", 2],
      ]);
      whole.set("a", 9);
      expect(self.get("a")).toBe(1);
    });
  });

  test("erase without a key empties it and answers what was there (122)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.erase()).toEqual(new Map());
      self.put("a", 1);
      self.put("b", 2);
      const all = self.erase();
      expect([...all]).toEqual([
        ["a", 1],
        ["b", 2],
      ]);
      expect(self.get()).toEqual(new Map());
      self.put("c", 3);
      expect(all.has("c")).toBe(false);
      expect([...self.info(self.pid, "dictionary")!]).toEqual([["c", 3]]);
    });
  });

  test("undefined is a key like any other (122)", async () => {
    await runInProcess(runtime, (self) => {
      self.put("a", 1);
      self.put(undefined, 2);
      expect(self.get(undefined)).toBe(2);
      expect(self.getKeys(undefined)).toEqual([]);
      expect(self.erase(undefined)).toBe(2);
      expect(self.getKeys()).toEqual(["a"]);
    });
  });

  test("getKeys answers all keys, or those whose value is equal to one (122)", async () => {
    await runInProcess(runtime, (self) => {
      expect(self.getKeys()).toEqual([]);
      expect(self.getKeys(1)).toEqual([]);
      self.put("a", 1);
      self.put("b", ["x", { n: 1 }]);
      self.put("c", ["x", { n: 1 }]);
      self.put("d", "1");
      expect(self.getKeys()).toEqual(["a", "b", "c", "d"]);
      expect(self.getKeys(1)).toEqual(["a"]);
      expect(self.getKeys(["x", { n: 1 }])).toEqual(["b", "c"]);
      expect(self.getKeys("none")).toEqual([]);
    });
  });

  test("equal keys are one, also when they are structures (122)", async () => {
    await runInProcess(runtime, (self) => {
      self.put(["room", 1], "old");
      expect(self.put(["room", 1], "new")).toBe("old");
      self.put(["room", "1"], "text");
      self.put(self.pid, "pid");
      expect(self.get(["room", 1])).toBe("new");
      expect(self.get(self.pid)).toBe("pid");
      expect(self.getKeys()).toEqual([["room", 1], ["room", "1"], self.pid]);
      expect(self.erase(["room", 1])).toBe("new");
      expect(self.get(["room", 1])).toBeUndefined();
      expect(self.get(["room", "1"])).toBe("text");
    });
  });

  test("is each process's own, and its children begin with an empty one (123)", async () => {
    await runInProcess(runtime, async (self) => {
      self.put("k", "parent's");
      self.spawn((child) => {
        const inherited = child.get("k");
        child.put("k", "child's");
        child.send(self.pid, inherited);
      });
      expect(await self.receive()).toBeUndefined();
      expect(self.get("k")).toBe("parent's");
    });
  });
});
