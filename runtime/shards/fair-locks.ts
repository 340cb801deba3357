import type { Runtime } from "../runtime.ts";
import { FairLock } from "./fair-lock.ts";
import { SHARDS_MAX } from "./shard-setup.ts";

/** Answers the memory of the lock with that name, the same for all shards. */
export type LockMemory = (name: string) => Promise<SharedArrayBuffer>;

/** The locks of a runtime, as one of its shards knows them: each has a name, and is there as soon as somebody asks for it. */
export class FairLocks {
  readonly #shard: number;
  readonly #memoryOf: LockMemory;
  readonly #locks = new Map<string, FairLock>();

  /** For the shard that starts the runtime: it knows every lock, since the others ask it for the memory of theirs. */
  constructor(shard: number, memoryOf: LockMemory = async () => FairLock.memory(SHARDS_MAX)) {
    this.#shard = shard;
    this.#memoryOf = memoryOf;
  }

  async at(name: string): Promise<FairLock> {
    const memory = await this.#memoryOf(name);
    // Not before: another one may have asked meanwhile, and a shard has one place in the queue of a lock.
    const known = this.#locks.get(name);
    if (known !== undefined) return known;
    const lock = new FairLock(memory, this.#shard);
    this.#locks.set(name, lock);
    return lock;
  }

  async memoryOf(name: string): Promise<SharedArrayBuffer> {
    return (await this.at(name)).memory;
  }

  /** Gives back what a shard has held whose thread has ended, in all locks. To be called before another takes its place. */
  abandon(shard: number): void {
    for (const lock of this.#locks.values()) lock.abandon(shard);
  }
}

/**
 * The lock with that name, for which all shards of the runtime take turns; undefined if there is one shard only. It belongs to shards,
 * not to processes: give it back in an exit hook. When a shard dies, what it has held is given back for it.
 */
export async function fairLock(runtime: Runtime, name: string): Promise<FairLock | undefined> {
  return runtime.shard.interconnect?.locks.at(name);
}
