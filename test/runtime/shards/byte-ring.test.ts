import { once } from "node:events";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteRing } from "../../../runtime/shards/byte-ring.ts";
import type { RingWriterTask } from "./ring-writer.ts";

/** A ring whose counters stand at `start`. */
function ringAt(capacity: number, start: number): ByteRing {
  const { memory } = new ByteRing(capacity);
  // Both counters have come that far.
  const words = new Int32Array(memory);
  words[0] = start;
  words[16] = start;
  return new ByteRing(memory);
}

describe("a ring of bytes", () => {
  test("hands on the bytes that were written, in order, for any writes and reads", () => {
    const aStep = fc.record({ write: fc.nat({ max: 40 }), read: fc.nat({ max: 40 }) });
    // Before the counters wrap around, and where they change their sign.
    const aStart = fc.constantFrom(0, 5, 2 ** 31 - 20, 2 ** 32 - 30).map((start) => start | 0);
    fc.assert(
      fc.property(
        fc.array(aStep, { maxLength: 60 }),
        aStart,
        fc.constantFrom(8, 32),
        (steps, start, size) => {
          const writer = ringAt(size, start);
          const reader = new ByteRing(writer.memory);
          let next = 0;
          const written: number[] = [];
          const read: number[] = [];
          for (const step of steps) {
            const bytes = Buffer.from(Array.from({ length: step.write + 3 }, () => next++ % 256));
            const room = size - (written.length - read.length);
            expect(writer.hasRoom).toBe(room > 0);
            const done = writer.write(bytes, 1, 1 + step.write);
            expect(done).toBe(Math.min(step.write, room));
            written.push(...bytes.subarray(1, 1 + done));
            expect(reader.available).toBe(written.length - read.length);
            expect(reader.isEmpty).toBe(written.length === read.length);
            const wanted = Math.min(step.read, reader.available);
            const into = Buffer.alloc(wanted + 2);
            reader.read(into, 1, wanted);
            read.push(...into.subarray(1, 1 + wanted));
          }
          expect(read).toEqual(written.slice(0, read.length));
        },
      ),
    );
  });

  test("lets the reader know once that the writer waits for room", () => {
    const ring = new ByteRing(8);
    expect(ring.takeWanted()).toBe(false);
    ring.wantRoom();
    expect([ring.takeWanted(), ring.takeWanted()]).toEqual([true, false]);
  });

  test("carries tens of megabytes from one thread to another", async () => {
    const bytes = 40_000_000;
    const ring = ringAt(65_536, (2 ** 32 - 1_000_000) | 0);
    const workerData: RingWriterTask = { memory: ring.memory, bytes };
    const writer = new Worker(new URL("ring-writer.ts", import.meta.url), { workerData });
    const exit = once(writer, "exit");
    const into = Buffer.alloc(100_000);
    let read = 0;
    let wrong = 0;
    for (let turn = 0; read < bytes; turn += 1) {
      // Of any size, and no more than is there.
      const size = Math.min(ring.available, 1 + ((turn * 7_919) % 90_000));
      if (size === 0) await new Promise(setImmediate);
      ring.read(into, 0, size);
      for (let at = 0; at < size; at += 1) if (into[at] !== (read + at) % 251) wrong += 1;
      read += size;
    }
    expect(wrong).toBe(0);
    expect(await exit).toEqual([0]);
    expect(ring.isEmpty).toBe(true);
  });
});
