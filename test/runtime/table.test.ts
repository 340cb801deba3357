import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger, Table } from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";
import { owned, type Pair, withTable } from "./table-in-process.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });

describe("access to a table", () => {
  test.each([
    ["public", true, true],
    ["protected", true, false],
    ["private", false, false],
  ] as const)("that is %s: others read %s, write %s (321)", async (access, reads, writes) => {
    const { table } = await owned(runtime, { access });
    await runInProcess(runtime, (self) => {
      if (writes) table.insert(self, ["k", 1]);
      else expect(() => table.insert(self, ["k", 1])).toThrow(badarg);
      if (reads) expect(table.member(self, "k")).toBe(writes);
      else expect(() => table.member(self, "k")).toThrow(badarg);
    });
    if (!writes) expect(() => table.deleteTable(runtime)).toThrow(badarg);
  });

  test("is protected by default, and the owner writes (321)", async () => {
    const { table } = await owned(runtime, {});
    expect(table.info()).toMatchObject({ access: "protected", type: "set" });
    expect(() => table.insert(runtime, ["k", 1])).toThrow(badarg);
    await withTable(runtime, {}, (self, own) => own.insert(self, ["k", 1]));
  });

  test("ends with the table (321)", async () => {
    await withTable(runtime, { name: "t" }, (self, table) => {
      table.deleteTable(self);
      expect(() => table.insert(self, ["k", 1])).toThrow(badarg);
      expect(() => table.toList(self)).toThrow(badarg);
      expect(Table.whereis(self, "t")).toBeUndefined();
      expect(Table.new(self, { name: "t" }).info()).toMatchObject({ size: 0 });
    });
  });
});

describe("insert", () => {
  test("of many rows inserts all or none (322)", async () => {
    await withTable(runtime, {}, (self, table) => {
      expect(() => table.insert(self, ["a", 1], "wrong" as never)).toThrow(badarg);
      expect(table.toList(self)).toEqual([]);
      table.insert(self, ["a", 1], ["b", 2], ["a", 3]);
      expect(table.toList(self)).toEqual([
        ["a", 3],
        ["b", 2],
      ]);
    });
  });

  test("insertNew inserts all or none (322)", async () => {
    await withTable(runtime, {}, (self, table) => {
      expect(table.insertNew(self, ["a", 1], ["b", 2])).toBe(true);
      expect(table.insertNew(self, ["c", 3], ["a", 9])).toBe(false);
      expect(table.member(self, "c")).toBe(false);
      expect(table.lookup(self, "a")).toEqual([["a", 1]]);
    });
  });

  test("makes a value of a row: it can't be changed in the table", async () => {
    await withTable(runtime, {}, (self, table) => {
      const row: [string, number] = ["a", 1];
      table.insert(self, row);
      expect(() => {
        row[1] = 2;
      }).toThrow(TypeError);
    });
  });
});

describe("keys", () => {
  test("of an ordered set are equal when their values are, of a set when their types are, too (323)", async () => {
    await withTable(runtime, { type: "ordered_set" }, (self, table) => {
      table.insert(self, [1, 1], [1n, 2]);
      expect(table.toList(self)).toEqual([[1n, 2]]);
    });
    await withTable(runtime, { type: "set" }, (self, table) => {
      table.insert(self, [1, 1], [1n, 2]);
      expect(table.toList(self)).toHaveLength(2);
    });
  });

  test.each(["set", "ordered_set", "bag"] as const)("of a %s may be structures", async (type) => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, [["room", 1], 1], [["room", 2], 2], [self.pid, 3], [{ b: 1, a: 2 }, 4]);
      expect(table.lookup(self, ["room", 2])).toEqual([[["room", 2], 2]]);
      expect(table.lookup(self, { a: 2, b: 1 })).toHaveLength(1);
      expect(table.lookup(self, self.pid)).toEqual([[self.pid, 3]]);
      expect(table.member(self, ["room", "1"])).toBe(false);
      expect(table.member(self, '\0["room",1]')).toBe(false);
    });
  });

  test("of an ordered set stand in the order of Erlang's terms, however many there are", async () => {
    await withTable(runtime, { type: "ordered_set" }, (self, table) => {
      const mixed = ["b", "a", [2], [1, 1], self.pid, true, 7, 3n];
      for (const key of mixed) table.insert(self, [key, 0]);
      expect(table.toList(self).map(([key]) => key)).toEqual([3n, 7, true, self.pid, [2], [1, 1], "a", "b"]);
      expect(() => table.insert(self, [Number.NaN, 0])).toThrow(badarg);
      table.deleteAllObjects(self);
      const count = 5_000;
      for (let i = 0; i < count; i += 1) table.insert(self, [(i * 7_919) % count, i]);
      for (let i = 0; i < count; i += 2) table.delete(self, i);
      const odd = Array.from({ length: count / 2 }, (_, i) => 2 * i + 1);
      expect(table.toList(self).map(([key]) => key)).toEqual(odd);
      expect(table.info()).toMatchObject({ size: count / 2 });
    });
  });
});

describe("bags", () => {
  test("a bag drops equal rows and keeps the order, a duplicate bag keeps all (324)", async () => {
    const rows: Pair[] = [
      ["a", 2],
      ["a", 1],
      ["b", 1],
      ["a", 2],
    ];
    await withTable(runtime, { type: "bag" }, (self, table) => {
      table.insert(self, ...rows);
      expect(table.lookup(self, "a")).toEqual([
        ["a", 2],
        ["a", 1],
      ]);
      expect(table.info()).toMatchObject({ size: 3 });
      table.deleteObject(self, ["a", 2]);
      expect(table.lookup(self, "a")).toEqual([["a", 1]]);
    });
    await withTable(runtime, { type: "duplicate_bag" }, (self, table) => {
      table.insert(self, ...rows);
      expect(table.lookup(self, "a").map(([, value]) => value)).toEqual([2, 1, 2]);
      table.deleteObject(self, ["a", 2]);
      expect(table.info()).toMatchObject({ size: 2 });
      expect(() => table.updateCounter(self, "a", 1)).toThrow(badarg);
    });
  });
});

describe("lookupElement and updateCounter", () => {
  test("of a missing key are badarg, with a default they are not (325)", async () => {
    await withTable(runtime, {}, (self, table) => {
      expect(() => table.lookupElement(self, "k", 1)).toThrow(badarg);
      expect(table.lookupElement(self, "k", 1, 7)).toBe(7);
      expect(() => table.updateCounter(self, "k", 1)).toThrow(badarg);
      expect(table.updateCounter(self, "k", 3, ["other", 1])).toBe(4);
      expect(table.toList(self)).toEqual([["k", 4]]);
      expect(table.lookupElement(self, "k", 1)).toBe(4);
      expect(() => table.lookupElement(self, "k", 2)).toThrow(badarg);
    });
  });

  test("a counter that passes its threshold wraps, either way (325)", async () => {
    await withTable(runtime, { type: "ordered_set" }, (self, table) => {
      table.insert(self, ["k", 5]);
      expect(table.updateCounter(self, "k", { increment: 10, threshold: 8, setTo: 0 })).toBe(0);
      expect(table.updateCounter(self, "k", [{ increment: 1 }, { increment: 2 }])).toEqual([1, 3]);
      expect(table.updateCounter(self, "k", { increment: -100, threshold: -5, setTo: 7 })).toBe(7);
      expect(table.updateCounter(self, "k", { increment: 1, threshold: 8, setTo: 0 })).toBe(8);
    });
  });

  test("several updates are one: if the last is wrong, the first has not happened (325)", async () => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ["k", 5]);
      const updates = [{ increment: 1 }, { index: 0, increment: 1 }];
      expect(() => table.updateCounter(self, "k", updates)).toThrow(badarg);
      expect(table.lookup(self, "k")).toEqual([["k", 5]]);
    });
  });

  test("updateElement replaces one element of a row that is there", async () => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ["k", 5]);
      expect(table.updateElement(self, "k", 1, 6)).toBe(true);
      expect(table.updateElement(self, "l", 1, 6)).toBe(false);
      expect(() => table.updateElement(self, "k", 0 as 1, 6)).toThrow(badarg);
      expect(table.toList(self)).toEqual([["k", 6]]);
    });
  });
});

describe("searching", () => {
  const rows: Pair[] = Array.from({ length: 10 }, (_, i) => [i, i * i] as const);
  const even = ([key]: Pair): boolean => (key as number) % 2 === 0;

  for (const type of ["set", "ordered_set", "bag", "duplicate_bag"] as const) {
    test(`take, match, select in parts, selectCount, selectDelete and foldl of a ${type} (326)`, async () => {
      await withTable(runtime, { type }, (self, table) => {
        table.insert(self, ...rows);
        expect(table.take(self, 0)).toEqual([[0, 0]]);
        expect(table.take(self, 0)).toEqual([]);
        expect(table.match(self, even).map(([key]) => key)).toEqual([2, 4, 6, 8]);
        expect(table.selectCount(self, even)).toBe(4);
        const first = table.select(self, even, 3)!;
        expect(first.rows.map(([key]) => key)).toEqual([2, 4, 6]);
        table.delete(self, 6);
        const second = first.next()!;
        expect(second.rows.map(([key]) => key)).toEqual([8]);
        expect(second.next()).toBeUndefined();
        expect(table.select(self, () => false, 1)).toBeUndefined();
        expect(() => table.select(self, even, 0)).toThrow(badarg);
        expect(table.selectDelete(self, even)).toBe(3);
        expect(table.foldl(self, ([, value], sum) => sum + value, 0)).toBe(1 + 9 + 25 + 49 + 81);
      });
    });
  }

  test("a selection ends with its table (326)", async () => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ...rows);
      const first = table.select(self, even, 1)!;
      table.deleteTable(self);
      expect(() => first.next()).toThrow(badarg);
    });
  });
});

describe("Table.new", () => {
  test("refuses the name of another table (326)", async () => {
    const { owner } = await owned(runtime, { name: "t" });
    await runInProcess(runtime, (self) => {
      expect(() => Table.new(self, { name: "t" })).toThrow(badarg);
      self.exit(owner, "kill");
      expect(Table.new(self, { name: "t" }).info()).toMatchObject({ owner: self.pid });
    });
  });

  test.each<[string, object]>([
    ["type", { type: "heap" }],
    ["access", { access: "secret" }],
    ["name", { name: "" }],
    ["heir", { heir: { pid: "me", data: 0 } }],
    ["misspelled option", { tpye: "set" }],
  ])("refuses a wrong %s", async (_, options) => {
    await runInProcess(runtime, (self) => {
      expect(() => Table.new(self, options)).toThrow(badarg);
    });
  });
});
