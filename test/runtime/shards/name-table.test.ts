import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NameHolder, NameTable } from "../../../runtime/shards/name-table.ts";
import { SHARDS_MAX } from "../../../runtime/shards/shard-setup.ts";
import type { ClaimerTask } from "./name-claimer.ts";

/** So few lists that names share them. */
const crowded = { buckets: 2 };

function newTable(options = crowded): NameTable {
  return new NameTable(NameTable.memory(options), 0);
}

function claimer(task: Omit<ClaimerTask, "barrier" | "ready">, barrier: Int32Array, ready: number): Worker {
  const workerData: ClaimerTask = { ...task, barrier, ready };
  return new Worker(new URL("name-claimer.ts", import.meta.url), { workerData });
}

const someNames = [
  "a",
  "b",
  "ab",
  "ba",
  "server",
  "\0",
  "\ud83d",
  "\ud83d\ude00",
  "ä".repeat(50),
  "x".repeat(99),
];
const aName = fc.constantFrom(...someNames);
const aShard = fc.nat({ max: 3 });
const anId = fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1);

describe("a table of names", () => {
  test("answers what a Map of names would", () => {
    type Step = [operation: "claim" | "release" | "purge", name: string, shard: number, id: number];
    const aStep: fc.Arbitrary<Step> = fc.tuple(
      fc.constantFrom("claim", "claim", "release", "release", "purge"),
      aName,
      aShard,
      anId,
    );
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 60 }), (steps) => {
        const table = newTable();
        const model = new Map<string, NameHolder>();
        for (const [operation, name, shard, id] of steps) {
          const holder = model.get(name);
          if (operation === "claim") {
            expect(table.claim(name, shard, id)).toEqual(holder);
            if (holder === undefined) model.set(name, { shard, id });
          } else if (operation === "release") {
            const own = holder?.shard === shard && holder.id === id;
            expect(table.release(name, shard, id)).toBe(own);
            if (own) model.delete(name);
          } else {
            table.purge(shard);
            for (const [held, { shard: of }] of model) if (of === shard) model.delete(held);
          }
          expect(table.names().toSorted()).toEqual([...model.keys()].toSorted());
          for (const each of someNames) expect(table.find(each)).toEqual(model.get(each));
        }
      }),
    );
  });

  test("finds names of any text, and only those", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 }), (names) => {
        const table = newTable();
        const [absent, ...present] = names;
        for (const [id, name] of present.entries()) table.claim(name, 1, id);
        expect(table.find(absent!)).toBe(undefined);
        expect(present.map((name) => table.find(name)?.id)).toEqual([...present.keys()]);
        expect(new Set(table.names())).toEqual(new Set(present));
      }),
    );
  });

  test("grows, and those who look into it from elsewhere see the names that came", () => {
    const memory = NameTable.memory({ buckets: 64 });
    const [here, there] = [new NameTable(memory, 0), new NameTable(memory, 1)];
    const names = Array.from({ length: 5_000 }, (_, id) => `name ${id} ${"long".repeat(id % 30)}`);
    for (const [id, name] of names.entries()) here.claim(name, 0, id);
    expect(names.map((name) => there.find(name)?.id)).toEqual([...names.keys()]);
    expect(there.claim("another", 1, 1)).toBe(undefined);
    expect(here.find("another")).toEqual({ shard: 1, id: 1 });
  });

  test("finds the present holder of a name that was found before", () => {
    const memory = NameTable.memory(crowded);
    const [here, there] = [new NameTable(memory, 0), new NameTable(memory, 1)];
    there.claim("a", 1, 1);
    expect(here.find("a")).toEqual({ shard: 1, id: 1 });
    there.release("a", 1, 1);
    expect(here.find("a")).toBe(undefined);
    there.claim("b", 1, 1);
    expect(here.find("a")).toBe(undefined);
    there.claim("a", 1, 2);
    expect(here.find("a")).toEqual({ shard: 1, id: 2 });
  });

  test("tells a shard from the one that took its place", () => {
    const table = newTable();
    table.claim("first", 1, 1);
    table.claim("second", 1 + SHARDS_MAX, 1);
    table.purge(1);
    expect([table.find("first"), table.find("second")]).toEqual([
      undefined,
      { shard: 1 + SHARDS_MAX, id: 1 },
    ]);
  });

  test("needs no more memory for names that come and go", () => {
    const table = newTable();
    for (let id = 0; id < 1_000; id += 1) {
      table.claim(`name ${id}`, 0, id);
      table.release(`name ${id}`, 0, id);
    }
    const { byteLength } = table.memory;
    for (let id = 1_000; id < 20_000; id += 1) {
      table.claim(`name ${id}`, 0, id);
      table.release(`name ${id}`, 0, id);
    }
    expect(table.memory.byteLength).toBe(byteLength);
    expect(byteLength).toBeLessThan(1_000);
  });

  test("refuses a name for which there is no room, and keeps the others", () => {
    const table = new NameTable(NameTable.memory({ buckets: 1, maxBytes: 1_000 }), 0);
    expect(() => {
      for (let id = 0; id < 100; id += 1) table.claim(`name ${id}`, 0, id);
    }).toThrow(expect.objectContaining({ code: "ROOKERY_NAMES_FULL" }));
    expect(table.find("name 0")).toEqual({ shard: 0, id: 0 });
    table.release("name 0", 0, 0);
    expect(table.claim("another", 0, 1)).toBe(undefined);
  });
});

describe("threads that claim the same names", () => {
  test("get each name once", async () => {
    const memory = NameTable.memory(crowded);
    const barrier = new Int32Array(new SharedArrayBuffer(4));
    const names = Array.from({ length: 2_000 }, (_, id) => `name ${id % 500} ${Math.floor(id / 500)}`);
    const shards = [1, 2, 3, 4];
    const won = await Promise.all(
      shards.map(async (shard) => {
        const worker = claimer({ memory, shard, names, mode: "once" }, barrier, shards.length);
        const [wins] = (await once(worker, "message")) as [string[]];
        return wins;
      }),
    );
    expect(won.flat().toSorted()).toEqual(names.toSorted());
    const table = new NameTable(memory, 0);
    for (const [index, wins] of won.entries()) {
      for (const name of wins.slice(0, 50)) expect(table.find(name)?.shard).toBe(shards[index]);
    }
  });

  /** Two threads that claim and release `names`, once both are at it. */
  async function claiming(memory: SharedArrayBuffer, names: readonly string[]): Promise<Worker[]> {
    const barrier = new Int32Array(new SharedArrayBuffer(4));
    const workers = [1, 2].map((shard) => claimer({ memory, shard, names, mode: "forever" }, barrier, 3));
    for (let seen = 0; seen < 2; seen = Atomics.load(barrier, 0))
      await Atomics.waitAsync(barrier, 0, seen).value;
    Atomics.add(barrier, 0, 1);
    Atomics.notify(barrier, 0);
    return workers;
  }

  /** Claims and releases names in the way of others. */
  function interfere(table: NameTable, names: readonly string[], times: number): void {
    for (let turn = 0; turn < times; turn += 1) {
      const name = names[turn % names.length]!;
      if (table.claim(name, 0, turn) === undefined) expect(table.release(name, 0, turn)).toBe(true);
    }
  }

  async function end(workers: readonly Worker[], table: NameTable): Promise<void> {
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const shard of [1, 2]) table.purge(shard);
  }

  test("hold up nobody when they are ended in the middle of it", async () => {
    const memory = NameTable.memory(crowded);
    const table = new NameTable(memory, 0);
    const names = Array.from({ length: 20 }, (_, id) => `name ${id}`);
    for (let round = 0; round < 10; round += 1) {
      const workers = await claiming(memory, names);
      interfere(table, names, 200 * (round + 1));
      await end(workers, table);
      expect(table.names()).toEqual([]);
      for (const name of names) expect(table.claim(name, 0, 7)).toBe(undefined);
      for (const name of names) expect(table.release(name, 0, 7)).toBe(true);
    }
  });

  test("leave no memory behind that nobody can use", async () => {
    // Room for one name by each of the three threads, and for some confusion.
    const memory = NameTable.memory({ buckets: 1, maxBytes: 64 + 7 * 64 });
    const table = new NameTable(memory, 0);
    for (let round = 0; round < 15; round += 1) {
      const workers = await claiming(memory, ["a", "b"]);
      interfere(table, ["a", "b"], 100 * (round + 1));
      await end(workers, table);
    }
    expect(table.names()).toEqual([]);
    for (const name of ["c", "d", "e"]) expect(table.claim(name, 0, 7)).toBe(undefined);
  });
});
