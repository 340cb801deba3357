import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
} from "node:worker_threads";
import { expectFunction, expectMethods, expectOptions, expectTimeout } from "./argument.ts";
import { brief, runtimeError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { Timer } from "./timer-wheel.ts";

/** Which function: an export of a module that a thread can import. */
export interface CpuTarget {
  /** `import.meta.url`, or `new URL("./primes.js", import.meta.url)`. */
  readonly module: string | URL;
  /** The name under which the module exports it. */
  readonly name: string;
}

/** What the function gets besides its argument. */
export interface CpuContext {
  /** Tells `onProgress` something. */
  progress(value: unknown, transfer?: readonly Transferable[]): void;
  /** Marks what of the value that is returned shall be moved instead of copied: `return transfer(pixels, [pixels.buffer])`. */
  transfer<Value>(value: Value, transfer: readonly Transferable[]): Value;
}

/** What `Task.cpu` can run. It sees nothing but its argument and its module, as loaded in its thread. */
export type CpuFunction = (argument: never, context: CpuContext) => unknown;

/** How long a function may run on another thread, who may stop it, and what is moved there. */
export interface CpuTaskOptions {
  /** After so long, waiting for a free thread included, the function is stopped, and fails with ROOKERY_TASK_TIMEOUT. */
  readonly timeoutMs?: number;
  /** When it is aborted the function is stopped, and fails with its reason. */
  readonly signal?: AbortSignal;
  /** What of the argument is moved instead of copied: afterwards the caller has it no more. */
  readonly transfer?: readonly Transferable[];
  /** Called for each `progress` of the function, in order, and before its value is there. What it throws stops the function. */
  readonly onProgress?: (value: unknown) => void;
}

/** What a thread answers. */
export type CpuAnswer =
  | { readonly progress: unknown }
  | { readonly value: unknown }
  | { readonly thrown: unknown; readonly named: { readonly name?: string; readonly code?: string } }
  | { readonly missing: string }
  | { readonly uncopyable: string };

class JobTimer extends Timer {
  readonly #due: () => void;

  constructor(due: () => void) {
    super();
    this.#due = due;
  }

  override fire(): void {
    this.#due();
  }
}

/** One run of a function on a thread of the pool. Who makes it closes it, whatever comes of it. */
export class CpuJob {
  readonly #runtime: Runtime;
  readonly #module: string;
  readonly #name: string;
  readonly #options: CpuTaskOptions;
  readonly #port: MessagePort;
  readonly #farPort: MessagePort;
  readonly #stop = new AbortController();
  readonly #timer: JobTimer = new JobTimer(() => this.#timedOut());
  #outcome: Exclude<CpuAnswer, { readonly progress: unknown }> | undefined = undefined;

  /** Copies the argument now: what the caller changes later is not seen. */
  constructor(runtime: Runtime, target: CpuTarget, argument: unknown, options: CpuTaskOptions) {
    checkTarget(target);
    checkOptions(options);
    const { transfer = [], onProgress } = options;
    this.#runtime = runtime;
    this.#module = String(target.module);
    this.#name = target.name;
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    [this.#port, this.#farPort] = [port1, port2];
    try {
      port1.postMessage({ argument }, transfer);
    } catch (error) {
      this.close();
      throw runtimeError("ROOKERY_CPU_VALUE", "the argument", this.#label, (error as Error).message);
    }
    if (onProgress !== undefined) port1.on("message", (answer: CpuAnswer) => this.#take(answer));
    // Until it runs nobody needs to stay for it.
    port1.unref();
  }

  /** Answers what the function returns, and throws what it throws. */
  async run(): Promise<unknown> {
    const { timeoutMs = Number.POSITIVE_INFINITY, signal, onProgress } = this.#options;
    const { timers } = this.#runtime.shard;
    const stop = this.#stop;
    const abort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    if (timeoutMs !== Number.POSITIVE_INFINITY) timers.start(this.#timer, timeoutMs);
    const order = {
      module: this.#module,
      name: this.#name,
      port: this.#farPort,
      progress: onProgress !== undefined,
    };
    let ended: unknown;
    try {
      await this.#runtime.cpuPool.run(order, stop.signal);
    } catch (error) {
      ended = error;
    } finally {
      timers.stop(this.#timer);
      signal?.removeEventListener("abort", abort);
    }
    stop.signal.throwIfAborted();
    // What the thread answered is here, but may not have been handed out yet. Its end may be known before.
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#take(next);
    stop.signal.throwIfAborted();
    if (this.#outcome === undefined) throw runtimeError("ROOKERY_CPU_THREAD", this.#label, brief(ended));
    return this.#valueOf(this.#outcome);
  }

  /** Stops the function if it runs or waits, and lets go of all that belongs to it. */
  close(): void {
    this.#stop.abort();
    this.#runtime.shard.timers.stop(this.#timer);
    this.#port.close();
  }

  get #label(): string {
    return `${this.#name} of ${this.#module}`;
  }

  #timedOut(): void {
    this.#stop.abort(runtimeError("ROOKERY_TASK_TIMEOUT", this.#label, this.#options.timeoutMs));
  }

  #next(): CpuAnswer | undefined {
    return receiveMessageOnPort(this.#port)?.message as CpuAnswer | undefined;
  }

  #take(answer: CpuAnswer): void {
    if (this.#stop.signal.aborted) return;
    if (!("progress" in answer)) {
      this.#outcome = answer;
      return;
    }
    try {
      this.#options.onProgress?.(answer.progress);
    } catch (error) {
      this.#stop.abort(error);
    }
  }

  #valueOf(outcome: Exclude<CpuAnswer, { readonly progress: unknown }>): unknown {
    if ("value" in outcome) return outcome.value;
    if ("missing" in outcome)
      throw runtimeError("ROOKERY_CPU_FUNCTION", this.#module, this.#name, outcome.missing);
    if ("uncopyable" in outcome)
      throw runtimeError("ROOKERY_CPU_VALUE", "the value", this.#label, outcome.uncopyable);
    const { thrown, named } = outcome;
    if (!(thrown instanceof Error)) throw thrown;
    const { name = thrown.name, ...properties } = named;
    if (thrown.name !== name) thrown.name = name;
    throw Object.assign(thrown, properties);
  }
}

function checkTarget(target: CpuTarget): void {
  expectOptions("the function of Task.cpu", ["module", "name"], target);
  const { module, name } = target;
  if (!URL.canParse(String(module)))
    throw runtimeError("ROOKERY_BADARG", "a module by its URL, import.meta.url for one", module);
  if (typeof name !== "string")
    throw runtimeError("ROOKERY_BADARG", "the name of an exported function", name);
}

function checkOptions(options: CpuTaskOptions): void {
  expectOptions("Task.cpu", ["timeoutMs", "signal", "transfer", "onProgress"], options);
  const { timeoutMs, signal, onProgress } = options;
  if (timeoutMs !== undefined) expectTimeout(timeoutMs);
  if (signal !== undefined) expectMethods("an AbortSignal", ["addEventListener"], signal);
  if (onProgress !== undefined) expectFunction("as onProgress", onProgress);
}
