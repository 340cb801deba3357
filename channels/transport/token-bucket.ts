/** So much at once, and so much a second from then on. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Lets a rate of something pass, and short bursts above it. Touches no clock. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** Full at the beginning. */
  constructor({ perSecond, burst }: Rate, nowMs: number) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes a token and answers 0, or, if there is none, takes nothing and answers in how many milliseconds there will be one. */
  take(nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perMs);
    this.#tokens -= 1;
    return 0;
  }
}
