import { describe, expect, onTestFinished, test } from "vitest";
import { GenServer, ok, type Ok, type Pid, Runtime, silentLogger } from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import { settle } from "../../runtime/testing.ts";
import { DynamicSupervisor } from "../../supervisors/dynamic-supervisor.ts";
import { type Supervisee, supervisionOf } from "../../supervisors/supervision.ts";
import { Supervisor } from "../../supervisors/supervisor.ts";

class Cell extends GenServer<number> {
  init(value: number): Ok<number> {
    return ok(value);
  }
}

async function newRuntime(): Promise<Runtime> {
  const runtime = await Runtime.start({ logger: silentLogger });
  onTestFinished(() => runtime.shutdown());
  return runtime;
}

function childrenOf(supervisor: Pid): Supervisee[] {
  return [...supervisionOf(residentOf(supervisor)!.instance)!.children()];
}

describe("supervisionOf", () => {
  test("counts how often each child was started again, whoever had crashed", async () => {
    const runtime = await newRuntime();
    const tree = await runtime.start(Supervisor, {
      strategy: "rest_for_one",
      children: ["first", "second", "third"].map((id) => ({ id, start: [Cell, 1] as const, name: id })),
    });
    const restarts = (): unknown[] => childrenOf(tree).map((child) => [child.id, child.restarts]);
    expect(restarts()).toEqual([
      ["first", 0],
      ["second", 0],
      ["third", 0],
    ]);
    runtime.exit("second", "kill");
    await settle(runtime);
    expect(restarts()).toEqual([
      ["first", 0],
      ["second", 1],
      ["third", 1],
    ]);
    expect(childrenOf(tree).map(({ pid }) => pid)).toEqual(
      ["first", "second", "third"].map((name) => runtime.whereis(name)),
    );
  });

  test("follows a child of a DynamicSupervisor from process to process", async () => {
    const runtime = await newRuntime();
    const cells = await runtime.start(DynamicSupervisor, {});
    const started = await DynamicSupervisor.startChild(runtime, cells, { id: "cell", start: [Cell, 1] });
    if (!started.ok) throw new Error("it did not start");
    runtime.exit(started.pid, "kill");
    await settle(runtime);
    const [cell] = childrenOf(cells);
    expect(cell).toMatchObject({ id: "cell", type: "worker", modules: ["Cell"], restarts: 1 });
    expect(cell!.pid).not.toBe(started.pid);
  });

  test("knows a child that was ended as one without a process, and no other servers", async () => {
    const runtime = await newRuntime();
    const children = [{ id: "cell", start: [Cell, 1] as const }];
    const tree = await runtime.start(Supervisor, { strategy: "one_for_one", children });
    await Supervisor.terminateChild(runtime, tree, "cell");
    expect(childrenOf(tree)).toMatchObject([{ id: "cell", pid: undefined }]);
    expect(supervisionOf(new Cell())).toBeUndefined();
    expect(supervisionOf(new Supervisor())).toBeUndefined();
  });
});
