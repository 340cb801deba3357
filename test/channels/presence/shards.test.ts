import { describe, expect, test } from "vitest";
import type { Broadcast } from "../../../channels/message.ts";
import { Presence } from "../../../channels/presence/presence.ts";
import type { PresenceDiff, Presences } from "../../../channels/presence/presences.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { type Pid, type Runtime, type ServerClass, silentLogger, sys } from "../../../runtime/index.ts";
import { SeededRandom, simulate, simulateEach, type Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

const [PUBSUB, NAME, TOPIC] = ["test.pubsub", "test.presence", "room:1"];
const RUNS = 100;

class Fetching extends Presence {
  override async fetch(_topic: string, presences: Presences): Promise<Presences> {
    await Promise.resolve();
    return presences;
  }
}

/** A process in the topic, and what it shows of it after all that it was told. */
interface Client {
  readonly shown: Set<string>;
  /** A meta that came twice, or went without having come. */
  readonly wrong: string[];
}

function client(runtime: Runtime): Client {
  const [shown, wrong] = [new Set<string>(), [] as string[]];
  runtime.spawn(async (self) => {
    PubSub.subscribe(self, PUBSUB, TOPIC);
    for (;;) {
      const { joins, leaves } = ((await self.receive()) as Broadcast).payload as PresenceDiff;
      for (const ref of refsOf(joins)) {
        if (shown.has(ref)) wrong.push(`joined twice: ${ref}`);
        shown.add(ref);
      }
      for (const ref of refsOf(leaves))
        if (!shown.delete(ref)) wrong.push(`left without having joined: ${ref}`);
    }
  });
  return { shown, wrong };
}

function refsOf(presences: Presences): string[] {
  return Object.values(presences).flatMap(({ metas }) => metas.map(({ phx_ref: ref }) => ref));
}

/** Runs the simulation until that is done, too. */
async function settled<Value>(simulation: Simulation, doing: Promise<Value>): Promise<Value> {
  await simulation.settle();
  return doing;
}

async function startOn(
  simulation: Simulation,
  place: number,
  Server: ServerClass = Presence,
): Promise<Client> {
  const runtime = simulation.runtimes[place]!;
  const nameScope = "shard";
  const pubsub = { id: "pubsub", start: [PubSub] as const, name: PUBSUB, nameScope } as const;
  const presence = { id: "presence", start: [Server, { pubsub: PUBSUB }], name: NAME, nameScope } as const;
  const options = { strategy: "one_for_one", intensity: 1_000, children: [pubsub] } as const;
  await settled(simulation, runtime.start(Supervisor, options, { name: "tree", nameScope }));
  // Before its Presence: so it is told of everybody.
  const listening = client(runtime);
  await simulation.settle();
  await settled(simulation, Supervisor.startChild(runtime, "tree", presence));
  return listening;
}

async function startAll(simulation: Simulation, Server: ServerClass = Presence): Promise<Client[]> {
  const clients: Client[] = [];
  for (const place of simulation.runtimes.keys()) clients.push(await startOn(simulation, place, Server));
  return clients;
}

function channel(runtime: Runtime): Pid {
  return runtime.spawn((self) => self.receive());
}

/** How many metas each key has. */
function counted(presences: Presences): Record<string, number> {
  return Object.fromEntries(Object.entries(presences).map(([key, { metas }]) => [key, metas.length]));
}

/** Who is there, as a shard sees it. */
function seenBy(runtime: Runtime): Record<string, number> {
  return counted(Presence.list(runtime, NAME, TOPIC));
}

async function track(
  simulation: Simulation,
  place: number,
  key: string,
  meta: Readonly<Record<string, unknown>> = {},
): Promise<Pid> {
  const runtime = simulation.runtimes[place]!;
  const pid = channel(runtime);
  const tracked = Presence.track(runtime, NAME, pid, TOPIC, key, meta);
  expect(await settled(simulation, tracked)).toMatchObject({ ok: true });
  return pid;
}

describe("Presence on several shards", () => {
  test("who is tracked on one is listed and counted on all, and everybody is told once", async () => {
    await using simulation = await simulate({ seed: 1, shards: 3 });
    const clients = await startAll(simulation);
    await track(simulation, 0, "alice", { device: "phone" });
    await track(simulation, 1, "alice", { device: "laptop" });
    await track(simulation, 2, "bob");
    for (const [place, runtime] of simulation.runtimes.entries()) {
      expect(seenBy(runtime)).toEqual({ alice: 2, bob: 1 });
      expect(Presence.count(runtime, NAME, TOPIC)).toBe(3);
      expect(Presence.countKeys(runtime, NAME, TOPIC)).toBe(2);
      const alice = Presence.getByKey(runtime, NAME, TOPIC, "alice")!;
      expect(alice.metas.map(({ device }) => device).toSorted()).toEqual(["laptop", "phone"]);
      expect([...clients[place]!.shown].toSorted()).toEqual(
        refsOf(Presence.list(runtime, NAME, TOPIC)).toSorted(),
      );
      expect(clients[place]!.wrong).toEqual([]);
    }
  });

  test("an update is one join and one leave on each shard, an exit one leave", async () => {
    await using simulation = await simulate({ seed: 2, shards: 2 });
    await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const pid = await track(simulation, 0, "alice", { n: 1 });
    const diffs: PresenceDiff[] = [];
    there.spawn(async (self) => {
      PubSub.subscribe(self, PUBSUB, TOPIC);
      for (;;) diffs.push(((await self.receive()) as Broadcast).payload as PresenceDiff);
    });
    await settled(simulation, Presence.update(here, NAME, pid, TOPIC, "alice", { n: 2 }));
    here.exit(pid, "kill");
    await simulation.settle();
    const told = diffs.map(({ joins, leaves }) =>
      [joins, leaves].map((some) => some["alice"]?.metas[0]?.["n"]),
    );
    expect(told).toEqual([
      [2, 1],
      [undefined, 2],
    ]);
  });

  test("a meta that can't be copied is shown elsewhere as clients are shown it", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    await startAll(simulation);
    await track(simulation, 0, "alice", { at: { toJSON: () => "here" }, gone: () => {} });
    const [{ phx_ref: ref, ...meta }] = Presence.getByKey(simulation.runtimes[1]!, NAME, TOPIC, "alice")!
      .metas as [{ phx_ref: string }];
    expect([typeof ref, meta]).toEqual(["string", { at: "here" }]);
  });

  test("a meta that can't even be copied as it is shown goes without its data, and takes nobody else along", async () => {
    await using simulation = await simulate({ seed: 1, shards: 2 });
    await startAll(simulation);
    const deep = JSON.parse(`${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`) as object;
    await track(simulation, 0, "deep", { deep });
    await track(simulation, 0, "proto", JSON.parse('{"__proto__":{"a":1}}') as Record<string, unknown>);
    await track(simulation, 0, "alice", { n: 1 });
    const listed = Presence.list(simulation.runtimes[1]!, NAME, TOPIC);
    const fields = Object.entries(listed).map(([key, { metas }]) => [key, Object.keys(metas[0]!).toSorted()]);
    expect(fields.toSorted()).toEqual([
      ["alice", ["n", "phx_ref"]],
      ["deep", ["phx_ref"]],
      ["proto", ["phx_ref"]],
    ]);
  });

  test("a shard that is lost takes its presences along at once, and knows everybody when it is back", async () => {
    await using simulation = await simulate({ seed: 4, shards: 3, logger: silentLogger });
    const clients = await startAll(simulation);
    for (const place of [0, 1, 2]) await track(simulation, place, `on ${place}`);
    simulation.loseShard(1);
    await simulation.settle();
    for (const place of [0, 2]) {
      expect(seenBy(simulation.runtimes[place]!)).toEqual({ "on 0": 1, "on 2": 1 });
      expect([clients[place]!.shown.size, clients[place]!.wrong]).toEqual([2, []]);
    }
    await simulation.startShard(1);
    const back = await startOn(simulation, 1);
    expect(seenBy(simulation.runtimes[1]!)).toEqual({ "on 0": 1, "on 2": 1 });
    expect(back.shown.size).toBe(2);
  });

  test("a Presence that is stopped in order hides those it tracks, and shows them when it is back", async () => {
    await using simulation = await simulate({ seed: 5, shards: 2, logger: silentLogger });
    await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    await track(simulation, 0, "alice");
    await track(simulation, 1, "bob");
    await settled(simulation, Supervisor.terminateChild(there, "tree", "presence"));
    expect(seenBy(here)).toEqual({ alice: 1 });
    await settled(simulation, Supervisor.restartChild(there, "tree", "presence"));
    for (const runtime of [here, there]) expect(seenBy(runtime)).toEqual({ alice: 1, bob: 1 });
  });

  test("what was missed while the PubSub of a shard was stopped is made up for", async () => {
    await using simulation = await simulate({ seed: 6, shards: 2, logger: silentLogger });
    await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const gone = await track(simulation, 0, "gone");
    await settled(simulation, Supervisor.terminateChild(there, "tree", "pubsub"));
    await track(simulation, 0, "late");
    here.exit(gone, "kill");
    await simulation.settle();
    await settled(simulation, Supervisor.restartChild(there, "tree", "pubsub"));
    await simulation.advance(3_000);
    expect(seenBy(there)).toEqual({ late: 1 });
  });

  test("those of a shard that is silent for long are hidden, and shown again once it is heard", async () => {
    await using simulation = await simulate({ seed: 7, shards: 2, logger: silentLogger });
    const clients = await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    await track(simulation, 0, "alice");
    const pid = await track(simulation, 1, "bob");
    await simulation.advance(120_000);
    expect(seenBy(here)).toEqual({ alice: 1, bob: 1 });
    await settled(simulation, sys.suspend(there, NAME));
    await simulation.advance(20_000);
    expect(seenBy(here)).toEqual({ alice: 1, bob: 1 });
    await simulation.advance(15_000);
    expect(seenBy(here)).toEqual({ alice: 1 });
    await settled(simulation, sys.resume(there, NAME));
    for (const runtime of [here, there]) expect(seenBy(runtime)).toEqual({ alice: 1, bob: 1 });
    expect(clients.map(({ shown, wrong }) => [shown.size, wrong])).toEqual([
      [2, []],
      [2, []],
    ]);
    there.exit(pid, "kill");
    await simulation.settle();
    expect(seenBy(here)).toEqual({ alice: 1 });
  });
});

for (const Server of [Presence, Fetching]) {
  test(`${Server.name}: whoever comes, goes and crashes, on shards that are lost and come back, all show who is there`, async () => {
    await simulateEach({ runs: RUNS, shards: 3, logger: silentLogger }, async (simulation) => {
      const random = new SeededRandom(simulation.seed);
      const clients = await startAll(simulation, Server);
      /** What the channels of each shard believe. */
      const channels: Map<Pid, Set<string>>[] = [new Map(), new Map(), new Map()];
      const lost = new Set<number>();
      for (let step = 0; step < 50; step += 1) {
        const place = random.below(3);
        const runtime = simulation.runtimes[place]!;
        const own = channels[place]!;
        if (lost.has(place)) {
          await simulation.startShard(place);
          lost.delete(place);
          channels[place] = new Map();
          clients[place] = await startOn(simulation, place, Server);
          continue;
        }
        const choice = random.below(20);
        const pid = [...own.keys()][random.below(Math.max(1, own.size))];
        const key = `key ${random.below(3)}`;
        // A channel whose Presence fails it crashes with it.
        const as = (who: Pid, act: () => Promise<unknown>): void =>
          void act().catch(() => {
            own.delete(who);
            runtime.exit(who, "kill");
          });
        if (choice === 0 && place > 0) {
          simulation.loseShard(place);
          lost.add(place);
        } else if (choice === 1) runtime.exit(NAME, "kill");
        else if (choice === 2) runtime.exit(PUBSUB, "kill");
        else if (choice < 9 || pid === undefined) {
          const who = channel(runtime);
          own.set(who, new Set());
          as(who, async () => {
            await Presence.track(runtime, NAME, who, TOPIC, key, { step });
            own.get(who)?.add(key);
          });
        } else if (choice < 12) {
          as(pid, async () => {
            await Presence.track(runtime, NAME, pid, TOPIC, key, { step });
            own.get(pid)?.add(key);
          });
        } else if (choice < 14) as(pid, () => Presence.update(runtime, NAME, pid, TOPIC, key, { step }));
        else if (choice < 17) {
          as(pid, async () => {
            await Presence.untrack(runtime, NAME, pid, TOPIC, key);
            own.get(pid)?.delete(key);
          });
        } else {
          own.delete(pid);
          runtime.exit(pid, "kill");
        }
        if (random.below(3) === 0) await simulation.settle();
      }
      await simulation.settle();
      const expected: Record<string, number> = {};
      for (const [place, own] of channels.entries()) {
        if (lost.has(place)) continue;
        for (const key of [...own.values()].flatMap((keys) => [...keys]))
          expected[key] = (expected[key] ?? 0) + 1;
      }
      for (const [place, runtime] of simulation.runtimes.entries()) {
        if (lost.has(place)) continue;
        const listed = await Fetching.list(runtime, NAME, TOPIC);
        expect(counted(listed)).toEqual(expected);
        const { shown, wrong } = clients[place]!;
        expect([wrong, [...shown].toSorted()]).toEqual([[], refsOf(listed).toSorted()]);
      }
    });
  });
}
