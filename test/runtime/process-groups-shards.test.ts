import { describe, expect, test } from "vitest";
import { type Pid, ProcessGroups, Runtime, silentLogger } from "../../runtime/index.ts";
import { SeededRandom, simulate, simulateEach, type Simulation } from "../../runtime/testing.ts";
import { FarMember } from "./far-member.ts";

const SCOPE = "scope";
const RUNS = 60;

async function startOn(simulation: Simulation, place: number): Promise<void> {
  const started = simulation.runtimes[place]!.start(ProcessGroups, undefined, {
    name: SCOPE,
    nameScope: "shard",
  });
  await simulation.settle();
  await started;
}

async function startOnAll(simulation: Simulation): Promise<void> {
  for (const place of simulation.runtimes.keys()) await startOn(simulation, place);
}

function member(runtime: Runtime, ...groups: unknown[]): Pid {
  const pid = runtime.spawn((self) => self.receive());
  for (const group of groups) ProcessGroups.join(runtime, SCOPE, group, pid);
  return pid;
}

/** Who is where, as a shard sees it. */
function seenBy(runtime: Runtime): string[] {
  return ProcessGroups.groups(runtime, SCOPE)
    .flatMap((group) => ProcessGroups.members(runtime, SCOPE, group).map((pid) => `${String(group)} ${pid}`))
    .toSorted();
}

async function watching(simulation: Simulation, place: number): Promise<{ readonly heard: unknown[][] }> {
  const heard: unknown[][] = [];
  simulation.runtimes[place]!.spawn(async (self) => {
    ProcessGroups.monitorScope(self, SCOPE);
    for (;;) heard.push((await self.receive()) as unknown[]);
  });
  await simulation.settle();
  return { heard };
}

describe("ProcessGroups on several shards", () => {
  test("members of all shards are seen on each; those of the own shard are its local members", async () => {
    await using simulation = await simulate({ seed: 1, shards: 3 });
    await startOnAll(simulation);
    const pids = simulation.runtimes.map((runtime, place) => member(runtime, "g", `only ${place}`));
    await simulation.settle();
    for (const [place, runtime] of simulation.runtimes.entries()) {
      const members = ProcessGroups.members(runtime, SCOPE, "g");
      expect(members.map(String).toSorted()).toEqual(pids.map(String).toSorted());
      expect(ProcessGroups.localMembers(runtime, SCOPE, "g")).toEqual([pids[place]]);
      expect(ProcessGroups.localGroups(runtime, SCOPE)).toEqual(["g", `only ${place}`]);
      expect(ProcessGroups.groups(runtime, SCOPE)).toHaveLength(4);
    }
  });

  test("a scope that starts later learns what the others have, and they what it has", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    const [first, second] = simulation.runtimes as [Runtime, Runtime];
    await startOn(simulation, 0);
    const [one, two] = [member(first, "g"), member(first, "g")];
    await startOn(simulation, 1);
    const three = member(second, "g");
    await simulation.settle();
    for (const runtime of [first, second]) {
      expect(ProcessGroups.members(runtime, SCOPE, "g").map(String)).toEqual([one, two, three].map(String));
    }
  });

  test("a monitor hears of those who join and leave elsewhere, and of a death before anybody's DOWN", async () => {
    await using simulation = await simulate({ seed: 3, shards: 2 });
    await startOnAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const { heard } = await watching(simulation, 0);
    const pid = member(there, ["a", 1]);
    await simulation.settle();
    ProcessGroups.leave(there, SCOPE, ["a", 1], pid);
    ProcessGroups.join(there, SCOPE, "b", [pid, pid]);
    await simulation.settle();
    const pidHere = ProcessGroups.members(here, SCOPE, "b")[0]!;
    let left: readonly Pid[] | undefined;
    here.spawn(async (self) => {
      self.monitor(pidHere);
      await self.receive();
      left = ProcessGroups.members(self, SCOPE, "b");
    });
    await simulation.settle();
    there.exit(pid, "kill");
    await simulation.settle();
    expect(left).toEqual([]);
    expect(heard.map(([, ...rest]) => rest)).toEqual([
      ["join", ["a", 1], [pidHere]],
      ["leave", ["a", 1], [pidHere]],
      ["join", "b", [pidHere, pidHere]],
      ["leave", "b", [pidHere]],
      ["leave", "b", [pidHere]],
    ]);
  });

  test("who is told by a member of its joining finds it there", async () => {
    await simulateEach({ runs: RUNS, shards: 3 }, async (simulation) => {
      await startOnAll(simulation);
      const [here, there] = simulation.runtimes as [Runtime, Runtime];
      const found: boolean[] = [];
      const asked = here.spawn(async (self) => {
        for (;;) {
          const pid = (await self.receive()) as Pid;
          found.push(ProcessGroups.members(self, SCOPE, "g").includes(pid));
        }
      });
      here.register("asked", asked);
      for (let index = 0; index < 5; index += 1) {
        there.spawn((self) => {
          ProcessGroups.join(self, SCOPE, "g", self.pid);
          self.send("asked", self.pid);
          return self.receive();
        });
      }
      await simulation.settle();
      expect(found).toEqual([true, true, true, true, true]);
    });
  });

  test("a scope that ends takes what was joined on its shard along, everywhere", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2, logger: silentLogger });
    await startOnAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const stays = member(here, "g");
    const pid = member(there, "g");
    await simulation.settle();
    there.exit(SCOPE, "kill");
    await simulation.settle();
    expect(seenBy(here)).toEqual([`g ${stays}`]);
    await startOn(simulation, 1);
    expect([there.isAlive(pid), seenBy(there)]).toEqual([true, [`g ${stays}`]]);
  });

  test("a process of another shard can't be joined or taken out here, and a group that can't be copied not be named", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    await startOnAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    member(there, "g");
    await simulation.settle();
    const foreign = ProcessGroups.members(here, SCOPE, "g");
    const refused = expect.objectContaining({ code: "ROOKERY_BADARG" });
    expect(() => ProcessGroups.join(here, SCOPE, "g", foreign)).toThrow(refused);
    expect(() => ProcessGroups.leave(here, SCOPE, "g", foreign)).toThrow(refused);
    const uncopyable = expect.objectContaining({ code: "ROOKERY_NOT_COPYABLE" });
    expect(() => member(here, () => {})).toThrow(uncopyable);
    expect(ProcessGroups.groups(here, SCOPE)).toEqual(["g"]);
  });

  test("whatever joins, leaves and dies, and whichever shards are lost and come back, all see the same in the end", async () => {
    await simulateEach({ runs: RUNS, shards: 3, logger: silentLogger }, async (simulation) => {
      await startOnAll(simulation);
      const random = new SeededRandom(simulation.seed);
      const { heard } = await watching(simulation, 0);
      const groups = ["a", "b", "c"];
      /** What each shard has of its own. */
      const model: Map<Pid, string[]>[] = [new Map(), new Map(), new Map()];
      const lost = new Set<number>();
      for (let step = 0; step < 60; step += 1) {
        const place = random.below(3);
        const runtime = simulation.runtimes[place]!;
        const own = model[place]!;
        const group = groups[random.below(3)]!;
        const pid = [...own.keys()][random.below(Math.max(1, own.size))];
        const choice = random.below(10);
        if (lost.has(place)) {
          await simulation.startShard(place);
          lost.delete(place);
          await startOn(simulation, place);
        } else if (choice === 0 && place > 0) {
          simulation.loseShard(place);
          lost.add(place);
          own.clear();
        } else if (choice < 5 || pid === undefined) {
          own.set(member(runtime, group), [group]);
        } else if (choice < 7) {
          ProcessGroups.join(runtime, SCOPE, group, pid);
          own.get(pid)!.push(group);
        } else if (choice < 9) {
          const memberships = own.get(pid)!;
          const at = memberships.indexOf(group);
          expect(ProcessGroups.leave(runtime, SCOPE, group, pid)).toBe(at >= 0);
          if (at >= 0) memberships.splice(at, 1);
        } else {
          runtime.exit(pid, "kill");
          own.delete(pid);
        }
        if (random.below(4) === 0) await simulation.settle();
      }
      await simulation.settle();
      const expected = model
        .flatMap((own) => [...own].flatMap(([pid, own]) => own.map((group) => `${group} ${pid}`)))
        .toSorted();
      for (const [place, runtime] of simulation.runtimes.entries())
        if (!lost.has(place)) expect(seenBy(runtime)).toEqual(expected);
      // What the monitor was told adds up to the same: nobody left who had not joined.
      const told: string[] = [];
      for (const [, change, group, pids] of heard as [unknown, string, string, Pid[]][]) {
        for (const pid of pids) {
          const row = `${group} ${pid}`;
          if (change === "join") told.push(row);
          else expect(told.splice(told.indexOf(row), 1)).toEqual([row]);
        }
      }
      expect(told.toSorted()).toEqual(expected);
    });
  });
});

describe("ProcessGroups on threads", () => {
  test("members of all threads are seen on each", async () => {
    const runtime = await Runtime.start({ shards: 2, logger: silentLogger });
    try {
      const pids: Pid[] = [];
      for (const shard of runtime.shards()) {
        const on = { shard };
        await runtime.start(ProcessGroups, undefined, { name: SCOPE, nameScope: "shard", on });
        pids.push(await runtime.start(FarMember, { scope: SCOPE, group: "g" }, { on }));
      }
      const seen = await Promise.all(pids.map((pid) => runtime.call(pid, "members")));
      for (const members of seen as Pid[][])
        expect(members.map(String).toSorted()).toEqual(pids.map(String).toSorted());
    } finally {
      await runtime.shutdown();
    }
  });
});
