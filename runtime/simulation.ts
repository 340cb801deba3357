import { expectBoolean, expectDuration, expectOptions } from "./argument.ts";
import { RookeryError, runtimeError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { drainMicrotasks } from "./microtasks.ts";
import type { Process } from "./process.ts";
import { FifoRunQueue, type RunQueue } from "./run-queue.ts";
import { Runtime } from "./runtime.ts";
import { SeededRandom } from "./seeded-random.ts";
import { connectInOneThread } from "./shards/loop-line.ts";
import type { SliceDriver } from "./slice-driver.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface SimulationOptions {
  /** Decides the order of turns and every other chance. The same seed gives the same run, message by message. */
  readonly seed: number;
  readonly logger?: Logger;
  /** Takes processes in the order in which they became runnable, instead of a random one. Default: false. */
  readonly inOrder?: boolean;
  /** So many shards, connected as threads are, though all on this one. Default: 1. */
  readonly shards?: number;
}

/** Turns of the event loop with nothing to run after which everything waits. */
const IDLE_TURNS = 2;
/** What a slice believes has passed between two looks at the clock: its turns are one message long, so that they interleave. */
const LOOK_MS = 0.6;

/** The same on every machine, for what depends on it shall be, too. */
const CORES = 4;

/** Any of the runnable processes, by the seed. Signals stay in order all the same: they stand in their receiver's mailbox. */
class ShuffledRunQueue implements RunQueue {
  readonly #random: SeededRandom;
  readonly #processes: Process[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get length(): number {
    return this.#processes.length;
  }

  push(process: Process): void {
    this.#processes.push(process);
  }

  shift(): Process | undefined {
    const last = this.#processes.pop();
    const at = this.#random.below(this.#processes.length + 1);
    if (last === undefined || at === this.#processes.length) return last;
    const chosen = this.#processes[at];
    this.#processes[at] = last;
    return chosen;
  }
}

/** Slices only when the simulation wants them. */
class SimulatedDriver implements SliceDriver {
  readonly newRunQueue: () => RunQueue;
  #run: () => void = () => {};
  #requested = false;
  #nowMs = 0;

  constructor(random: SeededRandom | undefined) {
    this.newRunQueue = () => (random === undefined ? new FifoRunQueue() : new ShuffledRunQueue(random));
  }

  onSlice(slice: () => void): void {
    this.#run = slice;
  }

  request(): void {
    this.#requested = true;
  }

  nowMs(): number {
    this.#nowMs += LOOK_MS;
    return this.#nowMs;
  }

  drainMicrotasks(): boolean {
    return drainMicrotasks();
  }

  close(): void {
    this.#requested = false;
    this.#run = () => {};
  }

  get isRequested(): boolean {
    return this.#requested;
  }

  /** Runs the slice that was asked for. */
  run(): void {
    this.#requested = false;
    this.#run();
  }
}

/** A failure of a run, as an error that says how to repeat it. */
export function withSeed(seed: number, failure: unknown): Error {
  if (failure instanceof RookeryError && failure.code === "ROOKERY_SIMULATION") return failure;
  const error = runtimeError("ROOKERY_SIMULATION", seed, failure);
  error.cause = failure;
  return error;
}

/** A runtime whose time, chance and order are decided by a seed. Made by `simulate`. */
export class Simulation implements AsyncDisposable {
  readonly seed: number;
  /** That of the first shard. */
  readonly runtime: Runtime;
  /** One a shard. */
  readonly runtimes: readonly Runtime[];
  readonly clock: VirtualClock;
  readonly #random: SeededRandom | undefined;
  readonly #drivers: readonly SimulatedDriver[];

  /** @internal */
  constructor(
    seed: number,
    runtimes: readonly Runtime[],
    clock: VirtualClock,
    random: SeededRandom | undefined,
    drivers: readonly SimulatedDriver[],
  ) {
    this.seed = seed;
    this.runtime = runtimes[0]!;
    this.runtimes = runtimes;
    this.clock = clock;
    this.#random = random;
    this.#drivers = drivers;
  }

  /** Runs until every process waits for a message or for time to pass. Rejects, naming the seed, if something fails outside of processes. */
  settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      let idle = 0;
      // In a callback of the host, not after an await: only there can slices run promise continuations themselves.
      const turn = (): void => {
        try {
          idle = this.#run() ? 0 : idle + 1;
        } catch (failure) {
          return reject(withSeed(this.seed, failure));
        }
        if (idle >= IDLE_TURNS) resolve();
        else setImmediate(turn);
      };
      turn();
    });
  }

  /** Runs the slices that were asked for, those of several shards in any order; false if there was none. */
  #run(): boolean {
    for (let any = false; ; any = true) {
      const wanted = this.#drivers.filter((driver) => driver.isRequested);
      if (wanted.length === 0) return any;
      wanted[this.#random?.below(wanted.length) ?? 0]!.run();
    }
  }

  /** Lets `ms` pass. Whatever becomes due is done at its time, and has settled before time goes on. Rejects as `settle` does. */
  async advance(ms: number): Promise<void> {
    expectDuration(ms);
    try {
      await this.#pass(ms);
    } catch (failure) {
      throw withSeed(this.seed, failure);
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.settle();
    const endMs = this.clock.nowMs() + ms;
    for (
      let next = this.clock.nextTimerMs();
      next !== undefined && next <= endMs;
      next = this.clock.nextTimerMs()
    ) {
      this.clock.advance(next - this.clock.nowMs());
      await this.settle();
    }
    this.clock.advance(endMs - this.clock.nowMs());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const runtime of this.runtimes) await runtime.shutdown();
  }
}

/**
 * Starts a runtime on a virtual clock, with seeded chance and a seeded order of turns: for tests that need no sleep and
 * whose every run can be repeated.
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  expectOptions("simulate", ["seed", "logger", "inOrder", "shards"], options);
  if (!Number.isSafeInteger(options.seed))
    throw runtimeError("ROOKERY_BADARG", "an integer as the seed of a simulation", options.seed);
  if (options.inOrder !== undefined) expectBoolean("as inOrder", options.inOrder);
  const random = new SeededRandom(options.seed);
  const clock = new VirtualClock();
  const order = options.inOrder === true ? undefined : random;
  const drivers = Array.from({ length: options.shards ?? 1 }, () => new SimulatedDriver(order));
  const runtimes = await Promise.all(
    drivers.map((driver, shard) =>
      Runtime.start({
        shard,
        clock,
        random,
        driver,
        freezeMessages: true,
        cores: CORES,
        ...(options.logger === undefined ? {} : { logger: options.logger }),
      }),
    ),
  );
  connectInOneThread(runtimes.map(({ shard }) => shard));
  return new Simulation(options.seed, runtimes, clock, order, drivers);
}
