import { residentOf } from "../process.ts";
import type { Runtime } from "../runtime.ts";
import type { Self } from "../self.ts";
import type { Interconnect } from "./interconnect.ts";

/** What hears on this shard what its counterparts on the others say. */
export interface Hearer {
  /**
   * What the shard `from` has said, in its place among all signals from there: what a process there sent afterwards has not
   * arrived yet. Called between the turns of processes.
   */
  hear(head: unknown, body: unknown, from: number): void;
  /** That shard is gone, and this the first that anybody here learns of it. */
  lost?(number: number): void;
}

/**
 * Speaks to what has the same name on the other shards, without a process in between. What is said to a shard where nobody
 * hears is dropped.
 */
export class Counterparts {
  readonly #home: Interconnect;
  readonly #name: string;
  readonly #hearer: Hearer;

  /** `hearer` takes the place of the one that heard before. */
  constructor(home: Interconnect, name: string, hearer: Hearer) {
    this.#home = home;
    this.#name = name;
    this.#hearer = hearer;
    home.hearers.set(name, hearer);
  }

  /** Throws ROOKERY_NOT_COPYABLE; paths in its text begin at `body`. */
  tell(number: number, head: unknown, body: unknown): void {
    this.#home.peer(number)?.sendSaid(this.#name, head, body);
  }

  /** The same, to every other shard; if it throws, none has it. */
  tellAll(head: unknown, body: unknown): void {
    for (const peer of this.#home.peers) peer.sendSaid(this.#name, head, body);
  }

  close(): void {
    if (this.#home.hearers.get(this.#name) === this.#hearer) this.#home.hearers.delete(this.#name);
  }
}

/** The name under which others like this process may run on other shards: one that is each shard's own. */
export function sharedRole(self: Self): string | undefined {
  const { shard, name } = residentOf(self.pid)!;
  return shard.interconnect !== undefined && name !== undefined && shard.names.isPerShard(name)
    ? name
    : undefined;
}

/** From now on `hearer` hears what is said to `name` on the shard of `runtime`, which has others. */
export function meetCounterparts(runtime: Runtime, name: string, hearer: Hearer): Counterparts {
  return new Counterparts(runtime.shard.interconnect!, name, hearer);
}

/** The numbers of the other shards with which that of `runtime` is connected. */
export function otherShards(runtime: Runtime): number[] {
  return Array.from(runtime.shard.interconnect?.peers ?? [], ({ number }) => number);
}
