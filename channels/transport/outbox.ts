import type { Duplex } from "node:stream";

/** More than this is not copied together: the stream gets the pieces, and the kernel gathers them. */
const JOIN_BYTES_MAX = 65_536;

/** However much is to be sent in one turn, no more than that is held: the stream is asked whether it is full. */
const HELD_BYTES_MAX = 1_048_576;

let dirty: Outbox[] = [];

/** After everything that is to happen in this turn of the event loop has happened, all sockets are written to. */
function flushAll(): void {
  const outboxes = dirty;
  dirty = [];
  for (const outbox of outboxes) outbox.flush();
}

/** Whose outbox it is. */
export interface OutboxOwner {
  /** Whether frames may still be written: none may after the close frame, which ws also sends on its own account. */
  readonly isOpen: boolean;
  /** More than it may waits in the stream for the other side to read. */
  overfull(): void;
}

/**
 * What is to be written to one socket. All that comes in one turn of the event loop leaves in one system call: the replies to a
 * burst of pushes, or a hundred broadcasts.
 */
export class Outbox {
  readonly #stream: Duplex;
  readonly #bytesMax: number;
  readonly #heldBytesMax: number;
  readonly #owner: OutboxOwner;
  #first: Buffer | undefined = undefined;
  #rest: Buffer[] | undefined = undefined;
  #bytes = 0;

  /** So many bytes may wait in the stream. */
  constructor(stream: Duplex, bytesMax: number, owner: OutboxOwner) {
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    this.#heldBytesMax = Math.min(bytesMax, HELD_BYTES_MAX);
    this.#owner = owner;
  }

  /** What waits for the end of this turn. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `bytes` are whole frames, and not changed any more. */
  push(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#first === undefined) {
      this.#first = bytes;
      if (dirty.push(this) === 1) setImmediate(flushAll);
    } else if (this.#rest === undefined) {
      this.#rest = [bytes];
    } else {
      this.#rest.push(bytes);
    }
    if (this.#bytes > this.#heldBytesMax) this.flush();
  }

  /** Writes what waits, now. */
  flush(): void {
    const first = this.#first;
    const rest = this.#rest;
    const size = this.#bytes;
    this.#first = undefined;
    this.#rest = undefined;
    this.#bytes = 0;
    if (first === undefined || !this.#owner.isOpen) return;
    if (rest === undefined) {
      this.#stream.write(first);
    } else if (size <= JOIN_BYTES_MAX) {
      rest.unshift(first);
      this.#stream.write(Buffer.concat(rest, size));
    } else {
      this.#stream.cork();
      this.#stream.write(first);
      for (const bytes of rest) this.#stream.write(bytes);
      this.#stream.uncork();
    }
    if (this.#stream.writableLength > this.#bytesMax) this.#owner.overfull();
  }
}
