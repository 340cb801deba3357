import { describe, expect, test } from "vitest";
import {
  GenServer,
  type Ok,
  ok,
  type Pid,
  Registry,
  type RegistryOptions,
  reply,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { SeededRandom, simulate, simulateEach, type Simulation } from "../../runtime/testing.ts";
import { FarHolder } from "./far-member.ts";

const NAME = "registry";
const RUNS = 60;

async function startOn(simulation: Simulation, place: number, options: RegistryOptions): Promise<void> {
  const started = simulation.runtimes[place]!.start(Registry, options, { name: NAME, nameScope: "shard" });
  await simulation.settle();
  await started;
}

async function startOnAll(simulation: Simulation, options: RegistryOptions): Promise<readonly Runtime[]> {
  for (const place of simulation.runtimes.keys()) await startOn(simulation, place, options);
  return simulation.runtimes;
}

interface Holder {
  readonly pid: Pid;
  /** What its registrations came to. */
  readonly results: boolean[];
  register(key: unknown, value?: unknown): void;
  unregister(key: unknown): void;
  update(key: unknown, value: unknown): void;
}

/** A process that does what it is told; it has done so once the simulation has settled. */
function holder(runtime: Runtime): Holder {
  const results: boolean[] = [];
  const pid = runtime.spawn(async (self) => {
    self.trapExit(true);
    for (;;) {
      const [what, key, value] = (await self.receive((message) => Array.isArray(message))) as [
        "register" | "unregister" | "update",
        unknown,
        unknown,
      ];
      if (what === "register") results.push(Registry.register(self, NAME, key, value).ok);
      else if (what === "unregister") Registry.unregister(self, NAME, key);
      else Registry.updateValue(self, NAME, key, () => value);
    }
  });
  return {
    pid,
    results,
    register: (key, value) => runtime.send(pid, ["register", key, value]),
    unregister: (key) => runtime.send(pid, ["unregister", key]),
    update: (key, value) => runtime.send(pid, ["update", key, value]),
  };
}

function seenBy(runtime: Runtime): string[] {
  return Registry.select(runtime, NAME, () => true)
    .map(({ key, pid, value }) => `${String(key)} ${pid} ${String(value)}`)
    .toSorted();
}

function lookup(runtime: Runtime, key: unknown): string[] {
  return Registry.lookup(runtime, NAME, key).map(({ pid, value }) => `${pid} ${String(value)}`);
}

describe("a unique Registry on several shards", () => {
  test("a key has one holder in the whole runtime, and each shard finds it with its value", async () => {
    await using simulation = await simulate({ seed: 1, shards: 3 });
    const runtimes = await startOnAll(simulation, { keys: "unique" });
    const holders = runtimes.map(holder);
    for (const { register, pid } of holders) register(["room", 1], `of ${pid}`);
    await simulation.settle();
    expect(holders.flatMap(({ results }) => results).toSorted()).toEqual([false, false, true]);
    const winner = holders.find(({ results }) => results[0])!.pid;
    for (const runtime of runtimes) {
      expect(lookup(runtime, ["room", 1])).toEqual([`${winner} of ${winner}`]);
      expect(Registry.count(runtime, NAME)).toBe(1);
    }
  });

  test("who comes too late learns who has the key, of another shard as well", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here, there] = (await startOnAll(simulation, { keys: "unique" })) as [Runtime, Runtime];
    const first = holder(here);
    first.register("key");
    await simulation.settle();
    const reasons: unknown[] = [];
    there.spawn((self) => {
      const result = Registry.register(self, NAME, "key");
      if (!result.ok) reasons.push(result.reason[0], `${result.reason[1]}`);
    });
    await simulation.settle();
    expect(reasons).toEqual(["already_registered", `${first.pid}`]);
  });

  test("keys that look alike are different, and equal ones are one", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here, there] = (await startOnAll(simulation, { keys: "unique" })) as [Runtime, Runtime];
    const [one, two] = [holder(here), holder(there)];
    for (const key of [1, 1n, "1", [1], { a: 1, b: [one.pid] }]) one.register(key);
    await simulation.settle();
    const pidThere = Registry.lookup(there, NAME, 1)[0]!.pid;
    for (const key of [["1"], "[1]", { b: [pidThere], a: 1 }, 1, { a: 1 }]) two.register(key);
    await simulation.settle();
    expect(one.results).toEqual([true, true, true, true, true]);
    expect(two.results).toEqual([true, true, false, false, true]);
  });

  test("a new value is seen everywhere", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here, there] = (await startOnAll(simulation, { keys: "unique" })) as [Runtime, Runtime];
    const one = holder(here);
    one.register("key", 1);
    one.update("key", 2);
    await simulation.settle();
    expect(lookup(there, "key")).toEqual([`${one.pid} 2`]);
    expect(Registry.keys(there, NAME, Registry.lookup(there, NAME, "key")[0]!.pid)).toEqual(["key"]);
  });

  test("what can't be copied is refused, and leaves nothing behind", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here, there] = (await startOnAll(simulation, { keys: "unique" })) as [Runtime, Runtime];
    const thrown: unknown[] = [];
    here.spawn((self) => {
      for (const [key, value] of [
        ["key", () => {}],
        [new Map(), 1],
      ]) {
        try {
          Registry.register(self, NAME, key, value);
        } catch (error) {
          thrown.push((error as { code: string }).code);
        }
      }
      return self.receive();
    });
    const other = holder(there);
    other.register("key", 2);
    await simulation.settle();
    expect(thrown).toEqual(["ROOKERY_NOT_COPYABLE", "ROOKERY_BADARG"]);
    expect(lookup(here, "key")).toEqual([`${other.pid} 2`]);
  });

  test("via names lead from every shard to the one server of that name, at once", async () => {
    await simulateEach({ runs: RUNS, shards: 3, logger: silentLogger }, async (simulation) => {
      const runtimes = await startOnAll(simulation, { keys: "unique" });
      const via = Registry.via(NAME, "echo");
      const starts = runtimes.map((runtime) =>
        runtime.start(Echo, undefined, { name: via }).then(
          () => "started",
          (error: { reason: [string] }) => error.reason[0],
        ),
      );
      const answers = runtimes.map((runtime) => runtime.call(via, "hello").catch(() => "hello"));
      await simulation.settle();
      expect((await Promise.all(starts)).toSorted()).toEqual([
        "already_started",
        "already_started",
        "started",
      ]);
      expect(await Promise.all(answers)).toEqual(["hello", "hello", "hello"]);
      const calls = runtimes.map((runtime) => runtime.call(via, "again"));
      await simulation.settle();
      expect(await Promise.all(calls)).toEqual(["again", "again", "again"]);
      expect(new Set(runtimes.map((runtime) => `${runtime.whereis(via)}`)).size).toBe(1);
    });
  });

  test("a server may be started on another shard under a via name, once in the whole runtime", async () => {
    await simulateEach({ runs: RUNS, shards: 3, logger: silentLogger }, async (simulation) => {
      const runtimes = await startOnAll(simulation, { keys: "unique" });
      const name = Registry.via<FarHolder>(NAME, ["holder", 1], "its value");
      const starts = runtimes.map((runtime, place) =>
        runtime.start(FarHolder, NAME, { name, on: { shard: (place + 1) % 3 } }).then(
          (pid) => `${pid}`,
          (error: { readonly reason: readonly [string, Pid] }) => error.reason[0],
        ),
      );
      await simulation.settle();
      const results = await Promise.all(starts);
      expect(results.filter((result) => result === "already_started")).toHaveLength(2);
      const pid = results.find((result) => result !== "already_started");
      for (const runtime of runtimes) {
        expect(`${runtime.whereis(name)}`).toBe(pid);
        expect(lookup(runtime, ["holder", 1])).toEqual([`${pid} its value`]);
      }
    });
  });

  test("a lock is held by one process of all shards at a time", async () => {
    await simulateEach({ runs: RUNS, shards: 3 }, async (simulation) => {
      const runtimes = await startOnAll(simulation, { keys: "unique" });
      let [inside, most, done] = [0, 0, 0];
      for (const runtime of [...runtimes, ...runtimes]) {
        runtime.spawn(async (self) => {
          await Registry.lock(self, NAME, ["account", 1], async () => {
            inside += 1;
            most = Math.max(most, inside);
            await self.sleep(1);
            inside -= 1;
          });
          done += 1;
        });
      }
      await simulation.advance(100);
      expect([most, done]).toEqual([1, 6]);
    });
  });

  test("a registry that ends frees what was registered on its shard, also of those that outlive it", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    const [here, there] = (await startOnAll(simulation, { keys: "unique" })) as [Runtime, Runtime];
    const [one, two] = [holder(here), holder(there)];
    one.register("key");
    await simulation.settle();
    here.exit(NAME, "kill");
    await simulation.settle();
    expect([here.isAlive(one.pid), lookup(there, "key")]).toEqual([true, []]);
    two.register("key", "mine");
    await startOn(simulation, 0, { keys: "unique" });
    expect([two.results, lookup(here, "key")]).toEqual([[true], [`${two.pid} mine`]]);
  });
});

class Echo extends GenServer<undefined, string> {
  init(): Ok<undefined> {
    return ok(undefined);
  }

  override handleCall(request: string): ReturnType<typeof reply> {
    return reply(request);
  }
}

describe("a duplicate Registry on several shards", () => {
  test("a dispatch reaches the holders of a key on all shards", async () => {
    await using simulation = await simulate({ seed: 1, shards: 3 });
    const runtimes = await startOnAll(simulation, { keys: "duplicate" });
    const holders = runtimes.map(holder);
    for (const { register } of holders) register("topic", "a");
    await simulation.settle();
    const reached: string[] = [];
    Registry.dispatch(runtimes[1]!, NAME, "topic", (entries) => {
      reached.push(...entries.map(({ pid }) => `${pid}`));
    });
    expect(reached.toSorted()).toEqual(holders.map(({ pid }) => `${pid}`).toSorted());
  });
});

describe("a Registry for its own shard", () => {
  test("is one whose name is not each shard's own, too: the others have none", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const started = here.start(Registry, { keys: "unique" }, { name: NAME });
    await simulation.settle();
    await started;
    const { register, pid } = holder(here);
    register("key", "value");
    await simulation.settle();
    expect(lookup(here, "key")).toEqual([`${pid} value`]);
    expect(() => lookup(there, "key")).toThrow(expect.objectContaining({ code: "ROOKERY_NO_REGISTRY" }));
  });

  test("is asked for by its scope, and no other word for that", async () => {
    await using simulation = await simulate({ seed: 1, logger: silentLogger });
    const started = simulation.runtime
      .start(Registry, { keys: "unique", scope: "node" as never })
      .catch((error: unknown) => error);
    await simulation.settle();
    expect(await started).toMatchObject({ reason: { code: "ROOKERY_BADARG" } });
  });

  test("knows nothing of other shards, and may hold what can't be copied", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const runtimes = await startOnAll(simulation, { keys: "unique", scope: "shard" });
    const holders = runtimes.map(holder);
    const value = (): string => "not copied";
    for (const { register } of holders) register("key", value);
    await simulation.settle();
    for (const [place, runtime] of runtimes.entries())
      expect(Registry.lookup(runtime, NAME, "key")).toEqual([{ pid: holders[place]!.pid, value }]);
  });
});

for (const keys of ["unique", "duplicate"] as const) {
  test(`a ${keys} Registry: whatever registers, ends and dies, and whichever shards are lost, all see the same in the end`, async () => {
    await simulateEach({ runs: RUNS, shards: 3, logger: silentLogger }, async (simulation) => {
      await startOnAll(simulation, { keys });
      const random = new SeededRandom(simulation.seed);
      const holders: Holder[][] = [[], [], []];
      const lost = new Set<number>();
      const names = ["a", "b", "c"];
      const alive = (): Runtime[] => simulation.runtimes.filter((_, place) => !lost.has(place));
      for (let step = 0; step < 60; step += 1) {
        const place = random.below(3);
        const own = holders[place]!;
        const key = names[random.below(3)]!;
        const one = own[random.below(Math.max(1, own.length))];
        const choice = random.below(12);
        if (lost.has(place)) {
          await simulation.startShard(place);
          lost.delete(place);
          await startOn(simulation, place, { keys });
        } else if (choice === 0 && place > 0) {
          simulation.loseShard(place);
          lost.add(place);
          holders[place] = [];
        } else if (one === undefined || choice === 1) {
          own.push(holder(simulation.runtimes[place]!));
        } else if (choice < 7) one.register(key, step);
        else if (choice < 9) one.unregister(key);
        else if (choice === 9 && keys === "unique") one.update(key, step);
        else if (choice === 10) {
          simulation.runtimes[place]!.exit(one.pid, "kill");
          own.splice(own.indexOf(one), 1);
        }
        if (random.below(3) === 0) await simulation.settle();
        if (keys === "unique") {
          for (const runtime of alive()) {
            for (const name of names)
              expect(Registry.lookup(runtime, NAME, name).length).toBeLessThanOrEqual(1);
          }
        }
      }
      await simulation.settle();
      const [first, ...others] = alive().map(seenBy);
      for (const seen of others) expect(seen).toEqual(first);
      const living = holders.flat().map(({ pid }) => `${pid}`);
      for (const row of first!) expect(living).toContain(row.split(" ")[1]);
      if (keys === "duplicate") return;
      // Nothing is held by nobody: each key that has no entry can be taken, each that has one can't.
      const free = names.filter((name) => Registry.lookup(simulation.runtime, NAME, name).length === 0);
      const late = holder(simulation.runtime);
      for (const name of names) late.register(name);
      await simulation.settle();
      expect(late.results).toEqual(names.map((name) => free.includes(name)));
    });
  });
}

describe("a unique Registry on threads", () => {
  test("of two threads that register the same keys at the same time, one gets each, and both see who", async () => {
    const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
    try {
      const pids: Pid<FarHolder>[] = [];
      for (const shard of runtime.shards()) {
        const on = { shard };
        await runtime.start(Registry, { keys: "unique" }, { name: NAME, nameScope: "shard", on });
        pids.push(await runtime.start(FarHolder, NAME, { on }));
      }
      const keys = Array.from({ length: 2_000 }, (_, index) => `key ${index}`);
      const wins = await Promise.all(
        pids.map((pid) => Promise.all(keys.map((key) => runtime.call(pid, ["register", key, `${pid}`])))),
      );
      for (const index of keys.keys())
        expect([wins[0]![index], wins[1]![index]].toSorted()).toEqual([false, true]);
      for (const asked of pids) {
        const entries = await Promise.all(keys.map((key) => runtime.call(asked, ["lookup", key])));
        for (const [index, entry] of entries.entries()) {
          const pid = pids[wins[0]![index] === true ? 0 : 1]!;
          expect(entry).toEqual([{ pid, value: `${pid}` }]);
        }
      }
    } finally {
      await runtime.shutdown();
    }
  });
});
