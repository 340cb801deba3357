import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../runtime/index.ts";
import { LoopNodes, runInProcess, simulate, type Simulation } from "../../../runtime/testing.ts";
import { chaos, delayNodes, dropToNodes, type Fault, partition } from "../../../supervisors/testing.ts";
import { Counter } from "./counter.ts";

const [A, B] = ["a@test", "b@test"] as const;

/** Two nodes, with a counter on the second. */
class Pair implements AsyncDisposable {
  readonly loop: LoopNodes;
  readonly a: Simulation;
  readonly b: Simulation;

  private constructor(loop: LoopNodes, a: Simulation, b: Simulation) {
    this.loop = loop;
    this.a = a;
    this.b = b;
  }

  static async start(): Promise<Pair> {
    const loop = new LoopNodes();
    const node = (name: string) =>
      simulate({ seed: 1, logger: silentLogger, node: name, nodes: loop.carrier(), shards: 2 });
    const pair = new Pair(loop, await node(A), await node(B));
    await pair.b.run((runtime) => runtime.start(Counter, undefined, { name: "counter" }));
    await pair.settle();
    return pair;
  }

  async settle(): Promise<void> {
    for (let before = -1; before !== this.loop.sent;) {
      before = this.loop.sent;
      for (const simulation of [this.a, this.b]) await simulation.settle();
    }
  }

  async inflict(fault: Fault, target: string): Promise<void> {
    const script = [{ atMs: 0, fault: fault.name, target }];
    const report = await chaos(this.a, { seed: 1, durationMs: 0, faults: [fault], script });
    expect(report.script).toEqual(script);
    await this.settle();
  }

  /** Casts to the counter by its name. */
  async add(): Promise<void> {
    this.a.runtime.cast({ name: "counter", node: B } as never, "add" as never);
    await this.settle();
  }

  value(): Promise<unknown> {
    return this.b.run((runtime) => runtime.call("counter" as never, "value" as never));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const simulation of [this.a, this.b]) await simulation[Symbol.asyncDispose]();
  }
}

describe("faults between nodes", () => {
  test("a partition is heard of by both, and healed in its time", async () => {
    await using it = await Pair.start();
    await it.inflict(partition(it.loop, 1_000), `${A} | ${B}`);
    expect([it.a.runtime.nodes(), it.b.runtime.nodes()]).toEqual([[], []]);
    await it.add();
    await it.a.advance(1_000);
    await it.settle();
    expect([it.a.runtime.nodes(), it.b.runtime.nodes()]).toEqual([[B], [A]]);
    expect(await it.value()).toBe(0);
    await it.add();
    expect(await it.value()).toBe(1);
  });

  test("a slow connection loses nothing", async () => {
    await using it = await Pair.start();
    await it.inflict(delayNodes(it.loop, 1_000), `${A} | ${B}`);
    for (let n = 0; n < 10; n += 1) await it.add();
    expect(it.a.runtime.nodes()).toEqual([B]);
    expect(await it.value()).toBe(0);
    await it.a.advance(1_000);
    await it.settle();
    expect(await it.value()).toBe(10);
  });

  test("what was on its way is lost when the connection breaks", async () => {
    await using it = await Pair.start();
    await it.inflict(delayNodes(it.loop, 1_000), `${A} | ${B}`);
    await it.add();
    it.loop.partition(A, B);
    it.loop.heal(A, B);
    await it.a.advance(1_000);
    await it.settle();
    expect(await it.value()).toBe(0);
    await it.add();
    expect(await it.value()).toBe(1);
  });

  test("messages that are lost are those to processes and names, not what tells of their end", async () => {
    await using it = await Pair.start();
    const down = runInProcess(it.a.runtime, async (self) => {
      self.monitor({ name: "counter", node: B } as never);
      return await self.receive();
    });
    await it.settle();
    await it.inflict(dropToNodes(1_000), B);
    await it.add();
    expect(await it.value()).toBe(0);
    it.b.runtime.exit("counter", "boom");
    await it.settle();
    expect(await down).toMatchObject({ type: "DOWN", reason: "boom" });
    await it.b.run((runtime) => runtime.start(Counter, undefined, { name: "counter" }));
    await it.a.advance(1_000);
    await it.add();
    expect(await it.value()).toBe(1);
  });

  test("calls by pid time out meanwhile", async () => {
    await using it = await Pair.start();
    const self = it.b.runtime.whereis("counter");
    let there: unknown;
    it.a.runtime.spawn(async (receiver) => {
      receiver.register("receiver");
      there = await receiver.receive();
    });
    await it.settle();
    it.b.runtime.send({ name: "receiver", node: A } as never, self as never);
    await it.settle();
    const call = () =>
      it.a.runtime.call(there as never, "value" as never, 500).catch((error: unknown) => error);
    await it.inflict(dropToNodes(1_000), B);
    const lost = call();
    await it.settle();
    await it.a.advance(500);
    expect(await lost).toMatchObject({ code: "ROOKERY_CALL_TIMEOUT" });
    await it.a.advance(500);
    const answered = call();
    await it.settle();
    expect(await answered).toBe(0);
  });
});
