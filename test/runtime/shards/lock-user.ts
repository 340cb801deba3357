import { parentPort, workerData } from "node:worker_threads";
import { FairLock } from "../../../runtime/shards/fair-lock.ts";

/** What a thread does with a lock that others want, too. */
export interface LockUserTask {
  readonly memory: SharedArrayBuffer;
  readonly shard: number;
  /** `count`: takes it so many times, and adds 1 to the counter each time. `hold`: takes it until it gets a message. */
  readonly mode: { readonly count: number } | "hold";
  readonly counter: Int32Array;
}

const { memory, shard, mode, counter } = workerData as LockUserTask;
const lock = new FairLock(memory, shard);

if (mode === "hold") {
  const turn = lock.acquire();
  parentPort!.postMessage("asked");
  await turn.granted;
  parentPort!.postMessage("granted");
  parentPort!.once("message", () => turn.release());
} else {
  for (let round = 0; round < mode.count; round += 1) {
    const turn = lock.acquire();
    await turn.granted;
    // Not one step: another one in here would make one of the two additions undone.
    const seen = counter[0]!;
    await Promise.resolve();
    counter[0] = seen + 1;
    turn.release();
  }
}
