import type {
  CallResult,
  CastResult,
  Dest,
  InitResult,
  Pid,
  ServerInstance,
  ViaName,
} from "../runtime/index.ts";
import { DownMessage, ExitMessage, GenServer, noReply, ok, reply, stop } from "../runtime/index.ts";
import {
  callFor,
  expectOrigin,
  expectPid,
  isOrderly,
  type Origin,
  type Waiter,
} from "../runtime/internal.ts";
import { BAD_COMBINATION, endsSupervisor } from "./auto-shutdown.ts";
import { endedAsTold, shutdownChild } from "./child-shutdown.ts";
import {
  type ChildDefaults,
  type ChildName,
  type ChildSpec,
  type CompleteChildSpec,
  completeChildSpec,
  modulesOf,
  type ServerChildSpec,
  specToKeep,
} from "./child-spec.ts";
import { startChild, startChildAndThen, type StartedChild, uncaughtReason } from "./child-start.ts";
import { supervisorError } from "./errors.ts";
import { RestartIntensity } from "./restart-intensity.ts";
import { afterExit } from "./restart-plan.ts";
import type { ChildCounts, ChildInfo, TerminateChildResult } from "./supervisor.ts";
import {
  type CompleteDynamicSupervisorOptions,
  completeDynamicSupervisorOptions,
  type DynamicSupervisorOptions,
} from "./supervisor-options.ts";
import { SupervisorReport } from "./supervisor-report.ts";

/** The reason is `"max_children"`, `"ignore"`, or that of the start which failed. */
export type StartDynamicChildResult<S = unknown> =
  | { readonly ok: true; readonly pid: Pid<S>; readonly extra?: unknown }
  | { readonly ok: false; readonly reason: unknown };

type Request =
  | readonly ["start_child", CompleteChildSpec]
  | readonly ["terminate_child", Pid]
  | readonly ["which_children"]
  | readonly ["count_children"];

/** A child, known by its pid; while it is restarting, by that of the process that it was. */
class DynamicChild {
  readonly spec: CompleteChildSpec;
  pid: Pid;
  restarting = false;
  starts = 0;

  constructor(spec: CompleteChildSpec, pid: Pid) {
    this.spec = spec;
    this.pid = pid;
  }
}

interface DynamicSupervisorState {
  readonly options: CompleteDynamicSupervisorOptions;
  readonly children: Map<Pid, DynamicChild>;
  readonly intensity: RestartIntensity;
}

/** What a supervisor sends to itself after a failed restart, so that requests are served between the attempts. */
class TryAgain {
  readonly pid: Pid;

  constructor(pid: Pid) {
    this.pid = pid;
  }
}

/** The time of children with the same shutdown time is over. */
class ShutdownOverdue {
  readonly shutdownMs: number;

  constructor(shutdownMs: number) {
    this.shutdownMs = shutdownMs;
  }
}

/**
 * Starts children on demand, any number of them, and forgets those that have ended and are not started again. Children are
 * known by their pids; the ids of their specs need not differ. They have no order: a crash concerns only the one that
 * crashed, and when the supervisor ends, all are ended at once, each with the time of its own shutdown.
 * Elixir's `DynamicSupervisor`.
 * @example
 * ```ts doctest
 * class Cell extends GenServer<number, "get"> {
 *   init(value: number) { return ok(value); }
 *   handleCall() { return reply(this.state); }
 * }
 * const cells = await runtime.start(DynamicSupervisor, { maxChildren: 1 });
 * const cell = await DynamicSupervisor.startChild(runtime, cells, child(Cell, 7, { restart: "temporary" }));
 * await runtime.call(cell.pid, "get"); // => 7
 * await DynamicSupervisor.startChild(runtime, cells, child(Cell, 8)); // => { ok: false, reason: "max_children" }
 * await DynamicSupervisor.terminateChild(runtime, cells, cell.pid); // => { ok: true }
 * ```
 */
export class DynamicSupervisor extends GenServer<DynamicSupervisorState, Request> {
  static override readonly module: string = import.meta.url;
  static readonly childSpec: ChildDefaults = { type: "supervisor" };

  #report!: SupervisorReport;
  #kept: CompleteChildSpec | undefined = undefined;

  /**
   * Starts a child; the supervisor is its parent. Rejects for an invalid spec (`ROOKERY_CHILD_SPEC`). The compiler knows nothing of
   * `extraArguments`: beside them, hand in a `ChildSpec`.
   */
  static startChild<S extends ServerInstance, Name extends string | ViaName>(
    from: Origin,
    supervisor: Dest,
    spec: ServerChildSpec<S> & ChildName<NoInfer<S>, Name>,
  ): Promise<StartDynamicChildResult<S>> {
    try {
      return ask(from, supervisor, ["start_child", completeChildSpec(spec as ChildSpec)]);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Ends a child and forgets it. */
  static terminateChild(from: Origin, supervisor: Dest, pid: Pid): Promise<TerminateChildResult> {
    expectPid(pid);
    return ask(from, supervisor, ["terminate_child", pid]);
  }

  /** All children, without ids. */
  static whichChildren(from: Origin, supervisor: Dest): Promise<readonly ChildInfo[]> {
    return ask(from, supervisor, ["which_children"]);
  }

  /** `specs` is the number of children; `active` leaves out those that are restarting. */
  static countChildren(from: Origin, supervisor: Dest): Promise<ChildCounts> {
    return ask(from, supervisor, ["count_children"]);
  }

  /** Ends a supervisor and its children, as `GenServer.stop` does. */
  static stop(from: Origin, supervisor: Dest, reason: unknown = "normal", timeoutMs?: number): Promise<void> {
    return expectOrigin(from).stop(supervisor, reason, timeoutMs);
  }

  init(arg: DynamicSupervisorOptions): InitResult<DynamicSupervisorState> {
    const { self } = this;
    self.trapExit(true);
    const options = completeDynamicSupervisorOptions(arg);
    this.#report = new SupervisorReport(self);
    return ok({
      options,
      children: new Map(),
      intensity: new RestartIntensity(options.intensity, options.periodMs),
    });
  }

  override handleCall(request: Request): CallResult | Promise<CallResult> {
    // Whoever calls it by itself may send anything.
    if (!Array.isArray(request))
      throw supervisorError("ROOKERY_SUPERVISOR_REQUEST", "a DynamicSupervisor", request);
    switch (request[0]) {
      case "start_child":
        return this.#startChild(request[1]);
      case "terminate_child":
        return this.#terminateChild(request[1]);
      case "which_children":
        return reply(Array.from(this.state.children.values(), childInfo));
      case "count_children":
        return reply(countChildren(this.state.children.values()));
      default:
        throw supervisorError("ROOKERY_SUPERVISOR_REQUEST", "a DynamicSupervisor", request);
    }
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message instanceof ExitMessage) return this.#exited(message);
    if (message instanceof TryAgain) {
      const child = this.state.children.get(message.pid);
      // It may have been ended before its turn came.
      return child === undefined ? noReply() : this.#restart(child);
    }
    this.#report.unexpected(message);
    return noReply();
  }

  override async terminate(): Promise<void> {
    const { self } = this;
    const waiting = new Map<Pid, DynamicChild>();
    const overdue = new Set<number>();
    for (const child of this.state.children.values()) {
      if (child.restarting) continue;
      const { pid } = child;
      const { shutdown } = child.spec;
      waiting.set(pid, child);
      self.monitor(pid);
      self.exit(pid, shutdown === "brutal_kill" ? "kill" : "shutdown");
      if (typeof shutdown === "number" && !overdue.has(shutdown)) {
        overdue.add(shutdown);
        self.sendAfter(shutdown, self.pid, new ShutdownOverdue(shutdown));
      }
    }
    while (waiting.size > 0) {
      // This process answers nobody any more, so whatever it does not wait for can be dropped: no message is looked at twice.
      const message = await self.receive();
      if (message instanceof ShutdownOverdue) {
        for (const [pid, { spec }] of waiting) {
          if (spec.shutdown === message.shutdownMs) self.exit(pid, "kill");
        }
      } else if (message instanceof ExitMessage || message instanceof DownMessage) {
        // The EXIT comes first and has the real reason; of a child that has unlinked itself only the DOWN comes.
        const pid = message instanceof ExitMessage ? message.pid : (message.process as Pid);
        const child = waiting.get(pid);
        if (child === undefined) continue;
        waiting.delete(pid);
        this.#ended(child, message.reason);
      }
    }
  }

  #startChild(spec: CompleteChildSpec): CallResult | Promise<CallResult> {
    const { children, options } = this.state;
    if (children.size >= options.maxChildren) return reply({ ok: false, reason: "max_children" });
    if (spec.significant && options.autoShutdown === "never")
      return reply({ ok: false, reason: BAD_COMBINATION });
    return startChildAndThen(this.self, spec, uncaughtReason, options.extraArguments, (started) =>
      this.#started(spec, started),
    );
  }

  #started(spec: CompleteChildSpec, started: StartedChild): CallResult {
    if (!started.ok) return reply(started);
    if (started.pid === undefined) return reply({ ok: false, reason: "ignore" });
    this.#kept = specToKeep(spec, this.#kept);
    this.#runs(new DynamicChild(this.#kept, started.pid));
    return reply(started);
  }

  async #terminateChild(pid: Pid): Promise<CallResult> {
    const child = this.state.children.get(pid);
    if (child === undefined) return reply({ ok: false, reason: "not_found" });
    if (!child.restarting) {
      this.#ended(child, await shutdownChild(this.self, pid, child.spec.shutdown));
    }
    this.state.children.delete(pid);
    return reply({ ok: true });
  }

  #exited({ pid, reason }: ExitMessage): CastResult | Promise<CastResult> {
    const { children, options } = this.state;
    const child = children.get(pid);
    if (child === undefined) return noReply();
    const { restart } = child.spec;
    const orderly = isOrderly(reason);
    if (!orderly || restart === "permanent") this.#report.child("child_terminated", reason, child);
    if (afterExit(restart, orderly) === "restart") return this.#restart(child);
    children.delete(pid);
    return endsSupervisor(options.autoShutdown, child, children.values()) ? stop("shutdown") : noReply();
  }

  /** Counts and starts again; what fails to start is tried again after what is in the mailbox. */
  async #restart(child: DynamicChild): Promise<CastResult> {
    const { children, intensity, options } = this.state;
    const { self } = this;
    if (!intensity.add(self.runtime.clock.nowMs())) {
      this.#report.child("shutdown", "reached_max_restart_intensity", child);
      children.delete(child.pid);
      return stop("shutdown");
    }
    this.#report.restart(child);
    const started = await startChild(self, child.spec, uncaughtReason, options.extraArguments);
    if (!started.ok) {
      this.#report.child("start_error", started.reason, child);
      child.restarting = true;
      self.send(self.pid, new TryAgain(child.pid));
      return noReply();
    }
    children.delete(child.pid);
    if (started.pid === undefined) return noReply();
    child.pid = started.pid;
    child.restarting = false;
    this.#runs(child);
    return noReply();
  }

  /** A child has ended because it was told to. */
  #ended(child: DynamicChild, reason: unknown): void {
    if (!endedAsTold(child.spec, reason)) this.#report.child("shutdown_error", reason, child);
  }

  #runs(child: DynamicChild): void {
    child.starts += 1;
    this.state.children.set(child.pid, child);
    this.#report.progress(child);
  }
}

/** As `DynamicSupervisor.startChild`, by one who does not wait for a promise. */
export function startDynamicChildFor(
  waiter: Waiter<StartDynamicChildResult>,
  from: Origin,
  supervisor: Dest,
  spec: CompleteChildSpec,
): void {
  const request: Request = ["start_child", spec];
  callFor(waiter as Waiter<unknown>, from, supervisor, request, Number.POSITIVE_INFINITY);
}

function ask<Answer>(from: Origin, supervisor: Dest, request: Request): Promise<Answer> {
  return expectOrigin(from).call(supervisor, request, Number.POSITIVE_INFINITY) as Promise<Answer>;
}

function childInfo({ spec, pid, restarting }: DynamicChild): ChildInfo {
  return { id: undefined, pid: restarting ? "restarting" : pid, type: spec.type, modules: modulesOf(spec) };
}

function countChildren(children: Iterable<DynamicChild>): ChildCounts {
  const counts = { specs: 0, active: 0, supervisors: 0, workers: 0 };
  for (const { spec, restarting } of children) {
    counts.specs += 1;
    counts[spec.type === "supervisor" ? "supervisors" : "workers"] += 1;
    if (!restarting) counts.active += 1;
  }
  return counts;
}
