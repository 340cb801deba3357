import { type CpuFunction, CpuJob, type CpuTarget, type CpuTaskOptions } from "./cpu-job.ts";
import { DownMessage } from "./down-message.ts";
import { brief, ExitError, errorText, type RuntimeErrorCode, runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import { ExitMessage } from "./exit-message.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import { TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import type { Self } from "./self.ts";
import { TaskReply } from "./task-reply.ts";
import { taskStream, type TaskStreamBody, type TaskStreamOptions } from "./task-stream.ts";

/** How long an await waits unless told otherwise: as Task.await does. */
const AWAIT_TIMEOUT_MS = 5_000;

export type TaskBody<Value> = (self: Self) => Value | Promise<Value>;

export type TaskResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: ExitReason };

/**
 * A process that computes one value for its owner: Elixir's `Task`. It is linked to its owner, who dies if it crashes (unless it traps
 * exits, or started the task through a TaskSupervisor without a link). Only its owner can wait for it.
 *
 * @example
 * ```ts doctest
 * const task = Task.async(self, () => 21 * 2);
 * await task.await(); // => 42
 * ```
 */
export class Task<Value> {
  readonly pid: Pid;
  /** Monitors the task, and is the address for its value. */
  readonly ref: Ref;
  readonly #owner: Self;

  /** @internal */
  constructor(owner: Self, pid: Pid, ref: Ref) {
    this.#owner = owner;
    this.pid = pid;
    this.ref = ref;
  }

  /** Starts `body` in a process of its own, linked to `self`. `Task.async/1`. */
  static async<Value>(self: Self, body: TaskBody<Value>): Task<Value> {
    const box: { task?: Task<Value> } = {};
    const callers = callersOf(self);
    const pid = self.spawnLink((task) => runTask(task, body, () => box.task!.ref, callers));
    // The body runs in a later turn: the reference is there when it is needed.
    box.task = Task.watch(self, pid);
    return box.task;
  }

  /** Starts `body` linked to `self`; nobody waits for its value. `Task.start_link/1`. */
  static startLink(self: Self, body: TaskBody<unknown>): Pid {
    return self.spawnLink(calledBy(callersOf(self), body));
  }

  /** Starts `body` on its own. `Task.start/1`. */
  static start(self: Self, body: TaskBody<unknown>): Pid {
    return self.spawn(calledBy(callersOf(self), body));
  }

  /**
   * Runs a function of a module on a thread of its own, off the schedulers: for work that keeps a core busy. The argument and the
   * value are copied (structured clone), unless they are transferred. When the task ends early, because its owner died, it was shut
   * down, its time is over, `signal` was aborted, the function is stopped, whatever it is doing. What it throws is the task's crash.
   * In a runtime instead of a process, a promise of the value.
   * @example
   * ```ts doctest
   * // mostly { module: new URL("./primes.ts", import.meta.url), name: "countPrimes" }
   * const double = { module: "data:text/javascript,export const double = (n) => 2 * n", name: "double" };
   * const task = Task.cpu<(n: number) => number>(self, double, 21);
   * await task.await(); // => 42
   * ```
   */
  static cpu<F extends CpuFunction = UntypedFunction>(
    self: Self,
    target: CpuTarget,
    argument: Parameters<F>[0],
    options?: CpuTaskOptions,
  ): Task<Awaited<ReturnType<F>>>;
  static cpu<F extends CpuFunction = UntypedFunction>(
    runtime: Runtime,
    target: CpuTarget,
    argument: Parameters<F>[0],
    options?: CpuTaskOptions,
  ): Promise<Awaited<ReturnType<F>>>;
  static cpu(
    origin: Self | Runtime,
    target: CpuTarget,
    argument: unknown,
    options: CpuTaskOptions = {},
  ): Task<unknown> | Promise<unknown> {
    if (!("pid" in origin)) return cpuOutside(origin, new CpuJob(origin, target, argument, options));
    const job = new CpuJob(origin.runtime, target, argument, options);
    const task = Task.async(origin, () => job.run());
    onProcessExit(task.pid, () => job.close());
    return task;
  }

  /**
   * Runs `body` for each of `inputs`, so many at a time, each in a task linked to `self`, and answers what they come to, for
   * `for await` in the process of `self`. Inputs are asked for only as results are and as tasks finish; they may be endless.
   *
   * A task that crashes takes `self` along, or is `{ ok: false, reason }` if `self` traps exits. One that takes too long makes
   * the stream throw an ExitError, unless `onTimeout` says otherwise. Leaving the loop early kills the tasks that run; nothing
   * of them is left in the mailbox. Until then their messages stand there: in the loop, `receive` with a match.
   * `Task.async_stream/3`.
   * @example
   * ```ts doctest
   * const squares = [];
   * for await (const result of Task.asyncStream(self, [1, 2, 3], (n) => n * n)) squares.push(result);
   * squares; // => [{ ok: true, value: 1 }, { ok: true, value: 4 }, { ok: true, value: 9 }]
   * ```
   */
  static asyncStream<Input, Value>(
    self: Self,
    inputs: Iterable<Input> | AsyncIterable<Input>,
    body: TaskStreamBody<Input, Value>,
    options: TaskStreamOptions = {},
  ): AsyncGenerator<TaskResult<Value>, void, undefined> {
    return taskStream(self, inputs, (input) => Task.async(self, (task) => body(input, task)), options);
  }

  /**
   * Waits for all of `tasks`, and answers their values in order. Rejects with an ExitError as soon as one exits without a value, or
   * when the time for all together is over. `Task.await_many/2`.
   */
  static async awaitMany<const Tasks extends readonly Task<unknown>[]>(
    tasks: Tasks,
    timeoutMs: number = AWAIT_TIMEOUT_MS,
  ): Promise<{ -readonly [Index in keyof Tasks]: ValueOf<Tasks[Index]> }> {
    const owner = ownerOf(tasks.map((task) => task.#owner));
    if (owner === undefined) return [] as never;
    const left = deadline(owner, timeoutMs);
    const waiting = new Set(tasks.map((task) => task.ref));
    const values = new Map<Ref, unknown>();
    const isResult = (message: unknown): message is TaskReply | DownMessage => {
      return (message instanceof TaskReply || message instanceof DownMessage) && waiting.has(message.ref);
    };
    const pids = tasks.map((task) => task.pid);
    const call = ["Task", "await_many", [pids, timeoutMs]];
    while (waiting.size > 0) {
      const message = await owner.receive(isResult, { timeoutMs: left() });
      if (message instanceof TaskReply) {
        owner.demonitor(message.ref, { flush: true });
        waiting.delete(message.ref);
        values.set(message.ref, message.value);
        continue;
      }
      for (const ref of waiting) owner.demonitor(ref, { flush: true });
      if (message === TIMEOUT) throw failure("ROOKERY_TASK_TIMEOUT", [pids, timeoutMs], ["timeout", call]);
      throw failure("ROOKERY_TASK_EXIT", [message.process, brief(message.reason)], [message.reason, call]);
    }
    return tasks.map((task) => values.get(task.ref)) as never;
  }

  /**
   * Waits for all of `tasks` until the time for all together is over, and answers each with what came of it, in order: undefined for
   * one that is not done, which may be asked again. `Task.yield_many/2`.
   */
  static async yieldMany<const Tasks extends readonly Task<unknown>[]>(
    tasks: Tasks,
    timeoutMs: number = AWAIT_TIMEOUT_MS,
  ): Promise<{
    -readonly [Index in keyof Tasks]: readonly [Tasks[Index], TaskResult<ValueOf<Tasks[Index]>> | undefined];
  }> {
    const owner = ownerOf(tasks.map((task) => task.#owner));
    if (owner === undefined) return [] as never;
    const left = deadline(owner, timeoutMs);
    const results: unknown[] = [];
    for (const task of tasks) results.push([task, await task.yield(left())]);
    return results as never;
  }

  /** @internal The task that the process `pid` computes. */
  static watch<Value>(self: Self, pid: Pid): Task<Value> {
    return new Task(self, pid, self.monitor(pid, { alias: "demonitor" }));
  }

  /**
   * Waits for the value. Rejects with an ExitError if the task exits first, or when the time is over: then the task runs on.
   * `Task.await/2`.
   */
  async await(timeoutMs: number = AWAIT_TIMEOUT_MS): Promise<Value> {
    const result = await this.#wait(timeoutMs);
    this.#owner.demonitor(this.ref, { flush: true });
    const call = ["Task", "await", [this.pid, timeoutMs]];
    if (result === TIMEOUT) throw failure("ROOKERY_TASK_TIMEOUT", [this.pid, timeoutMs], ["timeout", call]);
    if (result.ok) return result.value;
    throw failure("ROOKERY_TASK_EXIT", [this.pid, brief(result.reason)], [result.reason, call]);
  }

  /** As `await`, but answers what came, or undefined when the time is over; may be repeated then. `Task.yield/2`. */
  async yield(timeoutMs: number = AWAIT_TIMEOUT_MS): Promise<TaskResult<Value> | undefined> {
    const result = await this.#wait(timeoutMs);
    if (result === TIMEOUT) return undefined;
    this.#owner.demonitor(this.ref, { flush: true });
    return result;
  }

  /**
   * Ends the task: its value if it is there already, undefined if it ended because of this, else why it ended. With
   * `"brutal_kill"`, or when it has not ended after `timeoutMs`, it is killed. `Task.shutdown/2`.
   */
  async shutdown(
    timeoutMs: number | "brutal_kill" = AWAIT_TIMEOUT_MS,
  ): Promise<TaskResult<Value> | undefined> {
    const owner = this.#owner;
    owner.unlink(this.pid);
    const reason = timeoutMs === "brutal_kill" ? "kill" : "shutdown";
    owner.exit(this.pid, reason);
    let result = await this.#wait(timeoutMs === "brutal_kill" ? Number.POSITIVE_INFINITY : timeoutMs);
    if (result === TIMEOUT) {
      owner.exit(this.pid, "kill");
      result = await this.#wait(Number.POSITIVE_INFINITY);
    }
    owner.demonitor(this.ref, { flush: true });
    await owner.receive((message) => message instanceof ExitMessage && message.pid === this.pid, {
      timeoutMs: 0,
    });
    if (result === TIMEOUT || result.ok) return result === TIMEOUT ? undefined : result;
    const asked = result.reason === "shutdown" || (timeoutMs === "brutal_kill" && result.reason === "killed");
    return asked ? undefined : result;
  }

  /** Lets the task run on, unlinked; nothing of it arrives any more. `Task.ignore/1`. */
  async ignore(): Promise<TaskResult<Value> | undefined> {
    const result = await this.#wait(0);
    this.#owner.unlink(this.pid);
    this.#owner.demonitor(this.ref, { flush: true });
    return result === TIMEOUT ? undefined : result;
  }

  async #wait(timeoutMs: number): Promise<TaskResult<Value> | typeof TIMEOUT> {
    const isResult = (message: unknown): message is TaskReply | DownMessage => {
      return (message instanceof TaskReply || message instanceof DownMessage) && message.ref === this.ref;
    };
    const message = await this.#owner.receive(isResult, { timeoutMs });
    if (message === TIMEOUT) return TIMEOUT;
    if (message instanceof TaskReply) return { ok: true, value: message.value as Value };
    return { ok: false, reason: message.reason };
  }
}

/** What is taken for a function whose type nobody gave. */
type UntypedFunction = (argument: unknown) => unknown;

type ValueOf<Awaited> = Awaited extends Task<infer Value> ? Value : never;

/** @internal What the process of a task does. */
export async function runTask<Value>(
  self: Self,
  body: TaskBody<Value>,
  ref: () => Ref,
  callers: readonly Pid[],
): Promise<void> {
  self.put("$callers", callers);
  const value = await body(self);
  self.send(ref(), new TaskReply(ref(), value));
}

/** @internal `$callers` of a task that `owner` starts: the owner, and for whom it works itself. */
export function callersOf(owner: Self): readonly Pid[] {
  return [owner.pid, ...((owner.get("$callers") as readonly Pid[] | undefined) ?? [])];
}

/** @internal `body` in a process that knows for whom it works. */
export function calledBy(callers: readonly Pid[], body: TaskBody<unknown>): TaskBody<unknown> {
  return (self) => {
    self.put("$callers", callers);
    return body(self);
  };
}

/** Runs `job` in a process that nobody owns. */
function cpuOutside(runtime: Runtime, job: CpuJob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const pid = runtime.spawn(() => job.run().then(resolve, reject));
    onProcessExit(pid, (reason) => {
      job.close();
      reject(failure("ROOKERY_TASK_EXIT", [pid, brief(reason)], reason));
    });
  });
}

/** The one process that may wait for tasks of `owners`. */
function ownerOf(owners: readonly Self[]): Self | undefined {
  const [first] = owners;
  const stranger = owners.find((owner) => owner.pid !== first?.pid);
  if (stranger !== undefined) throw runtimeError("ROOKERY_BADARG", "tasks of one owner", stranger.pid);
  return first;
}

/** Answers how many of `timeoutMs` are left. */
function deadline({ runtime: { clock } }: Self, timeoutMs: number): () => number {
  if (!(timeoutMs >= 0))
    throw runtimeError("ROOKERY_BADARG", "a timeout of at least 0 ms, or Infinity", timeoutMs);
  const endMs = clock.nowMs() + timeoutMs;
  return () => Math.max(0, endMs - clock.nowMs());
}

function failure(code: RuntimeErrorCode, values: readonly unknown[], reason: ExitReason): ExitError {
  return new ExitError(code, errorText(code, ...values), reason);
}
