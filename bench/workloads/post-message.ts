import { Worker } from "node:worker_threads";
import { rate } from "./rate.ts";
import type { Workload } from "./workload.ts";

const ITEMS = 200_000;
const WINDOW = 1_000;
const CREDIT = 500;

const RECEIVER = `
  const { parentPort } = require("node:worker_threads");
  let taken = 0;
  parentPort.on("message", () => { taken += 1; if (taken % ${CREDIT} === 0) parentPort.postMessage("credit"); });
`;

/** What the streams between shards are measured against: a message of a port for each item. */
export const run: Workload = async () => {
  const worker = new Worker(RECEIVER, { eval: true });
  const figure = await rate(
    ITEMS,
    () =>
      new Promise<void>((resolve) => {
        let sent = 0;
        let credits = 0;
        const send = (count: number): void => {
          for (let left = count; left > 0 && sent < ITEMS; left -= 1) {
            worker.postMessage({ item: sent });
            sent += 1;
          }
        };
        worker.on("message", () => {
          credits += 1;
          if (credits * CREDIT === ITEMS) resolve();
          else send(CREDIT);
        });
        send(WINDOW);
      }),
  );
  await worker.terminate();
  return figure;
};
