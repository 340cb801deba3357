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
import { calledBy, callersOf, type Origin, runTask, taskStream } from "../runtime/internal.ts";
import type { ChildDefaults, ChildSpec, RestartType, Shutdown } from "./child-spec.ts";
import { DynamicSupervisor, type StartDynamicChildResult } from "./dynamic-supervisor.ts";
import { supervisorError } from "./errors.ts";
import type { TerminateChildResult } from "./supervisor.ts";

/** How long a task waits to be told what to do by the owner who has asked for it. */
const OWNER_TIMEOUT_MS = 5_000;

export interface SupervisedTaskOptions {
  /** `"temporary"` if left out: a task is not started again. */
  readonly restart?: RestartType;
  /** 5,000 ms if left out. */
  readonly shutdown?: Shutdown;
}

export type SupervisedTaskStreamOptions = TaskStreamOptions & Pick<SupervisedTaskOptions, "shutdown">;

/** What an owner sends to its task once it watches it. */
class RunTask {
  readonly ref: Ref;
  readonly body: TaskBody<unknown>;

  constructor(ref: Ref, body: TaskBody<unknown>) {
    this.ref = ref;
    this.body = body;
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
    const pid = await startOwned(self, supervisor, options);
    self.link(pid);
    return run(self, pid, body);
  }

  /** The same without the link to `self`: neither one's crash ends the other, and a crash of the task is the result of waiting for it. */
  static async asyncNolink<Value>(
    self: Self,
    supervisor: Dest,
    body: TaskBody<Value>,
    options?: Omit<SupervisedTaskOptions, "restart">,
  ): Promise<Task<Value>> {
    return run(self, await startOwned(self, supervisor, options), body);
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
  { shutdown, ...options }: SupervisedTaskStreamOptions,
): AsyncGenerator<TaskResult<Value>, void, undefined> {
  const taskOptions = shutdown === undefined ? {} : { shutdown };
  const startTask = (input: Input) => start(self, supervisor, (task) => body(input, task), taskOptions);
  return taskStream(self, inputs, startTask, options);
}

function taskSpec(body: TaskBody<unknown>, options: SupervisedTaskOptions): ChildSpec {
  return { id: "task", start: (supervisor) => supervisor.spawnLink(body), restart: "temporary", ...options };
}

/** Starts a task that waits for its owner: it must not be done before it is watched, or its value would be lost. */
async function startOwned(
  self: Self,
  supervisor: Dest,
  options: Omit<SupervisedTaskOptions, "restart"> = {},
): Promise<Pid> {
  const callers = callersOf(self);
  const spec = taskSpec((task) => obey(task, callers), options);
  const started = await DynamicSupervisor.startChild(self, supervisor, spec);
  if (started.ok) return started.pid;
  throw supervisorError("ROOKERY_MAX_CHILDREN", "the TaskSupervisor", supervisor);
}

async function obey(task: Self, callers: readonly Pid[]): Promise<void> {
  const ownerRef = task.monitor(callers[0]!);
  const isOrder = (message: unknown): message is RunTask | DownMessage => {
    return message instanceof RunTask || (message instanceof DownMessage && message.ref === ownerRef);
  };
  const order = await task.receive(isOrder, { timeoutMs: OWNER_TIMEOUT_MS });
  if (order === TIMEOUT) task.exit("timeout");
  if (order instanceof DownMessage) task.exit(["shutdown", order.reason]);
  task.demonitor(ownerRef, { flush: true });
  await runTask(task, order.body, () => order.ref, callers);
}

function run<Value>(self: Self, pid: Pid, body: TaskBody<Value>): Task<Value> {
  const task = Task.watch<Value>(self, pid);
  self.send(pid, new RunTask(task.ref, body));
  return task;
}
