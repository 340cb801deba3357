import { brief, ExitError, errorText } from "./errors.ts";
import { DownMessage } from "./down-message.ts";
import { ExitMessage } from "./exit-message.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import { TIMEOUT } from "./receive.ts";
import type { Ref } from "./ref.ts";
import type { Self } from "./self.ts";

/** How long an await waits unless told otherwise: as Task.await does. */
const AWAIT_TIMEOUT_MS = 5_000;

export type TaskBody<Value> = (self: Self) => Value | Promise<Value>;

export type TaskResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: ExitReason };

/** What a task sends to its owner when it is done: `{Ref, Value}`. Servers that don't await find it in `handleInfo`. */
export class TaskReply {
  readonly ref: Ref;
  readonly value: unknown;

  constructor(ref: Ref, value: unknown) {
    this.ref = ref;
    this.value = value;
  }
}

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
    const pid = self.spawnLink((task) => runTask(task, body, () => box.task!.ref, self.pid));
    // The body runs in a later turn: the reference is there when it is needed.
    box.task = Task.watch(self, pid);
    return box.task;
  }

  /** Starts `body` linked to `self`; nobody waits for its value. `Task.start_link/1`. */
  static startLink(self: Self, body: TaskBody<unknown>): Pid {
    return self.spawnLink(body);
  }

  /** Starts `body` on its own. `Task.start/1`. */
  static start(self: Self, body: TaskBody<unknown>): Pid {
    return self.spawn(body);
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
    if (result === TIMEOUT) {
      throw new ExitError("ROOKERY_TASK_TIMEOUT", errorText("ROOKERY_TASK_TIMEOUT", this.pid, timeoutMs), [
        "timeout",
        call,
      ]);
    }
    if (result.ok) return result.value;
    const text = errorText("ROOKERY_TASK_EXIT", this.pid, brief(result.reason));
    throw new ExitError("ROOKERY_TASK_EXIT", text, [result.reason, call]);
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

/** @internal What the process of a task does. */
export async function runTask<Value>(
  self: Self,
  body: TaskBody<Value>,
  ref: () => Ref,
  owner: Pid,
): Promise<void> {
  self.put("$callers", [owner]);
  const value = await body(self);
  self.send(ref(), new TaskReply(ref(), value));
}
