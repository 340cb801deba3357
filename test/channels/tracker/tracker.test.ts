import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { Tracker } from "../../../channels/tracker/tracker.ts";
import type { TrackedMeta } from "../../../channels/tracker/tracker-server.ts";
import { type CastResult, noReply, type Pid, Runtime, silentLogger } from "../../../runtime/index.ts";
import { settle, simulate } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

const [PUBSUB, NAME] = ["test.pubsub", "test.workers"];

type Handled = [topic: string, joins: unknown[], leaves: unknown[]];

/** Keeps what it was told, as its state. */
class Workers extends Tracker<Handled[]> {
  override initState(): Handled[] {
    return [];
  }

  override handleDiff(topic: string, joins: readonly TrackedMeta[], leaves: readonly TrackedMeta[]): void {
    const told = (metas: readonly TrackedMeta[]): unknown[] => metas.map(([key, { n }]) => [key, n]);
    this.state.push([topic, told(joins), told(leaves)]);
    handled = this.state;
    if (joins.some(([key]) => key === "refused")) throw new Error("my bug");
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message !== "hello") return super.handleInfo(message);
    this.state.push(["hello", [], []]);
    return noReply();
  }
}

let handled: Handled[];
let runtime: Runtime;
beforeEach(async () => {
  handled = [];
  runtime = await Runtime.start({ logger: silentLogger });
  const children = [
    { id: "pubsub", start: [PubSub] as const, name: PUBSUB },
    { id: "workers", start: [Workers, { pubsub: PUBSUB }] as const, name: NAME },
  ];
  await runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "tree" });
});
afterEach(() => runtime.shutdown());

function sleeper(on: Runtime = runtime): Pid {
  return on.spawn((self) => self.receive());
}

describe("Tracker", () => {
  test("hands each diff to handleDiff, in order: joins, updates, leaves and exits", async () => {
    const [one, two] = [sleeper(), sleeper()];
    await Workers.track(runtime, NAME, one, "t", "__proto__", { n: 1 });
    await Workers.track(runtime, NAME, two, "", "", { n: 2 });
    await Workers.update(runtime, NAME, one, "t", "__proto__", ({ n }) => ({ n: Number(n) + 10 }));
    await Workers.untrack(runtime, NAME, two, "", "");
    runtime.exit(one, "kill");
    await settle(runtime);
    expect(handled).toEqual([
      ["t", [["__proto__", 1]], []],
      ["", [["", 2]], []],
      ["t", [["__proto__", 11]], [["__proto__", 1]]],
      ["", [], [["", 2]]],
      ["t", [], [["__proto__", 11]]],
    ]);
  });

  test("lists presences, and the processes under a key", async () => {
    const [one, two] = [sleeper(), sleeper()];
    for (const [n, pid] of [one, two].entries()) await Workers.track(runtime, NAME, pid, "t", "a", { n });
    const listed = Workers.list(runtime, NAME, "t");
    expect(listed.map(([key, { n }]) => [key, n])).toEqual([
      ["a", 0],
      ["a", 1],
    ]);
    expect(Workers.getByKey(runtime, NAME, "t", "a").map(([pid, { n }]) => [pid, n])).toEqual([
      [one, 0],
      [two, 1],
    ]);
    expect([Workers.getByKey(runtime, NAME, "t", "b"), Workers.list(runtime, NAME, "u")]).toEqual([[], []]);
    expect(Workers.count(runtime, NAME, "t")).toBe(2);
  });

  test("after a restart is told of all who are there, for its state is new; what handleDiff throws ends it", async () => {
    for (const key of ["a", "b"]) await Workers.track(runtime, NAME, sleeper(), "t", key, { n: 1 });
    runtime.exit(NAME, "kill");
    await settle(runtime);
    expect(handled).toEqual([
      [
        "t",
        [
          ["a", 1],
          ["b", 1],
        ],
        [],
      ],
    ]);
    await expect(Workers.track(runtime, NAME, sleeper(), "t", "refused", { n: 1 })).rejects.toThrow("my bug");
  });

  test("a handleInfo of its own gets what is not for the tracker", async () => {
    const pid = sleeper();
    await Workers.track(runtime, NAME, pid, "t", "a", { n: 1 });
    runtime.send(NAME, "hello");
    runtime.exit(pid, "kill");
    await settle(runtime);
    expect(handled.map(([topic]) => topic)).toEqual(["t", "hello", "t"]);
  });

  test("handles on each shard what is done on all", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    for (const each of simulation.runtimes) {
      const children = [
        { id: "pubsub", start: [PubSub] as const, name: PUBSUB, nameScope: "shard" as const },
        {
          id: "workers",
          start: [Workers, { pubsub: PUBSUB }] as const,
          name: NAME,
          nameScope: "shard" as const,
        },
      ];
      const started = each.start(Supervisor, { strategy: "one_for_one", children });
      await simulation.settle();
      await started;
    }
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const tracked = Workers.track(there, NAME, sleeper(there), "t", "there", { n: 1 });
    await simulation.settle();
    await tracked;
    expect(Workers.list(here, NAME, "t").map(([key]) => key)).toEqual(["there"]);
  });
});
