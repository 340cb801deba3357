import type { ByteRing } from "./byte-ring.ts";

/** What connects two shards: a ring for each direction, and a way to wake the other side. */
export interface PeerLine {
  readonly outgoing: ByteRing;
  readonly incoming: ByteRing;
  /** Wakes the other side if it sleeps: there is something to read for it, or room again. */
  wake(): void;
  /** How many processes live on the other side. */
  readonly load: number;
  /** Hands over binary data that does not go through the ring. It is there before the signal that it belongs to. */
  handInBinary(bytes: ArrayBuffer): void;
  takeBinary(): ArrayBuffer;
  /** Asks to be woken as soon as the other side has made room. */
  wantRoom(): void;
  /** Something was read: wakes the other side if it waits for room. */
  madeRoom(): void;
  close(): void;
}
