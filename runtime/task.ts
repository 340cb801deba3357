import { expectFunction, expectOptions, expectTimeout } from "./argument.ts";
import { type Body, bodyBehaviour } from "./body.ts";
import { type CpuFunction, CpuJob, type CpuTarget, type CpuTaskOptions } from "./cpu-job.ts";
import { DownMessage } from "./down-message.ts";
import { brief, errorText, ExitError, runtimeError, type RuntimeErrorCode } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import type { ExitReason } from "./exit-reason.ts";
import { exitProcess } from "./exit-signal.ts";
import { expectOrigin, expectSelf, resolveOrigin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import type { Self } from "./self.ts";
import { TaskReply } from "./task-reply.ts";
import { taskStream, type TaskStreamBody, type TaskStreamOptions } from "./task-stream.ts";

/** How long an await waits unless told otherwise: as Task.await does. */
const AWAIT_TIMEOUT_MS = 5_000;

/** What a task runs, in a process of its own: what it returns, or resolves with, is the task's value. */
export type TaskBody<Value> = (self: Self) => Value | Promise<Value>;

/** How a task has ended: with its value, or with the reason of its exit. What `Task.yield/2` answers. */
export type TaskResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: ExitReason };

/** How long, and for how many tasks, `Task.yieldMany` waits: the options of `Task.yield_many/2`. */
export interface YieldManyOptions {
  /** For all together, or Infinity. 5,000 ms if left out. */
  readonly timeoutMs?: number;
  /** Once so many are done, the others are not waited for. All if left out. */
  readonly limit?: number;
  /**
   * What becomes of those that are not done when the time is over: they may be asked again, run on and are ignored, or are killed.
   * `"nothing"` if left out.
   */
  readonly onTimeout?: "nothing" | "ignore" | "kill_task";
}

const YIELD_MANY_NAMES = ["timeoutMs", "limit", "onTimeout"];
const ON_TIMEOUT = ["nothing", "ignore", "kill_task"];

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
    const pid = self.spawnLink(asTask(body, (task) => runTask(task, body, () => box.task!.ref, callers)));
    // The body runs in a later turn: the reference is there when it is needed.
    box.task = Task.watch(self, pid);
    return box.task;
  }

  /**
   * A task that is done already, with `value`: for who must answer a task and has nothing to compute. As any that has just ended,
   * it has the pid of a dead process, and its value and its DOWN are in the mailbox. `Task.completed/1`.
   */
  static completed<Value>(self: Self, value: Value): Task<Value> {
    const { shard, process } = resolveOrigin(expectSelf(self));
    const done = shard.create(bodyBehaviour, undefined, process);
    const task = Task.watch<Value>(self, done.pid);
    self.send(task.ref, new TaskReply(task.ref, value));
    exitProcess(done, "normal");
    return task;
  }

  /** Starts `body` linked to `self`; nobody waits for its value. `Task.start_link/1`. */
  static startLink(self: Self, body: TaskBody<unknown>): Pid {
    return expectSelf(self).spawnLink(calledBy(callersOf(self), body));
  }

  /** Starts `body` on its own. `Task.start/1`. */
  static start(self: Self, body: TaskBody<unknown>): Pid {
    return expectSelf(self).spawn(calledBy(callersOf(self), body));
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
    expectOrigin(origin);
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
    expectFunction("as the body of a task stream", body);
    expectSelf(self);
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
    expectTasks(tasks);
    const owner = ownerOf(tasks.map((task) => task.#owner));
    if (owner === undefined) return [] as never;
    const left = deadline(owner, timeoutMs);
    const waiting = new Set(tasks.map((task) => task.ref));
    const values = new Map<Ref, unknown>();
    const pids = tasks.map((task) => task.pid);
    const call = ["Task", "await_many", [pids, timeoutMs]];
    while (waiting.size > 0) {
      const message = await nextResult(owner, waiting, left());
      if (message instanceof TaskReply) {
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
   * Waits for all of `tasks`, or for as many as the limit says, until the time for all together is over. Answers each with what came
   * of it, in order: undefined for one that is not done, which may be asked again. `Task.yield_many/2`.
   */
  static async yieldMany<const Tasks extends readonly Task<unknown>[]>(
    tasks: Tasks,
    options: number | YieldManyOptions = {},
  ): Promise<{
    -readonly [Index in keyof Tasks]: readonly [Tasks[Index], TaskResult<ValueOf<Tasks[Index]>> | undefined];
  }> {
    expectTasks(tasks);
    const owner = ownerOf(tasks.map((task) => task.#owner));
    const { timeoutMs, limit, onTimeout } = completeOptions(options);
    if (owner === undefined) return [] as never;
    const left = deadline(owner, timeoutMs);
    const waiting = new Set(tasks.map((task) => task.ref));
    const results = new Map<Ref, TaskResult<unknown> | undefined>();
    while (waiting.size > 0 && results.size < limit) {
      const message = await nextResult(owner, waiting, left());
      if (message !== TIMEOUT) {
        results.set(message.ref, resultOf(message));
        continue;
      }
      for (const task of onTimeout === "nothing" ? [] : tasks) {
        if (!waiting.delete(task.ref)) continue;
        results.set(task.ref, await (onTimeout === "ignore" ? task.ignore() : task.shutdown("brutal_kill")));
      }
      break;
    }
    return tasks.map((task) => [task, results.get(task.ref)]) as never;
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
   * Ends the task: its value if it is there already, undefined if it ended because of this, else why it ended; `"noproc"` if it was
   * awaited before. With `"brutal_kill"`, or when it has not ended after `timeoutMs`, it is killed. `Task.shutdown/2`.
   */
  async shutdown(
    timeoutMs: number | "brutal_kill" = AWAIT_TIMEOUT_MS,
  ): Promise<TaskResult<Value> | undefined> {
    const owner = this.#owner;
    const brutal = timeoutMs === "brutal_kill";
    const waitMs = brutal ? Number.POSITIVE_INFINITY : timeoutMs;
    expectTimeout(waitMs);
    // A monitor of its own: that of a task that was awaited tells nothing any more.
    const ref = owner.monitor(this.pid);
    owner.unlink(this.pid);
    owner.exit(this.pid, brutal ? "kill" : "shutdown");
    let down = await owner.receive({ ref }, { timeoutMs: waitMs });
    if (down === TIMEOUT) {
      owner.exit(this.pid, "kill");
      down = await owner.receive({ ref });
    }
    const result = await this.#wait(0);
    owner.demonitor(this.ref, { flush: true });
    if (result !== TIMEOUT && result.ok) return result;
    const { reason } = result === TIMEOUT ? (down as DownMessage) : result;
    return reason === (brutal ? "killed" : "shutdown") ? undefined : { ok: false, reason };
  }

  /** Lets the task run on, unlinked; nothing of it arrives any more. `Task.ignore/1`. */
  async ignore(): Promise<TaskResult<Value> | undefined> {
    const result = await this.#wait(0);
    this.#owner.unlink(this.pid);
    this.#owner.demonitor(this.ref, { flush: true });
    return result === TIMEOUT ? undefined : result;
  }

  async #wait(timeoutMs: number): Promise<TaskResult<Value> | typeof TIMEOUT> {
    const message = await this.#owner.receive({ ref: this.ref }, { timeoutMs });
    return message === TIMEOUT ? TIMEOUT : resultOf<Value>(message as TaskReply | DownMessage);
  }
}

/** What is taken for a function whose type nobody gave. */
type UntypedFunction = (argument: unknown) => unknown;

type ValueOf<Awaited> = Awaited extends Task<infer Value> ? Value : never;

/** @internal `run` as the body of a process: a task that computes `body`. */
export function asTask(body: TaskBody<unknown>, run: (self: Self) => unknown): Body {
  expectFunction("as the body of a task", body);
  return Object.assign(run, { task: body });
}

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
  expectSelf(owner);
  return [owner.pid, ...((owner.get("$callers") as readonly Pid[] | undefined) ?? [])];
}

/** @internal `body` as a task that nobody waits for, in a process that knows for whom it works. */
export function calledBy(callers: readonly Pid[], body: TaskBody<unknown>): Body {
  return asTask(body, (self) => {
    self.put("$callers", callers);
    return body(self);
  });
}

function expectTasks(tasks: unknown): void {
  if (!Array.isArray(tasks) || !tasks.every((task) => task instanceof Task))
    throw runtimeError("ROOKERY_BADARG", "a list of tasks", tasks);
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

/** Takes the next message of the tasks that wait, and that task out of them. */
async function nextResult(
  owner: Self,
  waiting: Set<Ref>,
  timeoutMs: number,
): Promise<TaskReply | DownMessage | typeof TIMEOUT> {
  const isResult = (message: unknown): message is TaskReply | DownMessage => {
    return (message instanceof TaskReply || message instanceof DownMessage) && waiting.has(message.ref);
  };
  const message = await owner.receive(isResult, { timeoutMs });
  if (message !== TIMEOUT) {
    owner.demonitor(message.ref, { flush: true });
    waiting.delete(message.ref);
  }
  return message;
}

function resultOf<Value>(message: TaskReply | DownMessage): TaskResult<Value> {
  if (message instanceof DownMessage) return { ok: false, reason: message.reason };
  return { ok: true, value: message.value as Value };
}

function completeOptions(options: number | YieldManyOptions): Required<YieldManyOptions> {
  const given = typeof options === "number" ? { timeoutMs: options } : options;
  expectOptions("yieldMany", YIELD_MANY_NAMES, given);
  const {
    timeoutMs = AWAIT_TIMEOUT_MS,
    limit = Number.POSITIVE_INFINITY,
    onTimeout = "nothing",
  }: YieldManyOptions = given;
  if (!(limit >= 1)) throw runtimeError("ROOKERY_BADARG", "a limit of at least 1 task", limit);
  if (!ON_TIMEOUT.includes(onTimeout))
    throw runtimeError("ROOKERY_BADARG", `an onTimeout of ${ON_TIMEOUT.join(", ")}`, onTimeout);
  return { timeoutMs, limit, onTimeout };
}

/** Answers how many of `timeoutMs` are left. */
function deadline({ runtime: { clock } }: Self, timeoutMs: number): () => number {
  expectTimeout(timeoutMs);
  const endMs = clock.nowMs() + timeoutMs;
  return () => Math.max(0, endMs - clock.nowMs());
}

function failure(code: RuntimeErrorCode, values: readonly unknown[], reason: ExitReason): ExitError {
  return new ExitError(code, errorText(code, ...values), reason);
}
