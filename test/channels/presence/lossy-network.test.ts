import { expect, test } from "vitest";
import { Presence } from "../../../channels/presence/presence.ts";
import { type Pid, silentLogger } from "../../../runtime/index.ts";
import { SeededRandom, simulateEach, type Simulation } from "../../../runtime/testing.ts";
import { lossyAdapter, type Weather } from "./lossy-adapter.ts";
import {
  channel,
  counted,
  Fetching,
  NAME,
  PUBSUB,
  refsOf,
  settled,
  startOn,
  TOPIC,
} from "./presence-on-shards.ts";

const RUNS = 100;
const STEPS = 60;
const SHARDS = 3;
const PERMDOWN_MS = 2_000;
const options = {
  broadcastPeriodMs: 100,
  maxSilentPeriods: 2,
  downPeriodMs: 500,
  permdownPeriodMs: PERMDOWN_MS,
  maxDeltaSizes: [4, 16],
};
type Client = Awaited<ReturnType<typeof startOn>>;

/** Presences on shards that hear of each other through a lossy network only, and what their channels believe. */
class Places {
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #weather: Weather;
  readonly #clients: Client[] = [];
  readonly #channels: Map<Pid, Set<string>>[] = Array.from({ length: SHARDS }, () => new Map());
  readonly #lost = new Set<number>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#random = new SeededRandom(simulation.seed);
    const chance = (percents: number): number => this.#random.below(4) * percents;
    this.#weather = {
      lossPercent: chance(8),
      repeatPercent: chance(8),
      delayMsMax: chance(60),
      cut: new Set(),
    };
  }

  async start(place: number): Promise<void> {
    const adapter = lossyAdapter(this.#random, this.#weather);
    this.#clients[place] = await startOn(this.#simulation, place, Fetching, {
      pubsub: { adapter },
      presence: options,
    });
  }

  async step(): Promise<void> {
    const place = this.#random.below(SHARDS);
    const choice = this.#random.below(100);
    if (this.#lost.has(place)) {
      if (choice < 50) return;
      await this.#simulation.startShard(place);
      this.#lost.delete(place);
      await this.start(place);
    } else if (choice < 4 && place > 0) {
      this.#simulation.loseShard(place);
      this.#lost.add(place);
      this.#channels[place] = new Map();
    } else if (choice < 8) this.#simulation.runtimes[place]!.exit(NAME, "kill");
    else if (choice < 10) this.#simulation.runtimes[place]!.exit(PUBSUB, "kill");
    else if (choice < 14) this.#weather.cut.add(`${place} ${this.#random.below(SHARDS)}`);
    else if (choice < 18) this.#weather.cut.clear();
    else if (choice < 30)
      await this.#simulation.advance(this.#random.below(choice < 19 ? PERMDOWN_MS * 2 : 400));
    else this.#act(place, choice);
  }

  /** A channel whose Presence fails it crashes with it. */
  #act(place: number, choice: number): void {
    const runtime = this.#simulation.runtimes[place]!;
    const own = this.#channels[place]!;
    const key = ["alice", "__proto__", ""][this.#random.below(3)]!;
    let pid = [...own.keys()][this.#random.below(own.size + 1)];
    if (pid === undefined) own.set((pid = channel(runtime)), new Set());
    const who = pid;
    const crash = (): void => {
      own.delete(who);
      runtime.exit(who, "kill");
    };
    if (choice < 65) {
      void Presence.track(runtime, NAME, who, TOPIC, key, {}).then(() => own.get(who)?.add(key), crash);
    } else if (choice < 75) void Presence.update(runtime, NAME, who, TOPIC, key, { n: choice }).catch(crash);
    else if (choice < 90) {
      void Presence.untrack(runtime, NAME, who, TOPIC, key).then(() => own.get(who)?.delete(key), crash);
    } else crash();
  }

  async heal(): Promise<void> {
    Object.assign(this.#weather, { lossPercent: 0, repeatPercent: 0 });
    this.#weather.cut.clear();
    await this.#simulation.advance(2 * PERMDOWN_MS);
  }

  async expectAllToShowWhoIsThere(): Promise<void> {
    const expected: Record<string, number> = Object.create(null);
    for (const keys of this.#channels.flatMap((own) => [...own.values()]))
      for (const key of keys) expected[key] = (expected[key] ?? 0) + 1;
    for (const [place, runtime] of this.#simulation.runtimes.entries()) {
      if (this.#lost.has(place)) continue;
      const listed = await settled(this.#simulation, Fetching.list(runtime, NAME, TOPIC));
      expect(Object.entries(counted(listed)).toSorted()).toEqual(Object.entries(expected).toSorted());
      const { shown, wrong } = this.#clients[place]!;
      expect([wrong, [...shown].toSorted()]).toEqual([[], refsOf(listed).toSorted()]);
    }
  }
}

test("over a network that loses, delays, reorders and repeats, with shards that crash and come back, all show who is there in the end", async () => {
  await simulateEach({ runs: RUNS, shards: SHARDS, logger: silentLogger }, async (simulation) => {
    const places = new Places(simulation);
    for (let place = 0; place < SHARDS; place += 1) await places.start(place);
    for (let step = 0; step < STEPS; step += 1) await places.step();
    await places.heal();
    await places.expectAllToShowWhoIsThere();
  });
});
