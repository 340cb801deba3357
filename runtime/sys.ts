import { expectBoolean, expectFunction, expectOptions } from "./argument.ts";
import type { SystemEvent } from "./behaviour.ts";
import { CALL_TIMEOUT_MS, place } from "./call.ts";
import type { CodeChange } from "./code-change.ts";
import type { Dest, ServerOf } from "./dest.ts";
import { runtimeError } from "./errors.ts";
import type { StateOf } from "./gen-server.ts";
import { type Origin, resolveOrigin } from "./origin.ts";
import type { DebugFunction, SysStatistics } from "./sys-debug.ts";
import { SystemCall, type SystemRequest } from "./system-call.ts";
import type { SystemStatus } from "./system-mode.ts";

/**
 * Looks into running servers and directs them, for operators and tests: OTP's `sys`. The server itself serves these requests,
 * between two messages, so that none is seen half done; one that is busy answers when it is done. Whoever is not asked pays nothing.
 *
 * All reject with an ExitError as a call does: `[why, ["sys", request, args]]`. A plain process serves none of them:
 * why is `"timeout"` then.
 *
 * @example
 * ```ts doctest
 * class Counter extends GenServer<{ count: number }> {
 *   init(count: number) { return ok({ count }); }
 * }
 * const counter = await runtime.start(Counter, 10);
 * await sys.replaceState(runtime, counter, (state) => ({ count: state.count + 1 }));
 * await sys.getState(runtime, counter); // => { count: 11 }
 * ```
 */
export interface Sys {
  /** A copy of the state, never what `formatStatus` makes of it. `sys:get_state/2`. */
  getState<D extends Dest>(origin: Origin, dest: D, timeoutMs?: number): Promise<StateOf<ServerOf<D>>>;
  /**
   * Replaces the state by what `replace` makes of a copy of it, and answers it. When that throws, rejects with
   * ROOKERY_SYS_CALLBACK, and the server goes on with the state that it had. `sys:replace_state/3`.
   */
  replaceState<D extends Dest>(
    origin: Origin,
    dest: D,
    replace: (state: StateOf<ServerOf<D>>) => StateOf<ServerOf<D>>,
    timeoutMs?: number,
  ): Promise<StateOf<ServerOf<D>>>;
  /** What there is to know of a server; its state as `formatStatus` shows it. `sys:get_status/2`. */
  getStatus(origin: Origin, dest: Dest, timeoutMs?: number): Promise<SystemStatus>;
  /**
   * From now on only requests of `sys`, `stop` and the exit of its parent are served; everything else waits, in order. Once is
   * enough, however often it is said. `sys:suspend/2`.
   */
  suspend(origin: Origin, dest: Dest, timeoutMs?: number): Promise<"ok">;
  /** Goes on with what has waited. `sys:resume/2`. */
  resume(origin: Origin, dest: Dest, timeoutMs?: number): Promise<"ok">;
  /** Makes it terminate with `reason`, its `terminate` included; answers before it is dead. `sys:terminate/3`. */
  terminate(origin: Origin, dest: Dest, reason: unknown, timeoutMs?: number): Promise<"ok">;
  /**
   * Makes a suspended server go on with other code: with an instance of the class `server`, if one is given, whose `codeChange`
   * makes the new state of the old one. Only the state goes over; what else the old instance held is gone. Whoever starts the
   * server again, such as its supervisor, starts what it always started. `sys:change_code/5`.
   *
   * Rejects with ROOKERY_NOT_SUSPENDED for a server that runs (OTP's `unknown_system_msg`), and with ROOKERY_CODE_CHANGE, whose
   * `cause` is what `codeChange` threw or returned, where OTP answers `{error, Reason}`: nothing has changed then.
   * @example
   * ```ts doctest
   * class Old extends GenServer<number> {
   *   init(count: number) { return ok(count); }
   * }
   * class New extends GenServer<{ count: number }> {
   *   init(count: number) { return ok({ count }); }
   *   codeChange(_oldVersion: unknown, count: number) { return ok({ count }); }
   * }
   * const counter = await runtime.start(Old, 10);
   * await sys.suspend(runtime, counter);
   * await sys.changeCode(runtime, counter, { server: New, oldVersion: 1 });
   * await sys.resume(runtime, counter);
   * await sys.getState(runtime, counter); // => { count: 10 }
   * ```
   */
  changeCode(origin: Origin, dest: Dest, change: CodeChange, timeoutMs?: number): Promise<"ok">;
  /** Counts messages and replies from now on, or no longer; `"get"` answers the counts. `sys:statistics/3`. */
  statistics(origin: Origin, dest: Dest, flag: boolean, timeoutMs?: number): Promise<"ok">;
  statistics(
    origin: Origin,
    dest: Dest,
    flag: "get",
    timeoutMs?: number,
  ): Promise<SysStatistics | "no_statistics">;
  /**
   * Keeps the last 10 events, or as many as are said, until it is told to keep none; `"print"` hands them to the logger.
   * `sys:log/3`.
   */
  log(origin: Origin, dest: Dest, flag: boolean | number | "print", timeoutMs?: number): Promise<"ok">;
  log(origin: Origin, dest: Dest, flag: "get", timeoutMs?: number): Promise<readonly SystemEvent[]>;
  /** Hands each event to the logger, at level info, as a line beginning with `*DBG*`. `sys:trace/3`. */
  trace(origin: Origin, dest: Dest, flag: boolean, timeoutMs?: number): Promise<"ok">;
  /**
   * Tells `run` of each event: with `state` first, then with what it answered last; until that is `"done"`, or it throws. It runs in
   * the server, which waits for it. Changes nothing when the `id` is installed already. `sys:install/3`.
   */
  install<State>(
    origin: Origin,
    dest: Dest,
    debug: {
      readonly run: (state: State, event: SystemEvent, who: Parameters<DebugFunction>[2]) => State | "done";
      readonly state: State;
      /** Default: `run` itself. */
      readonly id?: unknown;
    },
    timeoutMs?: number,
  ): Promise<"ok">;
  /** Removes a function by its id. `sys:remove/3`. */
  remove(origin: Origin, dest: Dest, id: unknown, timeoutMs?: number): Promise<"ok">;
  /** Ends all of it: statistics, log, trace, functions. `sys:no_debug/2`. */
  noDebug(origin: Origin, dest: Dest, timeoutMs?: number): Promise<"ok">;
}

function ask(
  origin: Origin,
  dest: Dest,
  request: SystemRequest,
  timeoutMs: number | undefined,
): Promise<never> {
  const { shard, process } = resolveOrigin(origin);
  const args = [dest, ...request.slice(1), ...(timeoutMs === undefined ? [] : [timeoutMs])];
  const pending = new SystemCall(shard, process, dest, request, args, timeoutMs ?? CALL_TIMEOUT_MS);
  return place(pending) as Promise<never>;
}

/** Looks into servers, holds them up and changes them while they run: `sys`. See Sys. */
export const sys: Sys = {
  getState: (origin, dest, timeoutMs) => ask(origin, dest, ["get_state"], timeoutMs),
  replaceState: (origin, dest, replace, timeoutMs) => {
    expectFunction("of the old state", replace);
    return ask(origin, dest, ["replace_state", replace as (state: unknown) => unknown], timeoutMs);
  },
  getStatus: (origin, dest, timeoutMs) => ask(origin, dest, ["get_status"], timeoutMs),
  suspend: (origin, dest, timeoutMs) => ask(origin, dest, ["suspend"], timeoutMs),
  resume: (origin, dest, timeoutMs) => ask(origin, dest, ["resume"], timeoutMs),
  terminate: (origin, dest, reason, timeoutMs) => ask(origin, dest, ["terminate", reason], timeoutMs),
  changeCode: (origin, dest, change, timeoutMs) => {
    expectOptions("a change of code", ["server", "oldVersion", "extra"], change);
    return ask(origin, dest, ["change_code", change], timeoutMs);
  },
  statistics: (origin: Origin, dest: Dest, flag: boolean | "get", timeoutMs?: number) => {
    if (flag !== "get") expectBoolean('or "get" for statistics', flag);
    return ask(origin, dest, ["statistics", flag], timeoutMs);
  },
  log: (origin: Origin, dest: Dest, flag: boolean | number | "get" | "print", timeoutMs?: number) => {
    if (typeof flag === "number" && !(Number.isInteger(flag) && flag > 0))
      throw runtimeError("ROOKERY_BADARG", "a number of events above 0", flag);
    if (typeof flag !== "number" && flag !== "get" && flag !== "print")
      expectBoolean('or a number of events, "get" or "print" for a log', flag);
    return ask(origin, dest, ["log", flag], timeoutMs);
  },
  trace: (origin, dest, flag, timeoutMs) => {
    expectBoolean("for a trace", flag);
    return ask(origin, dest, ["trace", flag], timeoutMs);
  },
  install: (origin, dest, debug, timeoutMs) => {
    expectOptions("a debug function", ["run", "state", "id"], debug);
    const { run, state, id = run } = debug;
    expectFunction("to tell of events", run);
    return ask(origin, dest, ["install", id, run, state], timeoutMs);
  },
  remove: (origin, dest, id, timeoutMs) => ask(origin, dest, ["remove", id], timeoutMs),
  noDebug: (origin, dest, timeoutMs) => ask(origin, dest, ["no_debug"], timeoutMs),
};
