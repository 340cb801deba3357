import type { Duplex } from "node:stream";
import { lastRead, READ_AHEAD_COUNT } from "../read-ahead.ts";

/** More than this is not copied together: the stream gets the pieces, and the kernel gathers them. */
const JOIN_BYTES_MAX = 65_536;

/** However much is to be sent in one turn, no more than that is held: the stream is asked whether it is full. */
const HELD_BYTES_MAX = 1_048_576;

// Who has something to write in this turn, and what each of them: a frame, or several. Not in the outboxes themselves, which are old: V8
// would have to take down of each that it refers to something as young as a frame.
let holders: Outbox[] = [];
let held: (Buffer | Buffer[])[] = [];
let flushed = 0;

/** After everything that is to happen in this turn of the event loop has happened, all sockets are written to. */
function flushAll(): void {
  try {
    while (flushed < holders.length) {
      if (flushed % READ_AHEAD_COUNT === 0) readOutboxes();
      flushed += 1;
      holders[flushed - 1]!.flush();
    }
  } finally {
    // An owner may throw where it is told that it is full.
    if (flushed < holders.length) {
      setImmediate(flushAll);
    } else {
      holders = [];
      held = [];
      flushed = 0;
    }
  }
}

/** See `READ_AHEAD_COUNT`. */
function readOutboxes(): void {
  const end = Math.min(flushed + READ_AHEAD_COUNT, holders.length);
  let sum = 0;
  for (let at = flushed; at < end; at += 1) {
    const { isOpen, stream } = holders[at]!;
    if (isOpen) sum += stream.writableLength;
  }
  lastRead.sum = sum;
}

/**
 * What is to be written to one socket. All that comes in one turn of the event loop leaves in one system call: the replies to a
 * burst of pushes, or a hundred broadcasts. Extended by who owns the socket: with thousands of them each object counts.
 */
export abstract class Outbox {
  readonly stream: Duplex;
  /** More than this in the stream, and something has to be done. It is enough for the stream to say when it is empty again. */
  protected readonly streamBytesMax: number;
  readonly #heldBytesMax: number;
  #heldAt = 0;
  #heldBytes = 0;

  constructor(stream: Duplex, streamBytesMax: number) {
    this.stream = stream;
    this.streamBytesMax = streamBytesMax;
    this.#heldBytesMax = Math.min(streamBytesMax, HELD_BYTES_MAX);
  }

  /** Whether frames may still be written: none may after the close frame, which ws also sends on its own account. */
  abstract readonly isOpen: boolean;

  /** More than it may waits in the stream for the other side to read. */
  protected abstract overfull(): void;

  /** What waits for the end of this turn. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether so many bytes more may wait for the end of this turn. */
  protected mayHold(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#heldBytesMax;
  }

  /** `bytes` are whole frames, and not changed any more. */
  hold(bytes: Buffer): void {
    if (this.#heldBytes === 0) {
      // In this order: who is terminated in between must not leave lists behind that nobody flushes, or that don't go together.
      const at = holders.length;
      if (at === 0) setImmediate(flushAll);
      held[at] = bytes;
      holders[at] = this;
      this.#heldAt = at;
    } else {
      const before = held[this.#heldAt]!;
      if (Array.isArray(before)) before.push(bytes);
      else held[this.#heldAt] = [before, bytes];
    }
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#heldBytesMax) this.flush();
  }

  /** Writes what waits, now. */
  flush(): void {
    const size = this.#heldBytes;
    if (size === 0) return;
    this.#heldBytes = 0;
    if (!this.isOpen) return;
    const { stream } = this;
    const bytes = held[this.#heldAt]!;
    if (!Array.isArray(bytes)) {
      stream.write(bytes);
    } else if (size <= JOIN_BYTES_MAX) {
      stream.write(Buffer.concat(bytes, size));
    } else {
      stream.cork();
      for (const piece of bytes) stream.write(piece);
      stream.uncork();
    }
    if (stream.writableLength > this.streamBytesMax) this.overfull();
  }
}
