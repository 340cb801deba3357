import type {
  CallResult,
  CastResult,
  Dest,
  InitResult,
  Self,
  ServerInstance,
  StartOptions,
  ViaName,
} from "../runtime/index.ts";
import { ExitMessage, GenServer, noReply, ok, Pid, reply, stop } from "../runtime/index.ts";
import { expectOrigin, expectSelf, isOrderly, type Origin } from "../runtime/internal.ts";
import { BAD_COMBINATION, endsSupervisor } from "./auto-shutdown.ts";
import { endedAsTold, shutdownChild } from "./child-shutdown.ts";
import type {
  ChildDefaults,
  ChildId,
  ChildName,
  ChildSpec,
  ChildType,
  CompleteChildSpec,
  ServerChildSpec,
} from "./child-spec.ts";
import { completeChildSpec, modulesOf, specToKeep } from "./child-spec.ts";
import { caughtReason, startChild } from "./child-start.ts";
import { supervisorError } from "./errors.ts";
import { RestartIntensity } from "./restart-intensity.ts";
import { afterExit, planRestart, shutdownOrder } from "./restart-plan.ts";
import { SupervisedChild } from "./supervised-child.ts";
import {
  type CompleteSupervisorOptions,
  completeSupervisorOptions,
  type SupervisorOptions,
} from "./supervisor-options.ts";
import { SupervisorReport } from "./supervisor-report.ts";

/** `pid` is undefined for a start function that answered `"ignore"`. */
export type StartChildResult<S = unknown> =
  | { readonly ok: true; readonly pid: Pid<S> | undefined; readonly extra?: unknown }
  | { readonly ok: false; readonly reason: StartChildError };

/** The last form holds the reason of the start that failed, and the spec. */
export type StartChildError =
  | "already_present"
  | readonly ["already_started", Pid]
  | readonly ["bad_combination", unknown]
  | readonly [reason: unknown, spec: CompleteChildSpec];

/** The reason is `"not_found"`, `"running"`, `"restarting"`, or that of the start which failed. */
export type RestartChildResult =
  | { readonly ok: true; readonly pid: Pid | undefined; readonly extra?: unknown }
  | { readonly ok: false; readonly reason: unknown };

/** What `Supervisor.terminateChild` answers: also ok for a child that has ended already. `Supervisor.terminate_child/2`. */
export type TerminateChildResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "not_found" };

/** What `Supervisor.deleteChild` answers: only a child that has ended can be deleted. `Supervisor.delete_child/2`. */
export type DeleteChildResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "not_found" | "running" | "restarting" };

/** What `Supervisor.getChildSpec` answers: the spec, or that there is no such child. `supervisor:get_childspec/2`. */
export type ChildSpecResult =
  | { readonly ok: true; readonly spec: CompleteChildSpec }
  | { readonly ok: false; readonly reason: "not_found" };

/** A child as `whichChildren` lists it. `modules` names the class of the server, or the start function. */
export interface ChildInfo {
  readonly id: ChildId | undefined;
  readonly pid: Pid | "restarting" | undefined;
  readonly type: ChildType;
  readonly modules: readonly string[];
}

/** `active` counts processes that live; `supervisors` and `workers` count specs, whether they have one or not. */
export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

type Request =
  | readonly ["start_child", CompleteChildSpec]
  | readonly ["terminate_child" | "restart_child" | "delete_child" | "get_childspec", ChildId]
  | readonly ["which_children"]
  | readonly ["count_children"];

interface SupervisorState {
  readonly options: CompleteSupervisorOptions;
  /** In start order; a restart does not change it. */
  readonly children: Map<ChildId, SupervisedChild>;
  readonly byPid: Map<Pid, SupervisedChild>;
  readonly intensity: RestartIntensity;
}

/** What a supervisor sends to itself after a failed restart, so that requests are served between the attempts. */
class TryAgain {
  readonly id: ChildId;

  constructor(id: ChildId) {
    this.id = id;
  }
}

/**
 * Starts its children in order, starts them again when they crash, as strategy and restart types say, and ends them in
 * reverse order when it ends itself. It gives up, with exit reason `"shutdown"`, when it would have to restart more often
 * than `intensity` times within `periodMs`. OTP's `supervisor`, with the defaults of Elixir's.
 *
 * If a child fails to start, those that run already are ended, and the start of the supervisor fails with
 * `["shutdown", ["failed_to_start_child", id, reason]]`.
 * @example
 * ```ts doctest
 * class Cell extends GenServer<number, "get"> {
 *   init(value: number) { return ok(value); }
 *   handleCall() { return reply(this.state); }
 * }
 * const tree = await Supervisor.start(runtime, {
 *   strategy: "one_for_one",
 *   children: [{ id: "cell", start: [Cell, 7], name: "cell" }],
 * });
 * runtime.exit("cell", "kill");
 * await Supervisor.countChildren(runtime, tree); // => { specs: 1, active: 1, supervisors: 0, workers: 1 }
 * await runtime.call("cell", "get"); // => 7
 * ```
 */
export class Supervisor extends GenServer<SupervisorState, Request> {
  static override readonly module: string = import.meta.url;
  static readonly childSpec: ChildDefaults = { type: "supervisor" };

  #report!: SupervisorReport;

  /** `runtime.start(Supervisor, options)`, with each child held against the class of its server. Elixir's `Supervisor.start_link/2`. */
  static start<Servers extends readonly ServerInstance[], Name extends string | ViaName>(
    from: Origin,
    options: SupervisorOptions<Servers>,
    startOptions?: StartOptions<Supervisor, Name>,
  ): Promise<Pid<Supervisor>> {
    return expectOrigin(from).start(Supervisor, options as SupervisorOptions, startOptions);
  }

  /** The same, linked. */
  static startLink<Servers extends readonly ServerInstance[], Name extends string | ViaName>(
    self: Self,
    options: SupervisorOptions<Servers>,
    startOptions?: StartOptions<Supervisor, Name>,
  ): Promise<Pid<Supervisor>> {
    return expectSelf(self).startLink(Supervisor, options as SupervisorOptions, startOptions);
  }

  /**
   * Adds a child behind the others and starts it; the supervisor is its parent. If it does not start, its spec is not kept.
   * Rejects for an invalid spec (`ROOKERY_CHILD_SPEC`). `supervisor:start_child/2`.
   */
  static async startChild<S extends ServerInstance, Name extends string | ViaName>(
    from: Origin,
    supervisor: Dest,
    spec: ServerChildSpec<S> & ChildName<NoInfer<S>, Name>,
  ): Promise<StartChildResult<S>> {
    return ask(from, supervisor, ["start_child", completeChildSpec(spec as ChildSpec)]);
  }

  /** Ends a child, as its shutdown says; it is not started again by itself. The spec of a temporary one is deleted. */
  static terminateChild(from: Origin, supervisor: Dest, id: ChildId): Promise<TerminateChildResult> {
    return ask(from, supervisor, ["terminate_child", id]);
  }

  /** Starts a child that has no process. A failure changes nothing. */
  static restartChild(from: Origin, supervisor: Dest, id: ChildId): Promise<RestartChildResult> {
    return ask(from, supervisor, ["restart_child", id]);
  }

  /** Deletes the spec of a child that has no process. */
  static deleteChild(from: Origin, supervisor: Dest, id: ChildId): Promise<DeleteChildResult> {
    return ask(from, supervisor, ["delete_child", id]);
  }

  /** All children, the last started first. */
  static whichChildren(from: Origin, supervisor: Dest): Promise<readonly ChildInfo[]> {
    return ask(from, supervisor, ["which_children"]);
  }

  static countChildren(from: Origin, supervisor: Dest): Promise<ChildCounts> {
    return ask(from, supervisor, ["count_children"]);
  }

  /** The spec of a child with its defaults filled in. That of a temporary one that was added lacks its argument, which is not kept. */
  static getChildSpec(from: Origin, supervisor: Dest, id: ChildId): Promise<ChildSpecResult> {
    return ask(from, supervisor, ["get_childspec", id]);
  }

  /** Ends a supervisor and its children, as `GenServer.stop` does. */
  static stop(from: Origin, supervisor: Dest, reason: unknown = "normal", timeoutMs?: number): Promise<void> {
    return expectOrigin(from).stop(supervisor, reason, timeoutMs);
  }

  async init(arg: SupervisorOptions): Promise<InitResult<SupervisorState>> {
    const { self } = this;
    self.trapExit(true);
    const options = completeSupervisorOptions(arg);
    this.#report = new SupervisorReport(self);
    const children = new Map(options.children.map((spec) => [spec.id, new SupervisedChild(spec)]));
    const intensity = new RestartIntensity(options.intensity, options.periodMs);
    this.state = { options, children, byPid: new Map(), intensity };
    const failure = await this.#start([...children.values()]);
    if (failure === undefined) return ok(this.state);
    await this.#end(shutdownOrder(children.values()));
    return stop(["shutdown", ["failed_to_start_child", failure.child.spec.id, failure.reason]]);
  }

  override handleCall(request: Request): CallResult | Promise<CallResult> {
    const { children } = this.state;
    // Whoever calls it by itself may send anything.
    if (!Array.isArray(request)) throw supervisorError("ROOKERY_SUPERVISOR_REQUEST", "a Supervisor", request);
    switch (request[0]) {
      case "which_children":
        return reply([...children.values()].map(childInfo).reverse());
      case "count_children":
        return reply(this.#countChildren());
      case "start_child":
        return this.#startChild(request[1]);
      case "terminate_child":
      case "restart_child":
      case "delete_child":
      case "get_childspec": {
        const child = children.get(request[1]);
        return child === undefined
          ? reply({ ok: false, reason: "not_found" })
          : this.#manage(request[0], child);
      }
      default:
        throw supervisorError("ROOKERY_SUPERVISOR_REQUEST", "a Supervisor", request);
    }
  }

  override handleInfo(message: unknown): CastResult | Promise<CastResult> {
    if (message instanceof ExitMessage) return this.#exited(message);
    if (message instanceof TryAgain) {
      const child = this.state.children.get(message.id);
      // It was ended, or started with its siblings, before its turn came.
      return child?.pid === "restarting" ? this.#restart(child) : noReply();
    }
    this.#report.unexpected(message);
    return noReply();
  }

  override terminate(): Promise<void> {
    return this.#end(shutdownOrder(this.state.children.values()));
  }

  async #startChild(spec: CompleteChildSpec): Promise<CallResult> {
    const present = this.state.children.get(spec.id);
    if (present?.pid instanceof Pid) return reply({ ok: false, reason: ["already_started", present.pid] });
    if (present !== undefined) return reply({ ok: false, reason: "already_present" });
    if (spec.significant && this.state.options.autoShutdown === "never") {
      return reply({ ok: false, reason: BAD_COMBINATION });
    }
    const child = new SupervisedChild(specToKeep(spec));
    const started = await startChild(this.self, spec, caughtReason);
    if (!started.ok) return reply({ ok: false, reason: [started.reason, spec] });
    if (started.pid !== undefined || spec.restart !== "temporary") {
      this.state.children.set(spec.id, child);
      this.#runs(child, started.pid);
    }
    return reply(started);
  }

  #countChildren(): ChildCounts {
    const counts = { specs: 0, active: 0, supervisors: 0, workers: 0 };
    for (const { spec, pid } of this.state.children.values()) {
      counts.specs += 1;
      counts[spec.type === "supervisor" ? "supervisors" : "workers"] += 1;
      // A child that has unlinked itself may be dead without its supervisor's knowing.
      if (pid instanceof Pid && this.self.isAlive(pid)) counts.active += 1;
    }
    return counts;
  }

  #manage(
    action: "terminate_child" | "restart_child" | "delete_child" | "get_childspec",
    child: SupervisedChild,
  ): CallResult | Promise<CallResult> {
    if (action === "get_childspec") return reply({ ok: true, spec: child.spec });
    if (action === "terminate_child") return this.#end([child]).then(() => reply({ ok: true }));
    if (child.pid !== undefined) {
      return reply({ ok: false, reason: child.pid === "restarting" ? "restarting" : "running" });
    }
    if (action === "restart_child") return this.#restartChild(child);
    this.state.children.delete(child.spec.id);
    return reply({ ok: true });
  }

  async #restartChild(child: SupervisedChild): Promise<CallResult> {
    const started = await startChild(this.self, child.spec, caughtReason);
    if (started.ok) this.#runs(child, started.pid);
    return reply(started);
  }

  #exited({ pid, reason }: ExitMessage): CastResult | Promise<CastResult> {
    const child = this.state.byPid.get(pid);
    if (child === undefined) return noReply();
    const { restart } = child.spec;
    const orderly = isOrderly(reason);
    if (!orderly || restart === "permanent") this.#report.child("child_terminated", reason, child);
    const next = afterExit(restart, orderly);
    if (next === "restart") return this.#restart(child);
    this.#gone(child);
    const ends = endsSupervisor(this.state.options.autoShutdown, child, this.state.children.values());
    return ends ? stop("shutdown") : noReply();
  }

  /** Counts, ends who has to end, starts who has to start; what fails to start is tried again after what is in the mailbox. */
  async #restart(failed: SupervisedChild): Promise<CastResult> {
    const { children, intensity, options } = this.state;
    const { self } = this;
    const allowed = intensity.add(self.runtime.clock.nowMs());
    if (!allowed) this.#report.child("shutdown", "reached_max_restart_intensity", failed);
    this.#gone(failed);
    if (!allowed) return stop("shutdown");
    this.#report.restart(failed);
    const plan = planRestart(options.strategy, children.values(), failed);
    if (plan.stop.length > 0) await this.#end(plan.stop);
    const failure = await this.#start(plan.start);
    if (failure !== undefined) {
      failure.child.pid = "restarting";
      self.send(self.pid, new TryAgain(failure.child.spec.id));
    }
    return noReply();
  }

  /** Starts children one after the other, and stops at the first that does not start: what it answers. */
  async #start(
    children: readonly SupervisedChild[],
  ): Promise<{ readonly child: SupervisedChild; readonly reason: unknown } | undefined> {
    for (const child of children) {
      const started = await startChild(this.self, child.spec, caughtReason);
      if (!started.ok) {
        this.#report.child("start_error", started.reason, child);
        return { child, reason: started.reason };
      }
      if (started.pid === undefined) this.#gone(child);
      else this.#runs(child, started.pid);
    }
    return undefined;
  }

  /** Ends children one after the other, in the order given. */
  async #end(children: readonly SupervisedChild[]): Promise<void> {
    for (const child of children) {
      if (child.pid instanceof Pid) {
        const reason = await shutdownChild(this.self, child.pid, child.spec.shutdown);
        if (!endedAsTold(child.spec, reason)) this.#report.child("shutdown_error", reason, child);
      }
      this.#gone(child);
    }
  }

  #runs(child: SupervisedChild, pid: Pid | undefined): void {
    child.pid = pid;
    if (pid === undefined) return;
    child.starts += 1;
    this.state.byPid.set(pid, child);
    this.#report.progress(child);
  }

  /** Notes that a child has no process. Of a temporary one nothing is left. */
  #gone(child: SupervisedChild): void {
    if (child.pid instanceof Pid) this.state.byPid.delete(child.pid);
    child.pid = undefined;
    if (child.spec.restart === "temporary") this.state.children.delete(child.spec.id);
  }
}

function ask<Answer>(from: Origin, supervisor: Dest, request: Request): Promise<Answer> {
  return expectOrigin(from).call(supervisor, request, Number.POSITIVE_INFINITY) as Promise<Answer>;
}

function childInfo({ spec, pid }: SupervisedChild): ChildInfo {
  return { id: spec.id, pid, type: spec.type, modules: modulesOf(spec) };
}
