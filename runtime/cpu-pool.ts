import { once } from "node:events";
import type { MessagePort, Transferable, Worker } from "node:worker_threads";
import type { Piscina } from "piscina";
import { expectOptions } from "./argument.ts";
import { runtimeError } from "./errors.ts";
import { HEAP_MB_MIN, heapLimits } from "./heap-limit.ts";
import type { Logger } from "./logger.ts";
import { terminableLoops } from "./terminable-loops.ts";

/** How many threads there are for functions that need the CPU, and how much memory each may use. */
export interface CpuOptions {
  /** How many functions run at once on behalf of one shard; others wait their turn. Default: the cores that each shard has. */
  readonly threads?: number;
  /** A function that needs more memory than this, at least 16, fails, and its thread with it. Default: Node's limit. */
  readonly maxOldGenerationSizeMb?: number;
}

export const CPU_OPTIONS: readonly string[] = ["threads", "maxOldGenerationSizeMb"];

/** What a thread is told: which function to run, and the port by which it gets the argument and answers. */
export interface CpuOrder {
  readonly module: string;
  readonly name: string;
  readonly port: MessagePort;
  /** Whether anybody listens to its progress. */
  readonly progress: boolean;
}

/** A thread that has nothing to do for so long ends. */
const IDLE_MS = 10_000;

/** The threads of `Task.cpu`, Piscina's. The first order starts the first one; before, Piscina is not even loaded. */
export class CpuPool {
  readonly #size: number;
  readonly #heapMb: number | undefined;
  readonly #logger: Logger;
  #piscina: Promise<Piscina> | undefined = undefined;
  #running = 0;
  /** Those who wait for a thread. Piscina's own queue would forget them when an aborted function takes its thread along. */
  readonly #waiting = new Set<() => void>();
  readonly #threads = new Set<Worker>();

  constructor(options: CpuOptions, logger: Logger) {
    expectOptions("cpu, an option of Runtime.start,", CPU_OPTIONS, options);
    const { threads = 1, maxOldGenerationSizeMb } = options;
    if (!Number.isInteger(threads) || threads < 1)
      throw runtimeError("ROOKERY_BADARG", "a number of threads of at least 1", threads);
    if (maxOldGenerationSizeMb !== undefined && !(maxOldGenerationSizeMb >= HEAP_MB_MIN)) {
      const expected = `a memory limit of at least ${HEAP_MB_MIN} MB`;
      throw runtimeError("ROOKERY_BADARG", expected, maxOldGenerationSizeMb);
    }
    this.#size = threads;
    this.#heapMb = maxOldGenerationSizeMb;
    this.#logger = logger;
  }

  /** Resolves when the function has run; rejects when its thread ended, or `signal` was aborted, which ends its thread. */
  async run(order: CpuOrder, signal: AbortSignal): Promise<void> {
    const piscina = await (this.#piscina ??= this.#open());
    await this.#enter(signal);
    try {
      // Node's types of what can be transferred are newer than Piscina's.
      const running = piscina.run(order, { signal, transferList: [order.port as Transferable as never] });
      this.#watch(piscina.threads);
      await running;
    } finally {
      this.#leave();
    }
  }

  /** Ends all threads, and resolves when they have ended. */
  async close(): Promise<void> {
    if (this.#piscina === undefined) return;
    const ended = (await this.#piscina).destroy();
    await Promise.all([...this.#threads].map((thread) => once(thread, "exit")));
    await ended;
  }

  async #open(): Promise<Piscina> {
    const { Piscina } = await import("piscina");
    terminableLoops();
    const here = import.meta.url;
    const piscina = new Piscina({
      filename: new URL(`./cpu-worker${here.endsWith(".ts") ? ".ts" : ".js"}`, here).href,
      name: "runOrder",
      minThreads: 0,
      maxThreads: this.#size,
      idleTimeout: IDLE_MS,
      // A thread that waits for work stays in its event loop: else it would never let go of the ports of its orders.
      atomics: "disabled",
      ...(this.#heapMb !== undefined && { resourceLimits: heapLimits(this.#heapMb) }),
    });
    // What a function had left behind threw after the function was done.
    piscina.on("error", (error: unknown) => this.#logger.error({ error }, "A thread of Task.cpu failed"));
    return piscina;
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#size) {
      this.#running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      const giveUp = (): void => {
        if (this.#waiting.delete(resolve)) reject(signal.reason as Error);
      };
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  #watch(threads: readonly Worker[]): void {
    for (const thread of threads) {
      if (this.#threads.has(thread)) continue;
      this.#threads.add(thread);
      thread.once("exit", () => this.#threads.delete(thread));
    }
  }
}
