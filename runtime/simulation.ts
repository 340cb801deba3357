import { expectBoolean, expectDuration, expectOptions } from "./argument.ts";
import { RookeryError, runtimeError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { drainMicrotasks } from "./microtasks.ts";
import type { NodeCarrier } from "./nodes/node-carrier.ts";
import type { Process } from "./process.ts";
import { FifoRunQueue, type RunQueue } from "./run-queue.ts";
import { Runtime } from "./runtime.ts";
import { SeededRandom } from "./seeded-random.ts";
import { LoopShards } from "./shards/loop-shards.ts";
import { SHARDS_MAX } from "./shards/shard-setup.ts";
import type { SliceDriver } from "./slice-driver.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a simulated runtime is made of, and what decides its chances. */
export interface SimulationOptions {
  /** Decides the order of turns and every other chance. The same seed gives the same run, message by message. */
  readonly seed: number;
  readonly logger?: Logger;
  /** Takes processes in the order in which they became runnable, instead of a random one. Default: false. */
  readonly inOrder?: boolean;
  /** So many shards, connected as threads are, though all on this one. Default: 1. */
  readonly shards?: number;
  /** The name of the node that it is. */
  readonly node?: string;
  /** What connects it with the nodes of other simulations: see `LoopNodes`. */
  readonly nodes?: NodeCarrier;
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

interface StartedShard {
  readonly runtime: Runtime;
  readonly driver: SimulatedDriver;
}

type StartShard = (number: number) => Promise<StartedShard>;

/** Something to be done between two turns. */
interface Interruption {
  readonly afterTurn: number;
  readonly act: () => void;
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
  /** One a shard: of one that was lost and started again, the new one. */
  readonly runtimes: readonly Runtime[];
  readonly clock: VirtualClock;
  readonly #random: SeededRandom | undefined;
  readonly #drivers: SimulatedDriver[];
  readonly #start: StartShard;
  readonly #shards: LoopShards | undefined;
  /** So many slices were run, and orders between shards carried out. */
  #turns = 0;
  /** So many times somebody lets time pass just now. */
  #passes = 0;
  readonly #interruptions = new Set<Interruption>();

  /** @internal */
  constructor(
    seed: number,
    runtimes: readonly Runtime[],
    clock: VirtualClock,
    random: SeededRandom | undefined,
    drivers: SimulatedDriver[],
    start: StartShard,
  ) {
    this.seed = seed;
    this.runtime = runtimes[0]!;
    this.runtimes = runtimes;
    this.clock = clock;
    this.#random = random;
    this.#drivers = drivers;
    this.#start = start;
    this.#shards = runtimes.length === 1 ? undefined : new LoopShards(runtimes.map(({ shard }) => shard));
  }

  /**
   * The shard with that place is gone from one moment to the next, as if its thread had died: nothing of it runs any more, and the
   * others hear of it each at another time. Throws ROOKERY_BADARG for the first shard, and for one that is not there.
   */
  loseShard(place: number): void {
    const runtime = this.runtimes[place];
    if (place === 0 || runtime === undefined || this.#shards?.has(runtime.shard.number) !== true)
      throw runtimeError("ROOKERY_BADARG", "the place of a shard that runs, other than the first", place);
    this.#shards.lose(runtime.shard.number);
  }

  /** Starts a shard that was lost anew, without anything that was there. The others hear of it as the simulation goes on. */
  async startShard(place: number): Promise<void> {
    const runtime = this.runtimes[place];
    if (runtime === undefined || this.#shards?.has(runtime.shard.number) !== false)
      throw runtimeError("ROOKERY_BADARG", "the place of a shard that was lost", place);
    const { runtime: started, driver } = await this.#start(runtime.shard.number + SHARDS_MAX);
    this.#drivers[place] = driver;
    (this.runtimes as Runtime[])[place] = started;
    this.#shards.add(started.shard);
  }

  /** @internal Whether the shard with that place runs; the others may not have heard yet that it does, or does not. */
  hasShard(place: number): boolean {
    const runtime = this.runtimes[place];
    return runtime !== undefined && (place === 0 || this.#shards?.has(runtime.shard.number) === true);
  }

  /**
   * @internal Calls `act` when so many turns have been taken from now on, with others still to come: in the midst of work. Answers what takes
   * it back.
   */
  afterTurns(turns: number, act: () => void): () => void {
    const interruption = { afterTurn: this.#turns + turns, act };
    this.#interruptions.add(interruption);
    return () => void this.#interruptions.delete(interruption);
  }

  /** Runs until every process waits for a message or for time to pass. Rejects, naming the seed, if something fails outside of processes. */
  settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      let idle = 0;
      // In a callback of the host, not after an await: only there can slices run promise continuations themselves. Elsewhere Node would
      // also call rejections unhandled for which a continuation that is due has a handler.
      const turn = (): void => {
        try {
          idle = this.#run() || this.#isLoading ? 0 : idle + 1;
        } catch (failure) {
          return reject(withSeed(this.seed, failure));
        }
        if (idle >= IDLE_TURNS) resolve();
        else setImmediate(turn);
      };
      setImmediate(turn);
    });
  }

  /**
   * Does `work`, which waits for processes, and settles until it is done: starts a tree, calls a server. Rejects if it still waits then,
   * which only time could change: `work` may let that pass by `advance`.
   */
  async run<Value>(work: (runtime: Runtime) => Promise<Value>): Promise<Value> {
    let isDone = false;
    const result = work(this.runtime).finally(() => {
      isDone = true;
    });
    await Promise.race([this.settle(), result]);
    // What it does may let time pass itself.
    for (let isPassing = true; !isDone && isPassing;) {
      isPassing = this.#passes > 0;
      await this.settle();
    }
    if (!isDone) throw withSeed(this.seed, new Error("it waits for time to pass"));
    return result;
  }

  get #isLoading(): boolean {
    return this.runtimes.some(
      ({ shard }) => shard.interconnect !== undefined && shard.interconnect.loading > 0,
    );
  }

  /** Runs the slices that were asked for, those of several shards in any order; false if there was none. */
  #run(): boolean {
    for (let any = false; ; any = true) {
      if (this.#interruptions.size > 0) this.#interrupt();
      const wanted = this.#drivers.filter((driver) => driver.isRequested);
      const ordered = this.#shards?.hasOrders === true ? 1 : 0;
      if (wanted.length + ordered === 0) return any;
      const chosen = wanted[this.#random?.below(wanted.length + ordered) ?? 0];
      if (chosen === undefined) this.#shards!.carryOutOrder(this.#random);
      else chosen.run();
      this.#turns += 1;
    }
  }

  #interrupt(): void {
    for (const interruption of this.#interruptions) {
      if (interruption.afterTurn > this.#turns) continue;
      this.#interruptions.delete(interruption);
      interruption.act();
    }
  }

  /** Lets `ms` pass. Whatever becomes due is done at its time, and has settled before time goes on. Rejects as `settle` does. */
  async advance(ms: number): Promise<void> {
    expectDuration(ms);
    this.#passes += 1;
    try {
      await this.#pass(ms);
    } catch (failure) {
      throw withSeed(this.seed, failure);
    } finally {
      this.#passes -= 1;
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
  expectOptions("simulate", ["seed", "logger", "inOrder", "shards", "node", "nodes"], options);
  if (!Number.isSafeInteger(options.seed))
    throw runtimeError("ROOKERY_BADARG", "an integer as the seed of a simulation", options.seed);
  if (options.inOrder !== undefined) expectBoolean("as inOrder", options.inOrder);
  const { shards: count = 1 } = options;
  if (!(Number.isInteger(count) && count >= 1 && count <= SHARDS_MAX))
    throw runtimeError("ROOKERY_BADARG", `1 to ${SHARDS_MAX} shards`, count);
  const random = new SeededRandom(options.seed);
  const clock = new VirtualClock();
  const order = options.inOrder === true ? undefined : random;
  const start = async (shard: number): Promise<StartedShard> => {
    const driver = new SimulatedDriver(order);
    const runtime = await Runtime.start({
      shardNumber: shard,
      clock,
      random,
      driver,
      freezeMessages: true,
      cores: CORES,
      ...(options.node === undefined ? {} : { node: options.node }),
      ...(options.logger === undefined ? {} : { logger: options.logger }),
    });
    return { runtime, driver };
  };
  const shards = await Promise.all(Array.from({ length: count }, (_, shard) => start(shard)));
  const simulation = new Simulation(
    options.seed,
    shards.map(({ runtime }) => runtime),
    clock,
    order,
    shards.map(({ driver }) => driver),
    start,
  );
  if (options.nodes !== undefined) await simulation.runtime.connectNodes(options.nodes);
  return simulation;
}
