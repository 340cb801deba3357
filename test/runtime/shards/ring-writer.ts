import { workerData } from "node:worker_threads";
import { ByteRing } from "../../../runtime/shards/byte-ring.ts";

/** What a thread writes into a ring: so many bytes, each its place modulo 251. */
export interface RingWriterTask {
  readonly memory: SharedArrayBuffer;
  readonly bytes: number;
}

const { memory, bytes } = workerData as RingWriterTask;
const ring = new ByteRing(memory);
const PATTERN = 251;
const from = Buffer.from(Array.from({ length: PATTERN * 400 }, (_, at) => at % PATTERN));

for (let written = 0, turn = 0; written < bytes; turn += 1) {
  const start = written % PATTERN;
  const size = Math.min(bytes - written, 1 + ((turn * 6_007) % 80_000), from.length - start);
  written += ring.write(from, start, start + size);
}
