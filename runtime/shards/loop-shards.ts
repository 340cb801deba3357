import type { SeededRandom } from "../seeded-random.ts";
import type { Shard } from "../shard.ts";
import { Bell } from "./bell.ts";
import { FairLocks } from "./fair-locks.ts";
import { Interconnect } from "./interconnect.ts";
import { linesBetween } from "./loop-line.ts";
import { NameTable } from "./name-table.ts";

const LOST_NAMES = { buckets: 16, maxBytes: 2 ** 16 };

/** A shard, and what it is still to be told: a shard on a thread hears of the others by its control port, each at its own time. */
interface Running {
  readonly shard: Shard;
  readonly interconnect: Interconnect;
  readonly orders: (() => void)[];
  /** Those who are not connected with it yet. */
  readonly missing: Set<Running>;
}

/** The shards of a runtime that share one thread, connected as threads are. They can be lost and come back. */
export class LoopShards {
  readonly #names = NameTable.memory({ buckets: 256, maxBytes: 2 ** 24 });
  readonly #locks: FairLocks;
  readonly #running = new Map<number, Running>();

  constructor(shards: readonly Shard[]) {
    this.#locks = new FairLocks(shards[0]!.number);
    for (const shard of shards) this.add(shard);
    while (this.carryOutOrder(undefined)) {
      // Until all are connected.
    }
  }

  /** Connects a shard with all others; it is open for each of them as soon as all have heard of it. */
  add(shard: Shard): void {
    const locks =
      this.#running.size === 0
        ? this.#locks
        : new FairLocks(shard.number, (name) => this.#locks.memoryOf(name));
    const interconnect = new Interconnect(shard, new Bell(), 0, locks);
    interconnect.shareNames(new NameTable(this.#names, shard.number));
    shard.interconnect = interconnect;
    shard.scheduler.exchange = interconnect;
    const others = [...this.#running.values()];
    const added: Running = { shard, interconnect, orders: [], missing: new Set(others) };
    this.#running.set(shard.number, added);
    for (const other of others) {
      const [there, back] = linesBetween([shard, other.shard]);
      interconnect.connect(other.shard.number, there);
      other.orders.push(() => {
        other.interconnect.connect(shard.number, back);
        added.missing.delete(other);
        this.#openIfReady(added);
      });
    }
  }

  #openIfReady(added: Running): void {
    const { number } = added.shard;
    if (added.missing.size > 0 || !this.#running.has(number)) return;
    for (const other of this.#running.values()) {
      if (other === added) continue;
      other.orders.push(() => other.interconnect.open(number));
      if (other.missing.size === 0) added.orders.push(() => added.interconnect.open(other.shard.number));
    }
  }

  /** A shard is gone at once, whatever it was doing. The others hear of it one after the other. */
  lose(number: number): void {
    const lost = this.#running.get(number);
    if (lost === undefined) return;
    this.#running.delete(number);
    lost.shard.scheduler.exchange = undefined;
    lost.shard.scheduler.close();
    lost.shard.timers.close();
    this.#locks.abandon(number);
    new NameTable(this.#names, number).purge(number);
    // Its promise continuations run on, as no thread's would: the names that they register are for themselves.
    lost.interconnect.shareNames(new NameTable(NameTable.memory(LOST_NAMES), number));
    for (const other of this.#running.values()) {
      other.orders.push(() => other.interconnect.lost(number));
      if (other.missing.delete(lost)) this.#openIfReady(other);
    }
  }

  has(number: number): boolean {
    return this.#running.has(number);
  }

  /** Tells one of the shards, any if there is a `random`, what it is to be told next; false if there is nothing. */
  carryOutOrder(random: SeededRandom | undefined): boolean {
    const told = [...this.#running.values()].filter(({ orders }) => orders.length > 0);
    told[random?.below(told.length) ?? 0]?.orders.shift()!();
    return told.length > 0;
  }

  get hasOrders(): boolean {
    for (const { orders } of this.#running.values()) if (orders.length > 0) return true;
    return false;
  }
}
