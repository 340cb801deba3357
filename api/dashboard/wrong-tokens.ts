import { normalizeIP } from "@fastify/rate-limit";
import type { Clock } from "../../runtime/index.ts";
import { WindowCounts } from "../rate-limit/window-counts.ts";

/** After so many within a minute, nothing that comes from the same address is looked at. */
const WRONG_MAX = 10;
const WINDOW_MS = 60_000;
/** More addresses are not kept: those whose minute ends next are forgotten. */
const ADDRESSES_MAX = 10_000;
/** What a trusted proxy says need not be an address. */
const ADDRESS_LENGTH_MAX = 100;
const MS_PER_S = 1_000;

/** Who has shown wrong tokens, by address. */
export class WrongTokens {
  readonly #clock: Clock;
  readonly #counts = new WindowCounts(WINDOW_MS, ADDRESSES_MAX);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In how many seconds a token of that address is looked at again; undefined if now. */
  waitS(address: string): number | undefined {
    const { current, ttl } = this.#counts.now(keyOf(address), this.#clock.nowMs());
    return current < WRONG_MAX ? undefined : Math.ceil(ttl / MS_PER_S);
  }

  add(address: string): void {
    this.#counts.hit(keyOf(address), this.#clock.nowMs());
  }
}

function keyOf(address: string): string {
  return normalizeIP(address.slice(0, ADDRESS_LENGTH_MAX));
}
