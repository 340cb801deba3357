import type { Shard } from "../shard.ts";
import { Bell } from "./bell.ts";
import { ByteRing } from "./byte-ring.ts";
import { Interconnect } from "./interconnect.ts";
import { NameTable } from "./name-table.ts";
import type { PeerLine } from "./peer-line.ts";

/** Small: a ring that is full, and signals cut in the middle, shall happen in every simulation. */
const RING_BYTES = 1_024;

/** Connects shards that share one thread. */
export function connectInOneThread(shards: readonly Shard[]): void {
  if (shards.length === 1) return;
  const names = NameTable.memory({ buckets: 256, maxBytes: 2 ** 24 });
  for (const shard of shards) {
    shard.interconnect = new Interconnect(shard, new Bell(), 0);
    shard.interconnect.shareNames(new NameTable(names, shard.number));
    shard.scheduler.exchange = shard.interconnect;
  }
  for (const [index, one] of shards.entries()) {
    for (const other of shards.slice(index + 1)) {
      const [there, back] = linesBetween([one, other]);
      one.interconnect!.connect(other.number, there);
      other.interconnect!.connect(one.number, back);
      one.interconnect!.open(other.number);
      other.interconnect!.open(one.number);
    }
  }
}

/** The lines between two shards on one thread, as a simulation has them: encoded and decoded all the same. */
function linesBetween(shards: readonly [Shard, Shard]): [PeerLine, PeerLine] {
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
