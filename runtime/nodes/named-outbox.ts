import { runtimeError } from "../errors.ts";
import type { Pid } from "../pid.ts";
import type { Ref } from "../ref.ts";
import { Outbox } from "../shards/outbox.ts";
import type { TermHome } from "../shards/term-types.ts";
import { ownBuffer } from "./node-line.ts";

const COUNT_BYTES = 4;
const LENGTH_BYTES = 4;

/** What encoding a signal to a name asks: nobody knows yet on which shard of the other node it will be decoded. */
export interface NamedHome {
  exportPid(pid: Pid): void;
  exportRef(ref: Ref): number;
}

/**
 * Encodes signals to names on another node, each so that it stands for itself: the shard that decodes it is found by the name.
 *
 * ```text
 *   count 4 | length 4, bytes | ... | batch      the binaries beside it, then the batch of an outbox with one signal
 * ```
 */
export class NamedOutbox {
  readonly #outbox: Outbox;
  #binaries: Uint8Array[] = [];
  #written: Buffer = Buffer.alloc(0);

  constructor(home: NamedHome) {
    const terms: TermHome = {
      exportPid: (pid) => home.exportPid(pid),
      exportRef: (ref) => home.exportRef(ref),
      handInBinary: (bytes) => void this.#binaries.push(new Uint8Array(bytes)),
      pidOf: neverDecodes,
      refOf: neverDecodes,
      takeBinary: neverDecodes,
    };
    this.#outbox = new Outbox(terms, {
      hasRoom: true,
      write: (from, start, end) => {
        this.#written = Buffer.from(from.subarray(start, end));
        return end - start;
      },
    });
  }

  /** Throws ROOKERY_NOT_COPYABLE, as other signals do. */
  encode(signal: readonly unknown[]): Buffer {
    this.#binaries = [];
    this.#outbox.renew();
    this.#outbox.add(signal);
    this.#outbox.flush();
    const parts: Uint8Array[] = [uint32(this.#binaries.length)];
    for (const bytes of this.#binaries) parts.push(uint32(bytes.length), bytes);
    parts.push(this.#written);
    return Buffer.concat(parts);
  }
}

/** Throws for bytes that are no signal to a name. */
export function readNamed(bytes: Uint8Array): {
  readonly binaries: ArrayBuffer[];
  readonly batch: Uint8Array;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const binaries: ArrayBuffer[] = [];
  let at = COUNT_BYTES;
  for (let left = view.getUint32(0); left > 0; left -= 1) {
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > bytes.length) throw runtimeError("ROOKERY_NODE_BYTES", "binary data that is cut off");
    binaries.push(ownBuffer(bytes.subarray(at + LENGTH_BYTES, end)));
    at = end;
  }
  return { binaries, batch: bytes.subarray(at) };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function neverDecodes(): never {
  throw runtimeError("ROOKERY_NODE_BYTES", "an outbox that decodes");
}
