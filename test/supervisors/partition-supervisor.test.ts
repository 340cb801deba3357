import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenServer, ok, type Pid, Registry, reply, Runtime, silentLogger } from "../../runtime/index.ts";
import { runInProcess, settle, VirtualClock } from "../../runtime/testing.ts";
import {
  child,
  DynamicSupervisor,
  PartitionSupervisor,
  type PartitionSupervisorOptions,
  Supervisor,
} from "../../supervisors/index.ts";

// The numbers in the names are rows of the checklist of OTP's semantics.

let runtime: Runtime;

beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger, clock: new VirtualClock(), cores: 3 });
});

afterEach(() => runtime.shutdown());

class Cell extends GenServer<unknown, "get"> {
  init(value: unknown) {
    return ok(value);
  }
  override handleCall() {
    return reply(this.state);
  }
}

function start(options: Partial<PartitionSupervisorOptions> = {}): Promise<Pid<PartitionSupervisor>> {
  const complete = { childSpec: child(Cell, "cell"), ...options };
  return runtime.start(PartitionSupervisor, complete, { name: "cells" });
}

const via = (key: unknown) => PartitionSupervisor.via<Cell>("cells", key);
const whereis = (key: unknown) => runtime.whereis(via(key));
const get = (key: unknown) => runtime.call(via(key), "get");

describe("PartitionSupervisor", () => {
  test("has as many partitions as the runtime has cores, with the ids from 0 on (282)", async () => {
    const cells = await start();
    expect(PartitionSupervisor.partitions(runtime, "cells")).toBe(3);
    expect(await PartitionSupervisor.countChildren(runtime, cells)).toMatchObject({ specs: 3, active: 3 });
    const children = await PartitionSupervisor.whichChildren(runtime, cells);
    expect(children.map(({ id }) => id)).toEqual([2, 1, 0]);
    expect(children.map(({ pid }) => pid)).toEqual([whereis(2), whereis(1), whereis(0)]);
  });

  test("is one_for_one unless told otherwise (282)", async () => {
    await start({ partitions: 2 });
    const [first, second] = [whereis(0), whereis(1)];
    runtime.exit(first!, "kill");
    await settle(runtime);
    expect([whereis(0) === first, whereis(1) === second]).toEqual([false, true]);
    await PartitionSupervisor.stop(runtime, "cells");
    await start({ partitions: 2, strategy: "one_for_all" });
    const other = whereis(1);
    runtime.exit(whereis(0)!, "kill");
    await settle(runtime);
    expect(whereis(1)).not.toBe(other);
  });

  test("finds the partition of an integer by its remainder, of another key by its hash (283)", async () => {
    await start({ withArgument: (_, partition) => partition });
    for (const [key, partition] of [
      [0, 0],
      [4, 1],
      [-4, 1],
      [5n, 2],
      [-5n, 2],
    ] as const) {
      expect(await get(key)).toBe(partition);
    }
    const keys = Array.from({ length: 30 }, (_, n) => `room:${n}`);
    const partitions = await Promise.all(keys.map(get));
    expect(new Set(partitions)).toEqual(new Set([0, 1, 2]));
    expect(await Promise.all(keys.map(get))).toEqual(partitions);
    expect(await get(["room", { id: 1 }])).toBe(await get(["room", { id: 1 }]));
    await runInProcess(runtime, async (self) => {
      expect(await get(self.pid)).toBe(await get(self.pid));
    });
  });

  test("counts partitions that are supervisors as such (261, 282)", async () => {
    await start({ childSpec: child(DynamicSupervisor, {}) });
    expect(await PartitionSupervisor.countChildren(runtime, "cells")).toEqual({
      specs: 3,
      active: 3,
      supervisors: 3,
      workers: 0,
    });
  });

  test("what is started under the partitions of many keys is spread, and none is lost (283)", async () => {
    await start({ childSpec: child(DynamicSupervisor, {}) });
    const keys = Array.from({ length: 100 }, (_, n) => ["key", n]);
    for (const key of keys) await DynamicSupervisor.startChild(runtime, via(key), child(Cell, key));
    const counts = await Promise.all(
      [0, 1, 2].map((partition) => DynamicSupervisor.countChildren(runtime, via(partition))),
    );
    expect(counts.reduce((sum, { active }) => sum + active, 0)).toBe(100);
    expect(counts.every(({ active }) => active > 0)).toBe(true);
  });

  test("ends with all its partitions when it is stopped, and its name is free (282)", async () => {
    await start();
    await PartitionSupervisor.stop(runtime, "cells");
    expect(runtime.processes()).toEqual([]);
    await start();
  });

  test("may have a via name, also in the names of its partitions (283)", async () => {
    await runtime.start(Registry, { keys: "unique" }, { name: "registry" });
    const name = Registry.via("registry", "cells");
    const cells = await runtime.start(
      PartitionSupervisor,
      { childSpec: child(Cell, 0), withArgument: (_, partition) => partition },
      { name },
    );
    expect(PartitionSupervisor.partitions(runtime, name)).toBe(3);
    expect(await PartitionSupervisor.countChildren(runtime, name)).toMatchObject({ specs: 3 });
    expect(await runtime.call(PartitionSupervisor.via<Cell>(name, 4), "get")).toBe(1);
    await PartitionSupervisor.stop(runtime, name);
    expect(runtime.isAlive(cells)).toBe(false);
    const noproc = { code: "ROOKERY_NOPROC" };
    expect(() => PartitionSupervisor.partitions(runtime, name)).toThrow(expect.objectContaining(noproc));
    await expect(runtime.call(PartitionSupervisor.via<Cell>(name, 4), "get")).rejects.toMatchObject(noproc);
  });

  test("an unknown name is noproc (283)", async () => {
    const reason = ["noproc", expect.anything()];
    await expect(get(1)).rejects.toMatchObject({ code: "ROOKERY_NOPROC", reason });
    expect(() => PartitionSupervisor.partitions(runtime, "cells")).toThrow(
      expect.objectContaining({ reason: ["noproc", ["PartitionSupervisor", "partitions", ["cells"]]] }),
    );
    await expect(PartitionSupervisor.countChildren(runtime, "cells")).rejects.toMatchObject({ reason });
    await runtime.start(Supervisor, { strategy: "one_for_one" }, { name: "cells" });
    expect(whereis(1)).toBeUndefined();
  });

  test("the name of a partition is a destination, and nothing to start a process under (283)", async () => {
    await start({ childSpec: child(DynamicSupervisor, {}) });
    const started = await DynamicSupervisor.startChild(runtime, via("key"), child(Cell, 7));
    expect(started.ok).toBe(true);
    await expect(runtime.start(Cell, 1, { name: via("key") })).rejects.toMatchObject({
      code: "ROOKERY_PARTITION_NAME",
    });
  });

  test("withArgument makes the argument of each partition, also when it is started again (284)", async () => {
    const withArgument = (arg: unknown, partition: number) => `${String(arg)} ${partition}`;
    await start({ withArgument });
    expect([await get(0), await get(1)]).toEqual(["cell 0", "cell 1"]);
    const crashed = whereis(1)!;
    runtime.exit(crashed, "kill");
    await settle(runtime);
    expect(whereis(1)).not.toBe(crashed);
    expect(await get(1)).toBe("cell 1");
  });

  test("a start function gets the number of its partition (284)", async () => {
    const startCell: PartitionSupervisorOptions["childSpec"]["start"] = (parent, partition) =>
      parent.startLink(Cell, partition);
    await start({ childSpec: { start: startCell } });
    expect([await get(0), await get(1), await get(2)]).toEqual([0, 1, 2]);
  });

  test("a partition without a process is noproc", async () => {
    await start({ childSpec: child(Cell, 1, { restart: "transient" }), partitions: 1 });
    await runtime.stop(via("any"));
    await settle(runtime);
    await expect(get("any")).rejects.toMatchObject({ code: "ROOKERY_NOPROC" });
  });

  test("is resized to any number of partitions up to that of its start, and each key leads to one that runs", async () => {
    await start({ partitions: 8 });
    let previous = 8;
    for (const partitions of [7, 3, 0, 1, 8, 8, 2, 5]) {
      const resized = await PartitionSupervisor.resize(runtime, "cells", partitions);
      expect(resized).toEqual({ ok: true, previous });
      previous = partitions;
      expect(PartitionSupervisor.partitions(runtime, "cells")).toBe(partitions);
      expect(await PartitionSupervisor.countChildren(runtime, "cells")).toMatchObject({
        specs: 8,
        active: partitions,
      });
      const reached = new Set(Array.from({ length: 8 }, (_, key) => whereis(key)));
      expect(reached.size).toBe(Math.max(partitions, 1));
    }
  });

  test("has names of nobody once it is resized to no partitions, and of somebody again later", async () => {
    await start();
    await PartitionSupervisor.resize(runtime, "cells", 0);
    for (const key of [0, 1n, "key"])
      await expect(get(key)).rejects.toMatchObject({ code: "ROOKERY_NOPROC" });
    await PartitionSupervisor.resize(runtime, "cells", 1);
    expect(await get("key")).toBe("cell");
  });

  test("resizes one after the other, however many ask at once", async () => {
    await start({ partitions: 4 });
    const resized = [1, 4, 0, 3].map((partitions) =>
      PartitionSupervisor.resize(runtime, "cells", partitions),
    );
    expect(await Promise.all(resized)).toEqual([4, 1, 4, 0].map((previous) => ({ ok: true, previous })));
    expect(await PartitionSupervisor.countChildren(runtime, "cells")).toMatchObject({ active: 3 });
  });

  test("a partition that does not start again leaves the keys where they are, and is the answer", async () => {
    let why: string | undefined;
    const startCell: PartitionSupervisorOptions["childSpec"]["start"] = (parent, partition) =>
      partition === 2 && why !== undefined ? { ok: false, reason: why } : parent.startLink(Cell, partition);
    await start({ childSpec: { start: startCell } });
    await PartitionSupervisor.resize(runtime, "cells", 1);
    why = "why";
    expect(await PartitionSupervisor.resize(runtime, "cells", 3)).toEqual({ ok: false, reason: "why" });
    expect([await get(0), await get(1), await get(2)]).toEqual([0, 0, 0]);
    why = undefined;
    expect(await PartitionSupervisor.resize(runtime, "cells", 3)).toEqual({ ok: true, previous: 1 });
    expect([await get(0), await get(1), await get(2)]).toEqual([0, 1, 2]);
  });

  test.each([4, -1, 1.5, Number.NaN])("is not resized to %s partitions of 3", async (partitions) => {
    await start();
    await expect(PartitionSupervisor.resize(runtime, "cells", partitions)).rejects.toMatchObject({
      code: "ROOKERY_SUPERVISOR_OPTION",
    });
    expect(PartitionSupervisor.partitions(runtime, "cells")).toBe(3);
    await expect(PartitionSupervisor.resize(runtime, "nobody", 1)).rejects.toMatchObject({
      reason: ["noproc", ["PartitionSupervisor", "resize", ["nobody", 1]]],
    });
  });

  test.each<[string, unknown]>([
    ["no child spec", { childSpec: undefined }],
    ["no partitions", { partitions: 0 }],
    ["withArgument beside a start function", { childSpec: { start: () => {} }, withArgument: () => 1 }],
    ["a withArgument that is no function", { withArgument: 123 }],
    ["autoShutdown, for no partition can be missed", { autoShutdown: "any_significant" }],
    ["children of its own", { children: [] }],
  ])("refuses %s", async (_, options) => {
    await expect(start(options as PartitionSupervisorOptions)).rejects.toMatchObject({
      reason: { code: "ROOKERY_SUPERVISOR_OPTION" },
    });
  });
});
