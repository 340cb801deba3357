import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type CallResult,
  GenServer,
  ok,
  type Ok,
  reply,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { callFor, startChildServerFor } from "../../runtime/internal.ts";
import { Pulse } from "../../runtime/pulse.ts";

/** What the watchdog's thread does once it has condemned a turn, but that it thinks better of it. Answers whether anybody was told before. */
const PARDON = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData.pulse).then(({ Pulse }) => {
    parentPort.on("message", () => {
      // The turn must come as far as it can. The longer this is, the surer a turn that tells too early is seen.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      const told = Atomics.load(new Int32Array(workerData.told), 0);
      new Pulse(workerData.memory).pardon();
      parentPort.postMessage(told);
    });
    parentPort.postMessage("ready");
  });
`;

let condemned: () => void = () => {};

/** Is condemned in the callback that its argument names. */
class Condemned extends GenServer<undefined, "ask"> {
  init(where: "init" | "handleCall"): Ok<undefined> {
    if (where === "init") condemned();
    return ok(undefined);
  }
  override handleCall(): CallResult {
    condemned();
    return reply("answered");
  }
}

let runtime: Runtime;
let worker: Worker;
const told = new SharedArrayBuffer(4);
beforeEach(async () => {
  runtime = await Runtime.start({ logger: silentLogger });
  const { memory } = runtime.shard.scheduler.pulse;
  const pulse = new URL("../../runtime/pulse.ts", import.meta.url).href;
  worker = new Worker(PARDON, { eval: true, workerData: { memory, pulse, told } });
  await once(worker, "message");
  Atomics.store(new Int32Array(told), 0, 0);
  condemned = () => {
    const watchdog = new Pulse(memory);
    watchdog.condemn(watchdog.turn);
    worker.postMessage("condemned");
  };
});
afterEach(async () => {
  await worker.terminate();
  await runtime.shutdown();
});

const waiter = {
  resolve: () => void Atomics.store(new Int32Array(told), 0, 1),
  reject: () => {},
};

test("a turn that is about to be terminated answers no call any more, unless it is pardoned", async () => {
  const pid = await runtime.start(Condemned, "handleCall");
  callFor(waiter, runtime, pid, "ask", 5_000);
  const [before] = (await once(worker, "message")) as [number];
  expect(before).toBe(0);
  expect(Atomics.load(new Int32Array(told), 0)).toBe(1);
});

test("a turn that is about to be terminated has not started, unless it is pardoned", async () => {
  startChildServerFor(waiter, runtime, Condemned, "init", undefined);
  const [before] = (await once(worker, "message")) as [number];
  expect(before).toBe(0);
  expect(Atomics.load(new Int32Array(told), 0)).toBe(1);
});
