import { describe, expect, test } from "vitest";
import type { Broadcast } from "../../../channels/message.ts";
import { Presence } from "../../../channels/presence/presence.ts";
import type { PresenceDiff } from "../../../channels/presence/presences.ts";
import { PubSub } from "../../../channels/pubsub/pubsub.ts";
import { type Pid, type Runtime, silentLogger, sys } from "../../../runtime/index.ts";
import { SeededRandom, simulate, simulateEach, type Simulation } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";
import { listen } from "../pubsub/listener.ts";
import {
  channel,
  counted,
  Fetching,
  NAME,
  PUBSUB,
  refsOf,
  seenBy,
  settled,
  startAll,
  startOn,
  TOPIC,
} from "./presence-on-shards.ts";

const RUNS = 100;

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

  test("gracefulPermdown takes those it tracks from the others at once; a stop without it lets them wait for its silence", async () => {
    await using simulation = await simulate({ seed: 8, shards: 2, logger: silentLogger });
    const options = { presence: { permdownOnShutdown: false } };
    for (const place of [0, 1]) await startOn(simulation, place, Presence, options);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    await track(simulation, 1, "bob");
    await settled(simulation, Supervisor.terminateChild(there, "tree", "presence"));
    await simulation.advance(10_000);
    expect(seenBy(here)).toEqual({ bob: 1 });
    await simulation.advance(30_000);
    expect(seenBy(here)).toEqual({});
    await settled(simulation, Supervisor.restartChild(there, "tree", "presence"));
    expect(seenBy(here)).toEqual({ bob: 1 });
    // Its supervisor starts it again, and then it shows again who is still there.
    const seen: unknown[] = [];
    here.spawn(async (self) => {
      PubSub.subscribe(self, PUBSUB, TOPIC);
      for (;;) {
        const { joins } = ((await self.receive()) as Broadcast).payload as PresenceDiff;
        seen.push(counted(joins));
      }
    });
    await settled(simulation, Presence.gracefulPermdown(there, NAME));
    expect([seen, seenBy(here)]).toEqual([[{}, { bob: 1 }], { bob: 1 }]);
  });

  test("one who is told of replicas hears of each when it comes, is silent, and is forgotten; so does the log, if it shall", async () => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, info: (fields: object) => void logged.push(fields) };
    await using simulation = await simulate({ seed: 9, shards: 2, logger });
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const got: unknown[] = [];
    const listener = here.spawn(async (self) => {
      for (;;) got.push(await self.receive());
    });
    await startOn(simulation, 0, Presence, { presence: { reportEventsTo: listener, logLevel: "info" } });
    await startOn(simulation, 1);
    const nodeName = PubSub.nodeName(there, PUBSUB);
    await settled(simulation, sys.suspend(there, NAME));
    await simulation.advance(40_000);
    await settled(simulation, sys.resume(there, NAME));
    await settled(simulation, Supervisor.terminateChild(there, "tree", "presence"));
    const events = ["replica_up", "replica_down", "replica_up", "replica_permdown"];
    expect(got).toEqual(events.map((event) => [event, nodeName]));
    expect(logged.filter((fields) => "event" in (fields as object))).toEqual(
      events.map((event) => ({ event, nodeName })),
    );
  });

  test("replicas that meet don't all speak at once: the first heartbeat comes within a quarter of a period, at any time", async () => {
    const firsts = new Set<number>();
    await simulateEach({ runs: 5, shards: 2 }, async (simulation) => {
      const startedMs = simulation.clock.nowMs();
      await startAll(simulation);
      const firstMs = simulation.clock.nextTimerMs()! - startedMs;
      expect(firstMs).toBeLessThanOrEqual(1_500 / 4);
      firsts.add(firstMs);
    });
    expect(firsts.size).toBeGreaterThan(1);
  });

  test("a process of another shard than the one that tracks it leaves when it exits, and when its shard is lost", async () => {
    await using simulation = await simulate({ seed: 10, shards: 2, logger: silentLogger });
    await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const heard = await settled(simulation, listen(here, PUBSUB, "pids"));
    for (const [key, end] of [
      ["exits", (pid: Pid) => here.exit(pid, "kill")],
      ["is lost", () => simulation.loseShard(1)],
    ] as const) {
      PubSub.broadcast(there, PUBSUB, "pids", channel(there));
      await simulation.settle();
      const pid = heard.got.at(-1) as Pid;
      await settled(simulation, Presence.track(here, NAME, pid, TOPIC, key, {}));
      expect(seenBy(here)).toEqual({ [key]: 1 });
      end(pid);
      await simulation.settle();
      expect(seenBy(here)).toEqual({});
    }
  });

  test("who is tracked on one shard can be updated and untracked on another", async () => {
    await using simulation = await simulate({ seed: 11, shards: 2, logger: silentLogger });
    const clients = await startAll(simulation);
    const [here, there] = simulation.runtimes as [Runtime, Runtime];
    const heard = await settled(simulation, listen(here, PUBSUB, "pids"));
    PubSub.broadcast(there, PUBSUB, "pids", await track(simulation, 1, "bob", { n: 1 }));
    await simulation.settle();
    const pid = heard.got.at(-1) as Pid;
    await settled(simulation, Presence.update(here, NAME, pid, TOPIC, "bob", { n: 2 }));
    for (const runtime of [here, there])
      expect(Presence.getByKey(runtime, NAME, TOPIC, "bob")!.metas).toMatchObject([{ n: 2 }]);
    await settled(simulation, Presence.untrack(here, NAME, pid));
    for (const runtime of [here, there]) expect(seenBy(runtime)).toEqual({});
    expect(clients.map(({ shown, wrong }) => [shown.size, wrong])).toEqual([
      [0, []],
      [0, []],
    ]);
  });

  test("who was updated on another shard than the one that tracked it leaves when it exits, whatever has become of that one", async () => {
    await using simulation = await simulate({ seed: 12, shards: 3, logger: silentLogger });
    await startAll(simulation);
    const [here, , home] = simulation.runtimes as [Runtime, Runtime, Runtime];
    const heard = await settled(simulation, listen(here, PUBSUB, "pids"));
    const heardThere = await settled(simulation, listen(simulation.runtimes[1]!, PUBSUB, "pids"));
    const own = channel(home);
    PubSub.broadcast(home, PUBSUB, "pids", own);
    await simulation.settle();
    const pidThere = heardThere.got.at(-1) as Pid;
    await settled(simulation, Presence.track(simulation.runtimes[1]!, NAME, pidThere, TOPIC, "bob", {}));
    await settled(simulation, Presence.update(here, NAME, heard.got.at(-1) as Pid, TOPIC, "bob", { n: 2 }));
    simulation.loseShard(1);
    await simulation.settle();
    expect([seenBy(here), seenBy(home)]).toEqual([{ bob: 1 }, { bob: 1 }]);
    home.exit(own, "kill");
    await simulation.settle();
    expect([seenBy(here), seenBy(home)]).toEqual([{}, {}]);
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
    // Longer than anybody goes on saying what was done.
    await simulation.advance(5_000);
    await settled(simulation, Supervisor.restartChild(there, "tree", "pubsub"));
    await simulation.advance(1_500);
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
    await simulation.advance(10_000);
    expect(seenBy(here)).toEqual({ alice: 1, bob: 1 });
    await simulation.advance(25_000);
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
