/** Where bytes for the other side go. */
export interface ByteSink {
  readonly hasRoom: boolean;
  /** Takes as much of `from[start..end)` as there is room for, and answers how many bytes that were. */
  write(from: Buffer, start: number, end: number): number;
}

/** Where those of the other side come from. */
export interface ByteSource {
  readonly isEmpty: boolean;
  /** How many bytes wait to be read. */
  readonly available: number;
  /** Moves the next `size` bytes, which must be available, to `into` at `at`. */
  read(into: Buffer, at: number, size: number): void;
}

/** What connects two shards: a ring for each direction, and a way to wake the other side. */
export interface PeerLine {
  readonly outgoing: ByteSink;
  readonly incoming: ByteSource;
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
