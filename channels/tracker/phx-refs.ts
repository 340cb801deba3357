import { Buffer } from "node:buffer";
import type { Clock, Random } from "../../runtime/index.ts";

const NS_PER_MS = 1_000_000n;

/**
 * Makes the references that name metas: 12 bytes, which are 16 characters in base64url. The first eight are a time in
 * nanoseconds that never stands still, the last four tell apart two that make references at the same time.
 */
export class PhxRefs {
  readonly #clock: Clock;
  readonly #bytes = Buffer.alloc(12);
  #lastNs = 0n;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#bytes.writeUInt32BE(Math.floor(random.next() * 0x1_0000_0000), 8);
  }

  next(): string {
    const nowNs = BigInt(Math.floor(this.#clock.systemTimeMs())) * NS_PER_MS;
    this.#lastNs = nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n;
    this.#bytes.writeBigUInt64BE(this.#lastNs, 0);
    return this.#bytes.toString("base64url");
  }
}
