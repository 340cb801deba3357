import { expect, test } from "vitest";
import { FifoRunQueue } from "../../runtime/run-queue.ts";
import { Scheduler } from "../../runtime/scheduler.ts";
import type { SliceDriver } from "../../runtime/slice-driver.ts";

/** Never gives a slice: what asks for one is cut off, as by a termination that comes too late. */
class LosingDriver implements SliceDriver {
  requests = 0;
  readonly newRunQueue = () => new FifoRunQueue();
  onSlice(): void {}
  request(): void {
    this.requests += 1;
  }
  nowMs(): number {
    return 0;
  }
  drainMicrotasks(): boolean {
    return true;
  }
  close(): void {}
}

test("a slice that was asked for and never came is asked for again with each beat of the watchdog", () => {
  const driver = new LosingDriver();
  const scheduler = new Scheduler(driver);
  scheduler.want();
  scheduler.want();
  expect(driver.requests).toBe(1);
  scheduler.recover();
  scheduler.recover();
  expect(driver.requests).toBe(3);
});
