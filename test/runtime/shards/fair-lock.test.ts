import { execFile } from "node:child_process";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FairLock } from "../../../runtime/shards/fair-lock.ts";
import { SHARDS_MAX } from "../../../runtime/shards/shard-setup.ts";
import type { LockUserTask } from "./lock-user.ts";

let memory: SharedArrayBuffer;
let lock: FairLock;
let counter: Int32Array;
let workers: Worker[];

beforeEach(() => {
  memory = FairLock.memory(5);
  lock = new FairLock(memory, 0);
  counter = new Int32Array(new SharedArrayBuffer(4));
  workers = [];
});

afterEach(() => Promise.all(workers.map((worker) => worker.terminate())));

function user(shard: number, mode: LockUserTask["mode"]): Worker {
  const workerData: LockUserTask = { memory, shard, mode, counter };
  const worker = new Worker(new URL("lock-user.ts", import.meta.url), { workerData });
  workers.push(worker);
  return worker;
}

/** A thread that has asked for the lock. `granted` is its number, when it has got it. */
async function asking(shard: number): Promise<{ worker: Worker; granted: Promise<number> }> {
  const worker = user(shard, "hold");
  const asked = once(worker, "message");
  const granted = asked.then(() => once(worker, "message")).then(() => shard);
  await asked;
  return { worker, granted };
}

describe("a fair lock", () => {
  test("is granted at once while nobody has it", async () => {
    const turn = lock.acquire();
    expect(turn.held).toBe(true);
    await turn.granted;
    turn.release();
    expect(turn.held).toBe(false);
    expect(lock.acquire().held).toBe(true);
  });

  test("lets one thread in at a time", async () => {
    const threads = [1, 2, 3, 4].map((shard) => user(shard, { count: 500 }));
    await Promise.all(threads.map((thread) => once(thread, "exit")));
    expect(counter[0]).toBe(2_000);
  });

  test("is granted in the order in which threads asked for it", async () => {
    const turn = lock.acquire();
    const order: number[] = [];
    const all = [];
    for (const shard of [3, 1, 4, 2]) {
      const { worker, granted } = await asking(shard);
      all.push(granted.then((number) => (order.push(number), worker.postMessage("release"))));
    }
    turn.release();
    await Promise.all(all);
    expect(order).toEqual([3, 1, 4, 2]);
  });

  test("serves those of one shard in order, and other shards in between", async () => {
    const first = lock.acquire();
    const { worker, granted } = await asking(1);
    const [second, third] = [lock.acquire(), lock.acquire()];
    first.release();
    await granted;
    expect([second.held, third.held]).toEqual([false, false]);
    worker.postMessage("release");
    await second.granted;
    expect(third.held).toBe(false);
    second.release();
    await third.granted;
  });

  test("tells whether others wait for it, on this shard or on another", async () => {
    const first = lock.acquire();
    expect(lock.isWanted).toBe(false);
    const second = lock.acquire();
    expect(lock.isWanted).toBe(true);
    second.release();
    expect(lock.isWanted).toBe(false);
    const { granted } = await asking(1);
    expect(lock.isWanted).toBe(true);
    first.release();
    await granted;
    expect(lock.isWanted).toBe(false);
  });

  test("passes by who has given up its place", async () => {
    const { worker, granted } = await asking(1);
    await granted;
    const [first, second, third] = [lock.acquire(), lock.acquire(), lock.acquire()];
    second.release();
    first.release();
    first.release();
    worker.postMessage("release");
    await third.granted;
    expect([first.held, second.held]).toEqual([false, false]);
  });
});

describe("a thread that dies", () => {
  test("leaves its place to the shard that is started instead, of which it is another", async () => {
    new FairLock(memory, 1).acquire();
    const turn = lock.acquire();
    lock.abandon(1);
    const next = new FairLock(memory, 1 + SHARDS_MAX).acquire();
    await turn.granted;
    turn.release();
    await next.granted;
    lock.abandon(1 + SHARDS_MAX);
    expect(lock.acquire().held).toBe(true);
  });

  test("loses the lock that it holds", async () => {
    const { worker, granted } = await asking(1);
    await granted;
    const turn = lock.acquire();
    await worker.terminate();
    expect(turn.held).toBe(false);
    lock.abandon(1);
    await turn.granted;
  });

  test("loses its place in the queue, and nobody else does", async () => {
    const turn = lock.acquire();
    const [one, two, three] = [await asking(1), await asking(2), await asking(3)];
    await two.worker.terminate();
    lock.abandon(2);
    turn.release();
    await one.granted;
    one.worker.postMessage("release");
    await three.granted;
  });

  test("in the middle of taking and giving it back leaves it usable", async () => {
    for (let round = 0; round < 10; round += 1) {
      const [dies, lives] = [user(1, { count: 1e9 }), user(2, { count: 2_000 })];
      const done = once(lives, "exit");
      // Until both are at it, and then for a different while in each round.
      while (Atomics.load(counter, 0) < 50 * (round + 1)) await setImmediate();
      await dies.terminate();
      lock.abandon(1);
      await done;
      const turn = lock.acquire();
      await turn.granted;
      turn.release();
      counter[0] = 0;
    }
  });
});

test("waiting for a lock keeps Node running, and nothing else about it does", async () => {
  const program = `
    import { FairLock } from ${JSON.stringify(new URL("../../../runtime/shards/fair-lock.ts", import.meta.url))};
    import { Worker } from "node:worker_threads";
    const lock = new FairLock(FairLock.memory(3), 0);
    async function held(shard) {
      const workerData = { memory: lock.memory, shard, mode: "hold" };
      const url = new URL(${JSON.stringify(new URL("lock-user.ts", import.meta.url))});
      const holder = new Worker(url, { workerData, execArgv: [] });
      await new Promise((resolve) => holder.on("message", (message) => message === "granted" && resolve()));
      holder.unref();
      holder.removeAllListeners();
      return holder;
    }
    const holder = await held(1);
    const turn = lock.acquire();
    holder.postMessage("release");
    await turn.granted;
    turn.release();
    await held(2);
    lock.acquire().release();
    console.log("exits");
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout).toBe("exits\n");
});
