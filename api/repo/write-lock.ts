import { resolve } from "node:path";
import type { Self } from "../../runtime/index.ts";
import { type FairLock, fairLock, type Turn, uninterrupted } from "../../runtime/internal.ts";

/**
 * The right of a writer to write to its file, for which the writers of all shards take turns: SQLite would let them collide, and make
 * one of them wait in its busy handler. The only shard that there is has it always.
 */
export class WriteLock {
  readonly #self: Self;
  readonly #lock: FairLock | undefined;
  #turn: Turn | undefined = undefined;

  private constructor(self: Self, lock: FairLock | undefined) {
    this.#self = self;
    this.#lock = lock;
  }

  /** The lock of the file at `path`, for the process of `self`, which gives it back in an exit hook. */
  static async of(self: Self, path: string): Promise<WriteLock> {
    return new WriteLock(self, await fairLock(self.runtime, `sqlite:${resolve(path)}`));
  }

  get held(): boolean {
    return this.#lock === undefined || this.#turn?.held === true;
  }

  /** Whether there are other shards that might want it. */
  get isShared(): boolean {
    return this.#lock !== undefined;
  }

  /** Whether others wait for it. */
  get isWanted(): boolean {
    return this.#lock?.isWanted === true;
  }

  /** Asks for it, unless that is done already; true if it is there at once. If not, `granted` is called when it is. */
  ask(granted: () => void): boolean {
    const lock = this.#lock;
    if (lock === undefined) return true;
    const { runtime, pid } = this.#self;
    // A dead process has no exit hook that would give it back.
    if (this.#turn !== undefined || !runtime.isAlive(pid)) return this.held;
    const turn = uninterrupted(runtime, () => (this.#turn = lock.acquire()));
    if (!turn.held) void turn.granted.then(granted);
    return turn.held;
  }

  /** Resolves when it is there. Never, if the process dies before. */
  async asked(): Promise<void> {
    await new Promise<void>((granted) => {
      if (this.ask(granted)) granted();
    });
  }

  /** Gives it back, or the place in the queue. */
  release(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    uninterrupted(this.#self.runtime, () => {
      turn.release();
      this.#turn = undefined;
    });
  }
}
