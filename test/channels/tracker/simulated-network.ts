import { expect } from "vitest";
import type { TrackerDiff } from "../../../channels/tracker/entry.ts";
import type { Gossip } from "../../../channels/tracker/gossip.ts";
import { Replica, type ReplicaTable, replicaTable } from "../../../channels/tracker/replica.ts";
import { SeededRandom } from "../../../runtime/testing.ts";

const PERIOD_MS = 10;
export const TIMES = {
  maxSilentPeriods: 2,
  downPeriodMs: 60,
  permdownPeriodMs: 200,
  clockSamplePeriods: 2,
};
/** Small, so that some have missed more than is kept. */
const DELTA_SIZES_MAX = [3, 6, 12];
const KEYS = ["k", "__proto__", ""];

/** Where a replica runs, with the processes that it tracks and one who follows its diffs. */
class Place {
  readonly nodeName: string;
  table: ReplicaTable<string> | undefined;
  replica: Replica<string> | undefined;
  /** What its processes believe: the reference of each pid and key. */
  live: Map<string, string> = new Map();
  shown: Set<string> = new Set();
  beatMs = 0;

  constructor(nodeName: string) {
    this.nodeName = nodeName;
  }

  visible(): string[] {
    return [...this.table!.state.entries.inTopic("t")].map(({ meta }) => meta.phx_ref).toSorted();
  }
}

interface Message {
  readonly from: Place;
  readonly to: Place;
  readonly gossip: Gossip<string>;
}

/** Replicas over a network that loses, delays, reorders and repeats what they say, as a seed has it. No process and no clock. */
export class SimulatedNetwork {
  readonly random: SeededRandom;
  readonly places: Place[];
  readonly #underWay: Message[] = [];
  #cut = new Set<string>();
  #lossPercent = 0;
  #repeatPercent = 0;
  #nowMs = 0;
  #refs = 0;
  /** Removed by another place than the one that tracks it: a place that is gone before it could tell may have taken that along. */
  readonly #removedElsewhere = new Set<string>();

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    const size = 2 + this.random.below(3);
    this.places = Array.from({ length: size }, (_, index) => new Place(`place ${index}`));
    this.#lossPercent = this.random.below(4) * 10;
    this.#repeatPercent = this.random.below(3) * 10;
    for (const place of this.places) this.#start(place);
  }

  #chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }

  #start(place: Place): void {
    this.#refs += 1;
    // Clocks on walls go wrong now and then.
    const bornMs = this.#nowMs - (this.#chance(5) ? 1_000 : 0);
    place.table ??= replicaTable(`${place.nodeName}#${this.#refs}`, bornMs, DELTA_SIZES_MAX);
    place.beatMs = this.#nowMs + this.random.below(PERIOD_MS);
    place.replica = new Replica(place.table, TIMES, {
      nodeName: place.nodeName,
      nowMs: () => this.#nowMs,
      isGone: () => false,
      happened: () => {},
      changed: (diff) => this.#show(place, diff),
      say: (gossip, to) => {
        for (const other of this.places)
          if (other !== place && (to === undefined || to === other.nodeName))
            this.#send(place, other, gossip);
      },
    });
    place.replica.begin();
  }

  #send(from: Place, to: Place, gossip: Gossip<string>): void {
    if (this.#cut.has(`${from.nodeName} ${to.nodeName}`) || this.#chance(this.#lossPercent)) return;
    this.#underWay.push({ from, to, gossip });
    if (this.#chance(this.#repeatPercent)) this.#underWay.push({ from, to, gossip });
  }

  /** Each reference joins once and leaves once, wherever it is shown. */
  #show(place: Place, { joins, leaves }: TrackerDiff<string>): void {
    for (const { meta } of leaves) expect(place.shown.delete(meta.phx_ref)).toBe(true);
    for (const { meta } of joins) {
      expect(place.shown.has(meta.phx_ref)).toBe(false);
      place.shown.add(meta.phx_ref);
    }
  }

  #deliver(): void {
    const at = this.random.below(this.#underWay.length);
    const message = this.#underWay[at];
    if (message === undefined) return;
    this.#underWay[at] = this.#underWay.at(-1)!;
    this.#underWay.pop();
    message.to.replica?.hear(message.gossip);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    for (const place of this.places) {
      if (place.beatMs > this.#nowMs) continue;
      place.replica?.beat(true);
      place.beatMs = this.#nowMs + PERIOD_MS;
    }
  }

  step(): void {
    const { random } = this;
    const choice = random.below(100);
    if (choice < 35) this.#deliver();
    else if (choice < 50) this.#pass(random.below(PERIOD_MS));
    else if (choice < 51) this.#pass(random.below(2 * TIMES.permdownPeriodMs));
    else if (choice < 53) this.#cut = new Set();
    else if (choice < 55) {
      const [one, other] = [this.#anyPlace(), this.#anyPlace()];
      this.#cut.add(`${one.nodeName} ${other.nodeName}`);
      if (random.below(2) === 0) this.#cut.add(`${other.nodeName} ${one.nodeName}`);
    } else this.#act(this.#anyPlace(), choice);
  }

  #anyPlace(): Place {
    return this.places[this.random.below(this.places.length)]!;
  }

  #act(place: Place, choice: number): void {
    const { table, replica } = place;
    if (replica === undefined || table === undefined) {
      if (choice < 85) return;
      // What has died while nobody looked is found out first.
      for (const pid of table?.state.ownPids() ?? []) if (this.#chance(30)) this.#leaves(place, pid, place);
      this.#start(place);
    } else if (choice < 75) this.#tracks(place);
    else if (choice < 85) replica.flush();
    else if (choice < 90) this.#leaves(place, this.#pidOf(place), place);
    else if (choice < 92) this.#leaves(place, this.#pidOf(this.#anyPlace()), undefined);
    else if (choice < 95) this.#start(place);
    else if (choice < 97) {
      replica.bye();
      place.replica = undefined;
    } else if (choice < 99) {
      place.replica = place.table = undefined;
      place.live.clear();
      place.shown.clear();
    }
  }

  #pidOf(place: Place): string {
    return `pid ${this.random.below(3)} of ${place.nodeName}`;
  }

  #tracks(place: Place): void {
    const [pid, key] = [this.#pidOf(place), KEYS[this.random.below(KEYS.length)]!];
    this.#refs += 1;
    const ref = `${this.#refs}`;
    place.live.set(`${pid} ${key}`, ref);
    this.#show(place, place.table!.state.join(pid, "t", key, { phx_ref: ref }));
  }

  #leaves(place: Place, pid: string, owner: Place | undefined): void {
    const diff = place.table!.state.leavePid(pid);
    for (const { key, meta } of diff.leaves) {
      if (owner === place) place.live.delete(`${pid} ${key}`);
      else this.#removedElsewhere.add(meta.phx_ref);
    }
    // What another place had removed is gone already.
    if (owner === place) for (const key of KEYS) place.live.delete(`${pid} ${key}`);
    this.#show(place, diff);
  }

  /** The network works again, and time goes on until everything has been said. */
  heal(): void {
    this.#cut = new Set();
    this.#lossPercent = 0;
    const endMs = this.#nowMs + 2 * TIMES.permdownPeriodMs;
    while (this.#nowMs < endMs) {
      while (this.#underWay.length > 0) this.#deliver();
      this.#pass(PERIOD_MS);
    }
  }

  /** All show the same: whoever is there, and nobody else. */
  expectConverged(): void {
    const running = this.places.filter(({ replica }) => replica !== undefined);
    const there = running.flatMap(({ live }) => [...live.values()]);
    for (const place of running) {
      const visible = place.visible();
      expect([...place.shown].toSorted()).toEqual(visible);
      expect(visible).toEqual(running[0]!.visible());
      expect(place.table!.state.clocks()).toEqual(running[0]!.table!.state.clocks());
      expect(visible.filter((ref) => !there.includes(ref))).toEqual([]);
      const lost = there.filter((ref) => !visible.includes(ref) && !this.#removedElsewhere.has(ref));
      expect(lost).toEqual([]);
    }
  }
}
