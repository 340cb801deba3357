import { afterEach, describe, expect, test } from "vitest";
import { nameOn, type Pid, Runtime, silentLogger } from "../../runtime/index.ts";
import { simulate, type Simulation } from "../../runtime/testing.ts";
import { EveryShard, onEveryShard, Supervisor } from "../../supervisors/index.ts";
import { broken, journal, ShardWorker } from "./shard-worker.ts";

const END_MS = 1_000;
const NAME = "worker";

afterEach(() => {
  journal.length = 0;
  broken.clear();
});

/** Starts the workers in a tree; what came of it once everything waits. */
async function startOn(simulation: Simulation): Promise<PromiseSettledResult<Pid>> {
  const children = [onEveryShard(ShardWorker, { endMs: END_MS }, { name: NAME })];
  const starting = simulation.runtime.start(Supervisor, { strategy: "one_for_one", children });
  const started = Promise.allSettled([starting]);
  await simulation.settle();
  return (await started)[0];
}

async function running(simulation: Simulation): Promise<Pid> {
  const result = await startOn(simulation);
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

const workers = ({ runtime }: Simulation): (Pid | undefined)[] =>
  [0, 1, 2].map((place) => runtime.whereis(nameOn(place, NAME)) as Pid | undefined);

const threeShards = (seed: number): Promise<Simulation> =>
  simulate({ seed, shards: 3, logger: silentLogger });

describe("EveryShard", () => {
  test("runs a child on each shard, its own shard's last, which is ready at once", async () => {
    await using simulation = await threeShards(1);
    await running(simulation);
    expect(journal.at(-1)).toBe("start 0");
    expect(journal.toSorted()).toEqual(["start 0", "start 1", "start 2"]);
    expect(workers(simulation).map((pid) => simulation.runtime.isAlive(pid!))).toEqual([true, true, true]);
  });

  test("runs it once where there is one shard", async () => {
    const runtime = await Runtime.start({ logger: silentLogger });
    await runtime.start(EveryShard, { start: [ShardWorker, { endMs: 0 }], name: NAME });
    expect(journal).toEqual(["start 0"]);
    expect(runtime.whereis(nameOn(0, NAME))).toBe(runtime.whereis(NAME));
    await runtime.shutdown();
  });

  test("starts a child that crashes again on its shard, and no other", async () => {
    await using simulation = await threeShards(2);
    await running(simulation);
    const before = workers(simulation);
    simulation.runtime.cast(nameOn(2, NAME), "crash");
    await simulation.settle();
    const after = workers(simulation);
    expect(after.map((pid, place) => pid === before[place])).toEqual([true, true, false]);
    expect(after[2]).toBeDefined();
    expect(journal.slice(3)).toEqual(["start 2"]);
  });

  test("starts a child again whose shard is there, also if it ended with noconnection, for the sake of another", async () => {
    await using simulation = await threeShards(7);
    await running(simulation);
    for (const place of [0, 2]) simulation.runtime.cast(nameOn(place, NAME), "noconnection");
    await simulation.settle();
    expect(journal.slice(3).toSorted()).toEqual(["start 0", "start 2"]);
    expect(workers(simulation).map((pid) => pid !== undefined)).toEqual([true, true, true]);
  });

  test("leaves the others alone when a shard is gone, however often, and starts its child when it is there again", async () => {
    await using simulation = await threeShards(3);
    await running(simulation);
    const before = workers(simulation);
    for (let time = 1; time <= 5; time += 1) {
      simulation.loseShard(1);
      await simulation.settle();
      expect(workers(simulation)).toEqual([before[0], undefined, before[2]]);
      await simulation.startShard(1);
      await simulation.settle();
      expect(journal.slice(3)).toEqual(Array.from({ length: time }, () => "start 1"));
    }
    expect(workers(simulation)[1]).toBeDefined();
  });

  test("tries again where the child does not start on a shard that came back", async () => {
    await using simulation = await threeShards(4);
    await running(simulation);
    simulation.loseShard(1);
    await simulation.settle();
    broken.add(1);
    await simulation.startShard(1);
    await simulation.settle();
    expect(workers(simulation)[1]).toBeUndefined();
    broken.delete(1);
    await simulation.advance(1_000);
    expect(workers(simulation)[1]).toBeDefined();
  });

  test("ends all of them at once", async () => {
    await using simulation = await threeShards(5);
    const tree = await running(simulation);
    const stopped = simulation.runtime.stop(tree, "shutdown");
    await simulation.settle();
    expect(journal.slice(3).toSorted()).toEqual(["ending 0", "ending 1", "ending 2"]);
    await simulation.advance(END_MS);
    expect(journal.slice(6).toSorted()).toEqual(["ended 0", "ended 1", "ended 2"]);
    await stopped;
  });

  test("does not start if the child fails on one of them, and leaves none behind", async () => {
    await using simulation = await threeShards(6);
    broken.add(2);
    const starting = startOn(simulation);
    await simulation.settle();
    await simulation.advance(END_MS);
    expect(await starting).toMatchObject({
      status: "rejected",
      reason: {
        reason: [
          "shutdown",
          ["failed_to_start_child", "ShardWorker", ["shutdown", ["failed_to_start_child", 2, "broken"]]],
        ],
      },
    });
    expect(workers(simulation)).toEqual([undefined, undefined, undefined]);
  });
});
