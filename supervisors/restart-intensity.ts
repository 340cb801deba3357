const SECOND_MS = 1_000;

/**
 * How many restarts a supervisor may make: at most `restartsMax` within `periodMs`. Time is compared in whole
 * seconds, as OTP does, so a restart counts until its second is more than the period in the past.
 */
export class RestartIntensity {
  readonly restartsMax: number;
  readonly periodMs: number;
  // Restarts of the same second are one entry: an intensity of a million in five seconds needs six.
  #seconds: { readonly second: number; restarts: number }[] = [];
  #total = 0;

  constructor(restartsMax: number, periodMs: number) {
    this.restartsMax = restartsMax;
    this.periodMs = periodMs;
  }

  /** Counts one restart at `nowMs`; false when it is one too many, and the supervisor has to give up. */
  add(nowMs: number): boolean {
    const second = Math.floor(nowMs / SECOND_MS);
    const oldest = second - this.periodMs / SECOND_MS;
    while (this.#seconds[0] !== undefined && this.#seconds[0].second < oldest) {
      this.#total -= this.#seconds[0].restarts;
      this.#seconds.shift();
    }
    const last = this.#seconds.at(-1);
    if (last?.second === second) last.restarts += 1;
    else this.#seconds.push({ second, restarts: 1 });
    this.#total += 1;
    return this.#total <= this.restartsMax;
  }
}
