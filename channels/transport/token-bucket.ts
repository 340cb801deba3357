/** So much at once, and so much a second from then on. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** In thousandths. */
const TOKEN = 1_000;

/** Lets a rate of something pass, and short bursts above it. Touches no clock. */
export class TokenBucket {
  // In thousandths of a token, of which each millisecond brings a whole number at a whole rate: what is left of sums of fractions would make
  // who has waited as long as told wait once more.
  readonly #perMs: number;
  readonly #burst: number;
  #thousandths: number;
  #atMs: number;

  /** Full at the beginning. */
  constructor({ perSecond, burst }: Rate, nowMs: number) {
    this.#perMs = perSecond;
    this.#burst = burst * TOKEN;
    this.#thousandths = this.#burst;
    this.#atMs = nowMs;
  }

  /** Takes a token and answers 0, or, if there is none, takes nothing and answers in how many milliseconds there will be one. */
  take(nowMs: number): number {
    this.#thousandths = Math.min(this.#burst, this.#thousandths + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#thousandths < TOKEN) return Math.ceil((TOKEN - this.#thousandths) / this.#perMs);
    this.#thousandths -= TOKEN;
    return 0;
  }
}
