import { expectBoolean, expectOptions, expectTimeout } from "./argument.ts";
import { DownMessage } from "./down-message.ts";
import { ExitError, errorText, runtimeError } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import type { ExitReason } from "./exit-reason.ts";
import { resolveOrigin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";
import type { Self } from "./self.ts";
import type { Task, TaskResult } from "./task.ts";
import { TaskReply } from "./task-reply.ts";
import { Timer } from "./timer-wheel.ts";
import type { Timers } from "./timers.ts";

/** What one task of a stream does: computes a value for an input. `self` is the process of the task. */
export type TaskStreamBody<Input, Value> = (input: Input, self: Self) => Value | Promise<Value>;

/** How many tasks of a stream run at once, and how long each may take: the options of `Task.async_stream/3`. */
export interface TaskStreamOptions {
  /** So many tasks run at a time. `runtime.cores` if left out. */
  readonly maxConcurrency?: number;
  /** How long each task may take, or Infinity. 5,000 ms if left out. */
  readonly timeoutMs?: number;
  /** Results come in the order of the inputs: true if left out. Otherwise as tasks finish. */
  readonly ordered?: boolean;
  /** What a task that takes too long ends: the stream, with an ExitError, or only itself. `"exit"` if left out. */
  readonly onTimeout?: "exit" | "kill_task";
  /** The reason of a failed result is `[input, reason]`, so that it can be told what failed. False if left out. */
  readonly zipInputOnExit?: boolean;
}

const TIMEOUT_MS = 5_000;
export const TASK_STREAM_OPTIONS: readonly string[] = [
  "maxConcurrency",
  "timeoutMs",
  "ordered",
  "onTimeout",
  "zipInputOnExit",
];

/** What the owner of a stream finds in its mailbox when the time of a task is over. */
class TaskOverdue {
  readonly ref: Ref;

  constructor(ref: Ref) {
    this.ref = ref;
  }
}

/** Ends a task at its time, whatever its owner is doing then; what that means for the stream, the owner decides when it waits again. */
class TaskTimer extends Timer {
  readonly #owner: Self;
  readonly #pid: Pid;

  constructor(owner: Self, pid: Pid) {
    super();
    this.#owner = owner;
    this.#pid = pid;
  }

  fire(): void {
    const owner = this.#owner;
    // The owner must find the message before it hears of the death.
    owner.send(owner.pid, new TaskOverdue(this));
    owner.unlink(this.#pid);
    owner.exit(this.#pid, "kill");
  }
}

/** A task of a stream whose result has not been handed out yet. */
class StreamTask<Input, Value> {
  readonly input: Input;
  readonly task: Task<Value>;
  readonly timer: TaskTimer | undefined;
  /** There as soon as the task has sent its value, though it counts as running until it is dead. */
  result: TaskResult<Value> | undefined = undefined;
  running = true;

  constructor(input: Input, task: Task<Value>, timer: TaskTimer | undefined) {
    this.input = input;
    this.task = task;
    this.timer = timer;
  }
}

/** The tasks of one stream, as their owner follows them through its mailbox. */
class StreamTasks<Input, Value> {
  readonly #owner: Self;
  readonly #timers: Timers;
  readonly #options: Required<TaskStreamOptions>;
  /** The running tasks, by what their messages carry: the reference, the pid, the reference of the timer. */
  readonly #byKey = new Map<unknown, StreamTask<Input, Value>>();
  readonly #running = new Set<StreamTask<Input, Value>>();
  /** In the order in which results are handed out: all tasks, or, unordered, those that are done. */
  readonly #queue = new Set<StreamTask<Input, Value>>();

  constructor(owner: Self, options: Required<TaskStreamOptions>) {
    this.#owner = owner;
    this.#timers = resolveOrigin(owner).shard.timers;
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  add(input: Input, task: Task<Value>): void {
    const { timeoutMs, ordered } = this.#options;
    const timer = Number.isFinite(timeoutMs) ? new TaskTimer(this.#owner, task.pid) : undefined;
    if (timer !== undefined) this.#timers.start(timer, timeoutMs);
    const added = new StreamTask(input, task, timer);
    for (const key of keysOf(added)) this.#byKey.set(key, added);
    this.#running.add(added);
    if (ordered) this.#queue.add(added);
  }

  /** The next result to hand out, if it is there. */
  take(): TaskResult<Value> | undefined {
    for (const first of this.#queue) {
      if (first.running) return undefined;
      this.#queue.delete(first);
      return first.result;
    }
    return undefined;
  }

  /** Takes one message of the running tasks. Throws for a task that took too long, unless only that one shall end. */
  async wait(): Promise<void> {
    const message = await this.#owner.receive((candidate) => this.#byKey.has(keyOf(candidate)));
    const key = keyOf(message);
    const task = this.#byKey.get(key)!;
    if (message instanceof TaskReply) {
      task.result = { ok: true, value: message.value as Value };
    } else if (message instanceof DownMessage) {
      await this.#stopTimer(task.timer);
      this.#ended(task, message.reason);
    } else if (key === task.timer && task.result === undefined) {
      await this.#overdue(task);
    }
    // An EXIT says no more than the DOWN that follows it.
  }

  /** Kills what still runs, and takes what it has left in the mailbox. */
  async close(): Promise<void> {
    if (this.#running.size > 0) await this.#kill([...this.#running]);
  }

  async #overdue(task: StreamTask<Input, Value>): Promise<void> {
    const { timeoutMs, onTimeout } = this.#options;
    if (onTimeout === "exit") {
      const text = errorText("ROOKERY_TASK_TIMEOUT", task.task.pid, timeoutMs);
      throw new ExitError("ROOKERY_TASK_TIMEOUT", text, [
        "timeout",
        ["Task.Supervised", "stream", [timeoutMs]],
      ]);
    }
    await this.#kill([task]);
    this.#ended(task, "timeout");
  }

  /** A timer that has fired behind the task's back has left a message. */
  async #stopTimer(timer: TaskTimer | undefined): Promise<void> {
    if (timer === undefined || this.#timers.stop(timer)) return;
    await this.#owner.receive((message) => keyOf(message) === timer, { timeoutMs: 0 });
  }

  #ended(task: StreamTask<Input, Value>, reason: ExitReason): void {
    task.result ??= { ok: false, reason: this.#options.zipInputOnExit ? [task.input, reason] : reason };
    task.running = false;
    this.#running.delete(task);
    for (const key of keysOf(task)) this.#byKey.delete(key);
    if (!this.#options.ordered) this.#queue.add(task);
  }

  async #kill(tasks: readonly StreamTask<Input, Value>[]): Promise<void> {
    const owner = this.#owner;
    const keys = new Set(tasks.flatMap(keysOf));
    for (const { task, timer } of tasks) {
      owner.unlink(task.pid);
      owner.exit(task.pid, "kill");
      owner.demonitor(task.ref);
      if (timer !== undefined) this.#timers.stop(timer);
    }
    const isLeft = (message: unknown): boolean => keys.has(keyOf(message));
    while ((await owner.receive(isLeft, { timeoutMs: 0 })) !== TIMEOUT);
  }
}

/**
 * Runs a task for each of `inputs`, which `start` starts. Asks for an input only when somebody waits for a result and there is
 * room for one more task. However the stream ends, none of its tasks runs on, and none of their messages is left.
 */
export function taskStream<Input, Value>(
  owner: Self,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  start: (input: Input) => Task<Value> | Promise<Task<Value>>,
  options: TaskStreamOptions,
): AsyncGenerator<TaskResult<Value>, void, undefined> {
  expect(isIterable(inputs), "an iterable of inputs", inputs);
  return results(owner, inputs, start, completeOptions(owner, options));
}

async function* results<Input, Value>(
  owner: Self,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  start: (input: Input) => Task<Value> | Promise<Task<Value>>,
  options: Required<TaskStreamOptions>,
): AsyncGenerator<TaskResult<Value>, void, undefined> {
  const tasks = new StreamTasks<Input, Value>(owner, options);
  const source = isAsync(inputs) ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let exhausted = false;
  try {
    for (;;) {
      for (let result = tasks.take(); result !== undefined; result = tasks.take()) yield result;
      while (!exhausted && tasks.running < options.maxConcurrency) {
        // A source that fails is not to be told to return.
        exhausted = true;
        const next = await source.next();
        exhausted = next.done === true;
        if (next.done !== true) tasks.add(next.value, await start(next.value));
      }
      if (tasks.running === 0) return;
      await tasks.wait();
    }
  } finally {
    await tasks.close();
    if (!exhausted) await source.return?.();
  }
}

function isAsync<Input>(inputs: Iterable<Input> | AsyncIterable<Input>): inputs is AsyncIterable<Input> {
  return Symbol.asyncIterator in Object(inputs);
}

function isIterable(inputs: unknown): boolean {
  return Symbol.asyncIterator in Object(inputs) || Symbol.iterator in Object(inputs);
}

function keysOf({ task, timer }: StreamTask<unknown, unknown>): unknown[] {
  return timer === undefined ? [task.ref, task.pid] : [task.ref, task.pid, timer];
}

/** By what a message of a task is recognised: its value, its DOWN and its timer by a reference, its EXIT by the pid. */
function keyOf(message: unknown): unknown {
  if (message instanceof ExitMessage) return message.pid;
  return typeof message === "object" && message !== null && "ref" in message ? message.ref : undefined;
}

function completeOptions(owner: Self, options: TaskStreamOptions): Required<TaskStreamOptions> {
  expectOptions("a task stream", TASK_STREAM_OPTIONS, options);
  const {
    maxConcurrency = owner.runtime.cores,
    timeoutMs = TIMEOUT_MS,
    ordered = true,
    onTimeout = "exit",
    zipInputOnExit = false,
  } = options;
  const isCount = Number.isInteger(maxConcurrency) && maxConcurrency > 0;
  expect(isCount, "a maxConcurrency of at least 1 task", maxConcurrency);
  expectTimeout(timeoutMs);
  expectBoolean("as the option ordered of a task stream", ordered);
  expectBoolean("as the option zipInputOnExit of a task stream", zipInputOnExit);
  expect(onTimeout === "exit" || onTimeout === "kill_task", "an onTimeout of exit or kill_task", onTimeout);
  return { maxConcurrency, timeoutMs, ordered, onTimeout, zipInputOnExit };
}

function expect(holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw runtimeError("ROOKERY_BADARG", expected, got);
}
