import { parentPort, workerData } from "node:worker_threads";
import { NameTable } from "../../../runtime/shards/name-table.ts";

/** What a thread does that claims names beside others. */
export interface ClaimerTask {
  readonly memory: SharedArrayBuffer;
  readonly shard: number;
  readonly names: readonly string[];
  /** `once`: claims each name and tells which it got. `forever`: claims and releases them, and tells that it began. */
  readonly mode: "once" | "forever";
  /** One word: counts those who are ready; all begin when it is `ready`. */
  readonly barrier: Int32Array;
  readonly ready: number;
}

const { memory, shard, names, mode, barrier, ready } = workerData as ClaimerTask;
const table = new NameTable(memory, shard);

Atomics.add(barrier, 0, 1);
Atomics.notify(barrier, 0);
for (let seen = Atomics.load(barrier, 0); seen < ready; seen = Atomics.load(barrier, 0)) {
  Atomics.wait(barrier, 0, seen);
}

if (mode === "once") {
  parentPort!.postMessage(names.filter((name, id) => table.claim(name, shard, id) === undefined));
} else {
  for (;;) {
    for (const [id, name] of names.entries()) {
      table.claim(name, shard, id);
      if (id % 3 !== 0) table.release(name, shard, id);
    }
  }
}
