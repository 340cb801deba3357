import type { Self } from "../../runtime/index.ts";
import type { Peer } from "./peer.ts";

/** A silent client is noticed this many times within its timeout, so at the latest a quarter of it too late. */
const IDLE_TICKS = 4;

/** To the process of a connection: time to look whether its client has said anything. */
export class IdleTick {
  declare readonly idleTick?: true;
}

const IDLE_TICK = new IdleTick();

/** Notices a client from which no byte comes for a while, by a timer a connection and none a frame. */
export class IdleWatch {
  readonly #self: Self;
  readonly #peer: Peer;
  readonly #tickMs: number;
  #bytesRead = 0;
  #silentTicks = 0;

  /** Sends an IdleTick to `self` from now on, unless `timeoutMs` is Infinity. */
  constructor(self: Self, peer: Peer, timeoutMs: number) {
    this.#self = self;
    this.#peer = peer;
    this.#tickMs = timeoutMs / IDLE_TICKS;
    if (Number.isFinite(timeoutMs)) this.#schedule();
  }

  /** For each IdleTick: whether the client has been silent for the timeout. One that is not read from counts as if it spoke. */
  isSilent(): boolean {
    const { bytesRead, isPaused = false } = this.#peer;
    // Of one that may not say anything nothing can be heard.
    this.#silentTicks = bytesRead === this.#bytesRead && !isPaused ? this.#silentTicks + 1 : 0;
    this.#bytesRead = bytesRead;
    if (this.#silentTicks >= IDLE_TICKS) return true;
    this.#schedule();
    return false;
  }

  #schedule(): void {
    this.#self.sendAfter(this.#tickMs, this.#self.pid, IDLE_TICK);
  }
}
