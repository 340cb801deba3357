import { MessageChannel } from "node:worker_threads";
import { systemClock } from "./clock.ts";

/** What gives the scheduler its slices. */
export interface SliceDriver {
  onSlice(slice: () => void): void;
  /** Asks for one slice, soon. Called at most once a slice. */
  request(): void;
  /** The time by which slices and turns are measured: real time, also where the processes see another. */
  nowMs(): number;
  /** Runs the promise continuations that are due; false where that can only be done by ending the slice. */
  drainMicrotasks(): boolean;
  close(): void;
}

/** After so long without a turn of the event loop, a slice is asked for through it. */
const LOOP_TURN_MS = 2;

type TickCallback = (() => void) | undefined;

/**
 * Slices as messages of a MessagePort. Not setImmediate, not a microtask: a slice that never ends is to be terminated by
 * a watchdog, and only a port's message can be unwound so without harm to Node's own stack of callbacks.
 *
 * A port hands on up to a thousand messages before it lets the event loop go on, so a slice after a slice is asked
 * for by way of setImmediate once the loop has had no turn for a while.
 */
export class PortDriver implements SliceDriver {
  readonly #channel = new MessageChannel();
  #slice: () => void = () => {};
  #loopTurnMs = Number.NEGATIVE_INFINITY;
  // `process._tickCallback` is what Node itself calls after every callback from the host: it runs the next ticks and the
  // promise continuations. It is undocumented, though as old as promises in Node; without it each await of a process
  // costs a message of the port, six times as much.
  readonly #tick: TickCallback = (process as unknown as { _tickCallback?: TickCallback })._tickCallback;

  constructor() {
    this.#channel.port1.on("message", this.#onMessage);
    // A port keeps Node running only while a slice is asked for.
    this.#channel.port1.unref();
  }

  onSlice(slice: () => void): void {
    this.#slice = slice;
  }

  request(): void {
    this.#channel.port1.ref();
    if (this.nowMs() - this.#loopTurnMs > LOOP_TURN_MS) setImmediate(this.#onLoopTurn);
    else this.#channel.port2.postMessage(0);
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  drainMicrotasks(): boolean {
    if (this.#tick === undefined) return false;
    for (;;) {
      try {
        this.#tick();
        return true;
      } catch (error) {
        // Somebody's next tick threw, which is an uncaught exception. Thrown on from here, it would leave Node's stack of
        // asynchronous contexts with the tick still on it, and Node aborts on that; thrown by a microtask, it is reported
        // at once and the stack is cleared.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  close(): void {
    this.#channel.port1.close();
  }

  #onLoopTurn = (): void => {
    this.#loopTurnMs = this.nowMs();
    this.#channel.port2.postMessage(0);
  };

  #onMessage = (): void => {
    this.#channel.port1.unref();
    this.#slice();
  };
}
