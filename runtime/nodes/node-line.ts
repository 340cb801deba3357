import { runtimeError } from "../errors.ts";
import { RENEWED } from "../shards/outbox.ts";
import type { ByteSink, ByteSource, PeerLine } from "../shards/peer-line.ts";

const BATCH_HEAD_BYTES = 4;

/** Takes what is for one shard of another node to the connection. */
export interface NodeLineEnd {
  signals(bytes: Uint8Array): void;
  binary(bytes: Uint8Array): void;
}

/** Bytes that have come, to be read as from a ring. */
export class ArrivedBytes implements ByteSource {
  #bytes: Uint8Array = new Uint8Array(0);
  #read = 0;

  put(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#read = 0;
  }

  get isEmpty(): boolean {
    return this.available === 0;
  }

  get available(): number {
    return this.#bytes.length - this.#read;
  }

  read(into: Uint8Array, at: number, size: number): void {
    into.set(this.#bytes.subarray(this.#read, this.#read + size), at);
    this.#read += size;
  }
}

/** The line to a shard of another node. It always has room: who is too far behind is not connected any more. */
export class NodeLine implements PeerLine {
  readonly outgoing: ByteSink;
  readonly incoming: ArrivedBytes = new ArrivedBytes();
  readonly load = 0;
  readonly #end: NodeLineEnd;
  readonly #binaries: ArrayBuffer[] = [];

  constructor(end: NodeLineEnd) {
    this.#end = end;
    this.outgoing = {
      hasRoom: true,
      write: (from, start, upTo) => {
        end.signals(from.subarray(start, upTo));
        return upTo - start;
      },
    };
  }

  wake(): void {}

  handInBinary(bytes: ArrayBuffer): void {
    this.#end.binary(new Uint8Array(bytes));
  }

  putBinary(bytes: Uint8Array): void {
    this.#binaries.push(ownBuffer(bytes));
  }

  takeBinary(): ArrayBuffer {
    const bytes = this.#binaries.shift();
    if (bytes === undefined) throw runtimeError("ROOKERY_NODE_BYTES", "binary data that has not come");
    return bytes;
  }

  wantRoom(): void {}

  madeRoom(): void {}

  close(): void {
    this.#binaries.length = 0;
  }
}

/** A buffer that has these bytes alone. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  // Not `bytes.slice`: that of a Buffer shares the memory.
  return Uint8Array.prototype.slice.call(bytes).buffer;
}

/** Throws unless `bytes` are batches of an outbox, each of them whole. */
export function expectBatches(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) at += BATCH_HEAD_BYTES + ((view.getUint32(at, true) & ~RENEWED) >>> 0);
  if (at !== bytes.length) throw runtimeError("ROOKERY_NODE_BYTES", "a batch that is cut off");
}
