import { MessageChannel } from "node:worker_threads";
import { systemClock } from "./clock.ts";
import { drainMicrotasks } from "./microtasks.ts";
import { FifoRunQueue, type RunQueue } from "./run-queue.ts";

/** What gives the scheduler its slices. */
export interface SliceDriver {
  /** The order in which runnable processes of one priority have their turns. */
  readonly newRunQueue: () => RunQueue;
  onSlice(slice: () => void): void;
  /** Asks for one slice, soon. Mostly called once a slice. */
  request(): void;
  /** The time by which slices and turns are measured: real time, also where the processes see another. */
  nowMs(): number;
  /** Runs the promise continuations that are due; false where that can only be done by ending the slice. */
  drainMicrotasks(): boolean;
  close(): void;
}

/** After so long without a turn of the event loop, a slice is asked for through it. */
const LOOP_TURN_MS = 0.5;

/**
 * Slices as messages of a MessagePort. Not setImmediate, not a microtask: a slice that never ends is to be terminated by
 * a watchdog, and only a port's message can be unwound so without harm to Node's own stack of callbacks.
 *
 * A port hands on up to a thousand messages before it lets the event loop go on, so a slice after a slice is asked
 * for by way of setImmediate once the loop has had no turn for a while.
 */
export class PortDriver implements SliceDriver {
  readonly newRunQueue = (): RunQueue => new FifoRunQueue();
  readonly #channel = new MessageChannel();
  #slice: () => void = () => {};
  #loopTurnMs = Number.NEGATIVE_INFINITY;
  #requested = false;

  constructor() {
    this.#channel.port1.on("message", this.#onMessage);
    // A port keeps Node running only while a slice is asked for, or runs.
    this.#channel.port1.unref();
  }

  onSlice(slice: () => void): void {
    this.#slice = slice;
  }

  request(): void {
    this.#requested = true;
    this.#channel.port1.ref();
    if (this.nowMs() - this.#loopTurnMs > LOOP_TURN_MS) setImmediate(this.#onLoopTurn);
    else this.#channel.port2.postMessage(0);
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  drainMicrotasks(): boolean {
    return drainMicrotasks();
  }

  close(): void {
    this.#channel.port1.close();
  }

  #onLoopTurn = (): void => {
    this.#loopTurnMs = this.nowMs();
    this.#channel.port2.postMessage(0);
  };

  #onMessage = (): void => {
    this.#requested = false;
    // Not before the slice: of one that is terminated there is something left to do.
    try {
      this.#slice();
    } finally {
      if (!this.#requested) this.#channel.port1.unref();
    }
  };
}
