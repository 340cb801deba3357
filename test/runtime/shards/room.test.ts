import { expect, test } from "vitest";
import { simulate } from "../../../runtime/testing.ts";
import { ByteRing } from "../../../runtime/shards/byte-ring.ts";
import type { PeerLine } from "../../../runtime/shards/peer-line.ts";

const RING_BYTES = 1_024;
const MESSAGE_LENGTH = 100 * RING_BYTES;
const OTHER = 9;

test("a wish for room that is granted before the writer has looked again is made again for what still waits", async () => {
  await using simulation = await simulate({ seed: 1, shards: 2 });
  const { shard } = simulation.runtime;
  const outgoing = new ByteRing(RING_BYTES);
  let taken = 0;
  const line: PeerLine = {
    outgoing,
    incoming: new ByteRing(RING_BYTES),
    load: 0,
    wake: () => {},
    wantRoom() {
      outgoing.wantRoom();
      // The reader is quick, each time: it empties the ring and has taken the wish before the writer looks again.
      taken += outgoing.available;
      outgoing.read(Buffer.alloc(RING_BYTES), 0, outgoing.available);
      outgoing.takeWanted();
    },
    madeRoom: () => {},
    handInBinary: () => {},
    takeBinary: () => new ArrayBuffer(0),
    close: () => {},
  };
  shard.interconnect!.connect(OTHER, line);
  simulation.runtime.send(shard.interconnect!.pidOf(OTHER, 1, false, true), "x".repeat(MESSAGE_LENGTH));
  await simulation.settle();
  expect(taken + outgoing.available).toBeGreaterThan(MESSAGE_LENGTH);
});
