import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DownMessage, Runtime, silentLogger, Table, TableTransfer } from "../../runtime/index.ts";
import { runInProcess, settle } from "../../runtime/testing.ts";
import { owned, type Pair, withTable } from "./table-in-process.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
});

afterEach(() => runtime.shutdown());

const badarg = expect.objectContaining({ code: "ROOKERY_BADARG" });

describe("the owner of a table", () => {
  test("takes it along when it dies, before anybody hears of the death (320)", async () => {
    const { table, owner } = await owned(runtime, { access: "public", name: "t" });
    await runInProcess(runtime, async (self) => {
      self.monitor(owner);
      expect(Table.whereis(self, "t")).toBe(table);
      self.exit(owner, "kill");
      expect(await self.receive()).toBeInstanceOf(DownMessage);
      expect(Table.whereis(self, "t")).toBeUndefined();
      expect(table.info()).toBeUndefined();
      expect(() => table.lookup(self, "k")).toThrow(badarg);
    });
  });

  test("leaves it to a living heir, who is told (320)", async () => {
    await runInProcess(runtime, async (self) => {
      const { table, owner } = await owned(runtime, { heir: { pid: self.pid, data: "yours" }, name: "t" });
      self.monitor(owner);
      self.exit(owner, "kill");
      const transfer = await self.receive((m) => m instanceof TableTransfer);
      expect(transfer).toMatchObject({ type: "ETS-TRANSFER", table, from: owner, data: "yours" });
      expect(table.info()).toMatchObject({ owner: self.pid, name: "t" });
      table.insert(self, ["k", 1]);
    });
    await settle(runtime);
    expect(Table.whereis(runtime, "t")).toBeUndefined();
  });

  test("takes it along when the heir is dead (320)", async () => {
    const heir = runtime.spawn(() => {});
    await settle(runtime);
    const { table, owner } = await owned(runtime, { heir: { pid: heir, data: 0 } });
    runtime.exit(owner, "kill");
    expect(table.info()).toBeUndefined();
  });

  test("may give it away, and does not take it along any more (320)", async () => {
    await runInProcess(runtime, async (self) => {
      const giver = self.spawn((giving) => {
        const table = Table.new<Pair>(giving, {});
        table.insert(giving, ["k", 1]);
        expect(() => table.giveAway(giving, giving.pid, 0)).toThrow(badarg);
        table.giveAway(giving, self.pid, "gift");
        expect(() => table.giveAway(giving, self.pid, "again")).toThrow(badarg);
      });
      const { table, from, data } = await self.receive((m) => m instanceof TableTransfer);
      expect([from, data]).toEqual([giver, "gift"]);
      await settle(runtime);
      expect(self.isAlive(giver)).toBe(false);
      table.insert(self, ["l", 2]);
      expect(table.toList(self)).toEqual([
        ["k", 1],
        ["l", 2],
      ]);
    });
  });

  test("may name an heir later (320)", async () => {
    const heir = runtime.spawn((self) => self.receive((m) => m === "end"));
    const table = await withTable(runtime, {}, (self, made) => {
      made.setHeir(self, { pid: heir, data: 0 });
      return made;
    });
    await settle(runtime);
    expect(table.info()).toMatchObject({ owner: heir });
  });

  test("gives it away with all rights, and keeps none (320)", async () => {
    await runInProcess(runtime, async (self) => {
      const { table } = await owned(runtime, { access: "private" });
      expect(() => table.lookup(self, "k")).toThrow(badarg);
      const taker = self.spawn(async (taking) => {
        const { table: taken } = await taking.receive((m) => m instanceof TableTransfer);
        taken.insert(taking, ["k", 1]);
        self.send(self.pid, taken.lookup(taking, "k"));
        await taking.receive();
      });
      const own = Table.new<Pair>(self, { access: "private", name: "given" });
      own.giveAway(self, taker, 0);
      expect(await self.receive()).toEqual([["k", 1]]);
      expect(() => own.lookup(self, "k")).toThrow(badarg);
      expect(() => own.deleteTable(self)).toThrow(badarg);
      expect(() => own.setHeir(self, undefined)).toThrow(badarg);
      self.exit(taker, "kill");
      expect(own.info()).toBeUndefined();
      expect(Table.whereis(self, "given")).toBeUndefined();
    });
  });

  test("alone gives it away and names its heir, also where everybody writes (320)", async () => {
    const { table } = await owned(runtime, { access: "public" });
    await runInProcess(runtime, (self) => {
      table.insert(self, ["k", 1]);
      expect(() => table.giveAway(self, self.pid, 0)).toThrow(badarg);
      expect(() => table.setHeir(self, { pid: self.pid, data: 0 })).toThrow(badarg);
    });
  });

  test("can't give it to the dead, to itself, or to what is no process (320)", async () => {
    await withTable(runtime, {}, async (self, table) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      for (const wrong of [dead, self.pid, "name", undefined])
        expect(() => table.giveAway(self, wrong as never, 0)).toThrow(badarg);
      expect(table.info()).toMatchObject({ owner: self.pid });
    });
  });

  test("has no heir in one who is dead when he is named, and refuses what is no heir (320)", async () => {
    await withTable(runtime, {}, async (self, table) => {
      const dead = self.spawn(() => {});
      await settle(runtime);
      expect(Table.new(self, { heir: { pid: dead, data: 0 } }).info()?.heir).toBeUndefined();
      table.setHeir(self, { pid: dead, data: 0 });
      expect(table.info()?.heir).toBeUndefined();
      table.setHeir(self, { pid: self.pid, data: 0 });
      for (const wrong of [{ pid: "name", data: 0 }, { data: 0 }, "heir"])
        expect(() => table.setHeir(self, wrong as never)).toThrow(badarg);
      expect(table.info()?.heir).toBe(self.pid);
      table.setHeir(self, undefined);
      expect(table.info()?.heir).toBeUndefined();
    });
  });

  test("that inherited it stays its heir, which helps nobody when it dies (320)", async () => {
    const heir = runtime.spawn((self) => self.receive((m) => m === "end"));
    const { table, owner } = await owned(runtime, { heir: { pid: heir, data: 0 } });
    runtime.exit(owner, "kill");
    expect(table.info()).toMatchObject({ owner: heir, heir });
    runtime.exit(heir, "kill");
    expect(table.info()).toBeUndefined();
  });

  test("passes it on to the heir of a table that was given away (320)", async () => {
    await runInProcess(runtime, async (self) => {
      const taker = self.spawn((taking) => taking.receive((m) => m === "end"));
      const table = Table.new<Pair>(self, { heir: { pid: self.pid, data: "back" } });
      table.giveAway(self, taker, 0);
      self.exit(taker, "kill");
      expect(await self.receive()).toMatchObject({ table, from: taker, data: "back" });
      table.insert(self, ["k", 1]);
    });
  });

  test("takes all of its tables along, however many and however large (320)", async () => {
    const tables: Table<Pair>[] = [];
    const owner = runtime.spawn((self) => {
      for (let i = 0; i < 1_000; i += 1) tables.push(Table.new<Pair>(self, { name: `t${i}` }));
      for (let i = 0; i < 10_000; i += 1) tables[0]!.insert(self, [i, i]);
      return self.receive();
    });
    await settle(runtime);
    runtime.exit(owner, "kill");
    expect(tables.filter((table) => table.info() !== undefined)).toEqual([]);
    await runInProcess(runtime, (self) => {
      expect(Table.new(self, { name: "t0" }).info()).toMatchObject({ size: 0 });
    });
  });
});
