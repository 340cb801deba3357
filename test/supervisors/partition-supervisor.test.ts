import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenServer, ok, type Pid, reply, Runtime, silentLogger } from "../../runtime/index.ts";
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

  test("an unknown name is noproc (283)", async () => {
    const reason = ["noproc", expect.anything()];
    await expect(get(1)).rejects.toMatchObject({ code: "ROOKERY_NOPROC", reason });
    expect(() => PartitionSupervisor.partitions(runtime, "cells")).toThrow(
      expect.objectContaining({ reason: ["noproc", ["PartitionSupervisor", "partitions", ["cells"]]] }),
    );
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

  test.each<[string, unknown]>([
    ["no child spec", { childSpec: undefined }],
    ["no partitions", { partitions: 0 }],
    ["withArgument beside a start function", { childSpec: { start: () => {} }, withArgument: () => 1 }],
    ["children of its own", { children: [] }],
  ])("refuses %s", async (_, options) => {
    await expect(start(options as PartitionSupervisorOptions)).rejects.toMatchObject({
      reason: { code: "ROOKERY_SUPERVISOR_OPTION" },
    });
  });
});
