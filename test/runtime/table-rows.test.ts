import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Runtime, silentLogger, Table } from "../../runtime/index.ts";
import { type Pair, withTable } from "./table-in-process.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });

const types = ["set", "ordered_set", "bag", "duplicate_bag"] as const;
const rowsOf = (keys: number, each: number): Pair[] =>
  Array.from({ length: keys * each }, (_, i) => [Math.floor(i / each), i % each] as const);

describe.each(types)("the rows of a %s", (type) => {
  const many = type.endsWith("bag") ? 3 : 1;

  test("are seen once by a fold that deletes what stands beside them, or what is not there", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, ...rowsOf(10, many));
      const seen: Pair[] = [];
      const visit = (row: Pair): void => {
        if (seen.length >= 100) throw new Error("the fold goes round in circles");
        seen.push(row);
        if (row[1] > 0) table.deleteObject(self, [row[0], row[1] - 1]);
        table.deleteObject(self, [row[0], many]);
      };
      table.foldl(self, visit, undefined as void);
      expect(seen).toEqual(rowsOf(10, many));
      expect(table.toList(self)).toEqual(rowsOf(10, many).filter(([, value]) => value === many - 1));
    });
  });

  test("that stay are seen once by a select, whatever else is deleted between its parts (326)", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, ...rowsOf(20, many));
      const seen: unknown[] = [];
      let part = table.select(self, () => true, 4);
      for (let turn = 0; part !== undefined && turn < 100; turn += 1) {
        seen.push(...part.rows.map((row) => String(row)));
        table.delete(self, 19 - turn);
        table.deleteObject(self, [turn, many]);
        if (many > 1) table.deleteObject(self, [turn, 0]);
        part = part.next();
      }
      const left = table.toList(self).map((row) => String(row));
      expect(seen).toEqual(expect.arrayContaining(left));
      expect(new Set(seen).size).toBe(seen.length);
    });
  });

  test("are all gone with deleteAllObjects, and the table goes on", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, ...rowsOf(10, many));
      table.deleteAllObjects(self);
      expect([table.toList(self), table.info()?.size]).toEqual([[], 0]);
      table.insert(self, [1, 1]);
      expect(table.lookup(self, 1)).toEqual([[1, 1]]);
    });
  });

  test("are deleted one by one only if they are equal as a whole", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, [1, 1]);
      table.deleteObject(self, [1, 2]);
      table.deleteObject(self, [2, 1]);
      expect(table.toList(self)).toEqual([[1, 1]]);
      table.deleteObject(self, [1, 1]);
      expect([table.toList(self), table.member(self, 1)]).toEqual([[], false]);
    });
  });

  test("of an empty table fold to what the fold began with, and nothing is found in it", async () => {
    await withTable(runtime, { type }, (self, table) => {
      expect(table.foldl(self, () => "seen", "initial")).toBe("initial");
      expect(table.match(self, () => true)).toEqual([]);
      expect(table.select(self, () => true, 1)).toBeUndefined();
      expect([table.selectCount(self, () => true), table.selectDelete(self, () => true)]).toEqual([0, 0]);
      expect([table.lookup(self, "k"), table.take(self, "k"), table.member(self, "k")]).toEqual([
        [],
        [],
        false,
      ]);
      expect(table.delete(self, "k")).toBeUndefined();
    });
  });

  test("are counted with each of them", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, ...rowsOf(3, many), ...rowsOf(3, many));
      const times = type === "duplicate_bag" ? 2 : 1;
      expect(table.info()?.size).toBe(3 * many * times);
      expect(table.take(self, 0)).toHaveLength(many * times);
      expect(table.info()?.size).toBe(2 * many * times);
      expect(table.selectDelete(self, ([key]) => key === 1)).toBe(many * times);
      expect(table.info()?.size).toBe(many * times);
    });
  });

  test("are inserted anew only under keys that none of them has (322)", async () => {
    await withTable(runtime, { type }, (self, table) => {
      expect(table.insertNew(self, [1, 1], [1, 2])).toBe(true);
      const there = table.toList(self);
      expect(there.at(-1)).toEqual([1, 2]);
      expect(table.insertNew(self, [2, 1], [1, 3])).toBe(false);
      expect(table.insertNew(self)).toBe(true);
      expect(() => table.insertNew(self, [2, 1], [] as never)).toThrow(badarg);
      expect(table.toList(self)).toEqual(there);
    });
  });

  test("a fold whose function throws leaves the table as usable as before", async () => {
    await withTable(runtime, { type }, (self, table) => {
      table.insert(self, [1, 1]);
      const fail = (): never => {
        throw new Error("x");
      };
      expect(() => table.foldl(self, fail, 0)).toThrow("x");
      expect(() => table.match(self, fail)).toThrow("x");
      expect(() => table.selectDelete(self, fail)).toThrow("x");
      expect(table.toList(self)).toEqual([[1, 1]]);
    });
  });
});

describe("a bag", () => {
  test("keeps the order in which the rows of a key came, also when some have gone (324)", async () => {
    await withTable(runtime, { type: "bag" }, (self, table) => {
      for (const value of [3, 1, 2, 5, 4]) table.insert(self, ["k", value]);
      table.deleteObject(self, ["k", 2]);
      table.insert(self, ["k", 1], ["k", 2]);
      expect(table.lookup(self, "k").map(([, value]) => value)).toEqual([3, 1, 5, 4, 2]);
    });
  });
});

describe("updateCounter", () => {
  test("refuses a default that is no row, also where it is not needed (325)", async () => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ["k", 1]);
      for (const wrong of ["row", 1, [], {}]) {
        expect(() => table.updateCounter(self, "k", 1, wrong as never)).toThrow(badarg);
        expect(() => table.updateCounter(self, "l", 1, wrong as never)).toThrow(badarg);
      }
      expect(table.toList(self)).toEqual([["k", 1]]);
    });
  });

  test("looks into the default only where there is no row, and inserts none that is wrong (325)", async () => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ["k", 1]);
      expect(table.updateCounter(self, "k", 1, ["x", "no number"] as never)).toBe(2);
      expect(() => table.updateCounter(self, "l", 1, ["x", "no number"] as never)).toThrow(badarg);
      expect(() => table.updateCounter(self, "l", 1, ["x"] as never)).toThrow(badarg);
      expect(table.toList(self)).toEqual([["k", 2]]);
    });
  });

  test.each<[string, object]>([
    ["the key", { index: 0, increment: 1 }],
    ["what is not there", { index: 2, increment: 1 }],
    ["a place between two", { index: 0.5, increment: 1 }],
    ["no increment", {}],
    ["a threshold without what comes then", { increment: 1, threshold: 2 }],
  ])("refuses %s (325)", async (_, update) => {
    await withTable(runtime, {}, (self, table) => {
      table.insert(self, ["k", 1]);
      expect(() => table.updateCounter(self, "k", update as never)).toThrow(badarg);
      expect(table.toList(self)).toEqual([["k", 1]]);
    });
  });

  test("grows a table of counters from nothing (325)", async () => {
    await withTable(runtime, { type: "ordered_set" }, (self, table) => {
      for (let i = 0; i < 3_000; i += 1) table.updateCounter(self, i % 1_000, 1, [0, 0]);
      expect(table.toList(self)).toEqual(Array.from({ length: 1_000 }, (_, i) => [i, 3]));
    });
  });
});

test("a named table that is deleted and made anew is another table: who has the old one, has nothing (321, 326)", async () => {
  await withTable(runtime, { name: "t" }, (self, old) => {
    old.insert(self, [1, 1], [2, 2]);
    const part = old.select(self, () => true, 1)!;
    old.deleteTable(self);
    const made = Table.new<Pair>(self, { name: "t" });
    made.insert(self, [1, 1], [2, 2]);
    expect(() => part.next()).toThrow(badarg);
    expect(() => old.lookup(self, 1)).toThrow(badarg);
    expect(Table.whereis(self, "t")).toBe(made);
    expect(Table.whereis(self, "nowhere")).toBeUndefined();
  });
});
