import type {
  Dest,
  Pid,
  Self,
  TaskBody,
  TaskResult,
  TaskStreamBody,
  TaskStreamOptions,
} from "../runtime/index.ts";
import { DownMessage, type Ref, Task, TIMEOUT } from "../runtime/index.ts";
import {
  asTask,
  calledBy,
  callersOf,
  expectFunction,
  expectOptions,
  expectOrigin,
  expectSelf,
  type Origin,
  runTask,
  TASK_STREAM_OPTIONS,
  taskStream,
} from "../runtime/internal.ts";
import type { ChildDefaults, ChildSpec, RestartType, Shutdown } from "./child-spec.ts";
import { DynamicSupervisor, type StartDynamicChildResult } from "./dynamic-supervisor.ts";
import { supervisorError } from "./errors.ts";
import type { TerminateChildResult } from "./supervisor.ts";

/** How long a task waits to be told what to do by the owner who has asked for it. */
const OWNER_TIMEOUT_MS = 5_000;

/** How a supervised task is ended, and whether it is started again: the options of `Task.Supervisor.start_child/3`. */
export interface SupervisedTaskOptions {
  /** `"temporary"` if left out: a task is not started again. */
  readonly restart?: RestartType;
  /** 5,000 ms if left out. */
  readonly shutdown?: Shutdown;
}

/** How a stream of supervised tasks runs, and how each is ended: the options of `Task.Supervisor.async_stream/4`. */
export type SupervisedTaskStreamOptions = TaskStreamOptions & Pick<SupervisedTaskOptions, "shutdown">;

/** What an owner sends to its task once it watches it: begin. */
class RunTask {
  readonly ref: Ref;

  constructor(ref: Ref) {
    this.ref = ref;
  }
}

// Its functions take a function where those of DynamicSupervisor take a child spec: it is one, but not to be used as one.
const SupervisorOfTasks: new () => DynamicSupervisor = DynamicSupervisor;

/**
 * A DynamicSupervisor of tasks: they are ended when it ends, and it knows how many there are. Takes the options of a
 * DynamicSupervisor. Elixir's `Task.Supervisor`.
 * @example
 * ```ts doctest
 * const tasks = await runtime.start(TaskSupervisor, {});
 * const task = await TaskSupervisor.async(self, tasks, () => 6 * 7);
 * await task.await(); // => 42
 * ```
 */
export class TaskSupervisor extends SupervisorOfTasks {
  static readonly module: string = import.meta.url;
  static readonly childSpec: ChildDefaults = { type: "supervisor" };

  /** Starts a task that nobody waits for. */
  static startChild(
    from: Origin,
    supervisor: Dest,
    body: TaskBody<unknown>,
    options: SupervisedTaskOptions = {},
  ): Promise<StartDynamicChildResult> {
    expectOptions("a task", ["restart", "shutdown"], options);
    expectOrigin(from);
    const task = calledBy("pid" in from ? callersOf(from) : [], body);
    return DynamicSupervisor.startChild(from, supervisor, taskSpec(task, options));
  }

  /**
   * Starts a task for `self`, linked to it as well as to the supervisor: a crash of either ends the other. Rejects with
   * `ROOKERY_MAX_CHILDREN` if the supervisor has no room.
   */
  static async async<Value>(
    self: Self,
    supervisor: Dest,
    body: TaskBody<Value>,
    options?: Omit<SupervisedTaskOptions, "restart">,
  ): Promise<Task<Value>> {
    const pid = await startOwned(self, supervisor, body, options);
    self.link(pid);
    return run(self, pid);
  }

  /** The same without the link to `self`: neither one's crash ends the other, and a crash of the task is the result of waiting for it. */
  static async asyncNolink<Value>(
    self: Self,
    supervisor: Dest,
    body: TaskBody<Value>,
    options?: Omit<SupervisedTaskOptions, "restart">,
  ): Promise<Task<Value>> {
    return run(self, await startOwned(self, supervisor, body, options));
  }

  /**
   * As `Task.asyncStream`, with tasks under the supervisor, linked to `self` as well. Throws `ROOKERY_MAX_CHILDREN` where it has no room
   * for a task. `Task.Supervisor.async_stream/4`.
   */
  static asyncStream<Input, Value>(
    self: Self,
    supervisor: Dest,
    inputs: Iterable<Input> | AsyncIterable<Input>,
    body: TaskStreamBody<Input, Value>,
    options: SupervisedTaskStreamOptions = {},
  ): AsyncGenerator<TaskResult<Value>, void, undefined> {
    return stream(TaskSupervisor.async, self, supervisor, inputs, body, options);
  }

  /** The same without the links to `self`: the crash of a task is a result, and when `self` dies its tasks run on. */
  static asyncStreamNolink<Input, Value>(
    self: Self,
    supervisor: Dest,
    inputs: Iterable<Input> | AsyncIterable<Input>,
    body: TaskStreamBody<Input, Value>,
    options: SupervisedTaskStreamOptions = {},
  ): AsyncGenerator<TaskResult<Value>, void, undefined> {
    return stream(TaskSupervisor.asyncNolink, self, supervisor, inputs, body, options);
  }

  /** Ends a task. */
  static terminateChild(from: Origin, supervisor: Dest, pid: Pid): Promise<TerminateChildResult> {
    return DynamicSupervisor.terminateChild(from, supervisor, pid);
  }

  /** The tasks that run. */
  static async children(from: Origin, supervisor: Dest): Promise<Pid[]> {
    const children = await DynamicSupervisor.whichChildren(from, supervisor);
    return children.flatMap(({ pid }) => (pid === undefined || pid === "restarting" ? [] : [pid]));
  }
}

function stream<Input, Value>(
  start: typeof TaskSupervisor.async<Value>,
  self: Self,
  supervisor: Dest,
  inputs: Iterable<Input> | AsyncIterable<Input>,
  body: TaskStreamBody<Input, Value>,
  options: SupervisedTaskStreamOptions,
): AsyncGenerator<TaskResult<Value>, void, undefined> {
  expectFunction("as the body of a task stream", body);
  expectSelf(self);
  expectOptions("a task stream", [...TASK_STREAM_OPTIONS, "shutdown"], options);
  const { shutdown, ...streamOptions } = options;
  const taskOptions = shutdown === undefined ? {} : { shutdown };
  const startTask = (input: Input) => start(self, supervisor, (task) => body(input, task), taskOptions);
  return taskStream(self, inputs, startTask, streamOptions);
}

function taskSpec(body: TaskBody<unknown>, options: SupervisedTaskOptions): ChildSpec {
  return { id: "task", start: (supervisor) => supervisor.spawnLink(body), restart: "temporary", ...options };
}

/** Starts a task that waits for its owner: it must not be done before it is watched, or its value would be lost. */
async function startOwned(
  self: Self,
  supervisor: Dest,
  body: TaskBody<unknown>,
  options: Omit<SupervisedTaskOptions, "restart"> = {},
): Promise<Pid> {
  expectOptions("a task", ["shutdown"], options);
  const callers = callersOf(self);
  const spec = taskSpec(
    asTask(body, (task) => obey(task, body, callers)),
    options,
  );
  const started = await DynamicSupervisor.startChild(self, supervisor, spec);
  if (started.ok) return started.pid;
  throw supervisorError("ROOKERY_MAX_CHILDREN", "the TaskSupervisor", supervisor);
}

async function obey(task: Self, body: TaskBody<unknown>, callers: readonly Pid[]): Promise<void> {
  const ownerRef = task.monitor(callers[0]!);
  const isOrder = (message: unknown): message is RunTask | DownMessage => {
    return message instanceof RunTask || (message instanceof DownMessage && message.ref === ownerRef);
  };
  const order = await task.receive(isOrder, { timeoutMs: OWNER_TIMEOUT_MS });
  if (order === TIMEOUT) task.exit("timeout");
  if (order instanceof DownMessage) task.exit(["shutdown", order.reason]);
  task.demonitor(ownerRef, { flush: true });
  await runTask(task, body, () => order.ref, callers);
}

function run<Value>(self: Self, pid: Pid): Task<Value> {
  const task = Task.watch<Value>(self, pid);
  self.send(pid, new RunTask(task.ref));
  return task;
}
