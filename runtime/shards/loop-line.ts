import type { Shard } from "../shard.ts";
import { ByteRing } from "./byte-ring.ts";
import type { PeerLine } from "./peer-line.ts";

/** Small: a ring that is full, and signals cut in the middle, shall happen in every simulation. */
const RING_BYTES = 1_024;

/** The lines between two shards on one thread, as a simulation has them: encoded and decoded all the same. */
export function linesBetween(shards: readonly [Shard, Shard]): [PeerLine, PeerLine] {
  const rings = [new ByteRing(RING_BYTES), new ByteRing(RING_BYTES)] as const;
  const binaries: [ArrayBuffer[], ArrayBuffer[]] = [[], []];
  const line = (end: 0 | 1): PeerLine => {
    const other = end === 0 ? 1 : 0;
    const wake = (): void => shards[other].scheduler.want();
    return {
      get load() {
        return shards[other].processCount;
      },
      outgoing: rings[end],
      incoming: rings[other],
      wake,
      handInBinary: (bytes) => binaries[end].push(bytes),
      takeBinary: () => binaries[other].shift()!,
      wantRoom: () => rings[end].wantRoom(),
      madeRoom: () => {
        if (rings[other].takeWanted()) wake();
      },
      close: () => {},
    };
  };
  return [line(0), line(1)];
}
