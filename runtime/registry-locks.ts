import type { From } from "./call.ts";
import type { Pid } from "./pid.ts";
import type { Ref } from "./ref.ts";
import type { Self } from "./self.ts";

/** A call that is answered once `pid` has the lock: with what to give it back by. */
export class LockRequest {
  readonly keyId: unknown;
  readonly pid: Pid;

  constructor(keyId: unknown, pid: Pid) {
    this.keyId = keyId;
    this.pid = pid;
  }
}

interface Waiting {
  readonly request: LockRequest;
  readonly from: From;
}

/** The locks of a registry: who has them, and who waits for them in the order in which they asked. */
export class RegistryLocks {
  readonly #self: Self;
  /** By key, for each that is locked. */
  readonly #queues = new Map<unknown, Waiting[]>();
  /** The locked keys by the monitors of those who have them. */
  readonly #locked = new Map<Ref, unknown>();

  constructor(self: Self) {
    this.#self = self;
  }

  ask(request: LockRequest, from: From): void {
    const queue = this.#queues.get(request.keyId);
    if (queue !== undefined) {
      queue.push({ request, from });
      return;
    }
    this.#queues.set(request.keyId, []);
    this.#give({ request, from });
  }

  /** `ref` is that of an unlock, or of a DOWN: who had the lock may have died of a kill. */
  giveBack(ref: Ref): void {
    if (!this.#locked.has(ref)) return;
    const keyId = this.#locked.get(ref);
    this.#locked.delete(ref);
    this.#self.demonitor(ref, { flush: true });
    const next = this.#queues.get(keyId)!.shift();
    if (next === undefined) this.#queues.delete(keyId);
    else this.#give(next);
  }

  /** If it has died while it waited, its DOWN comes at once. */
  #give({ request, from }: Waiting): void {
    const ref = this.#self.monitor(request.pid);
    this.#locked.set(ref, request.keyId);
    this.#self.reply(from, ref);
  }
}
