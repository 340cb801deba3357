import { isPromise } from "./async-outcome.ts";
import type { Behaviour, SystemCallbacks, SystemEvent } from "./behaviour.ts";
import { changeCode, type CodeChange } from "./code-change.ts";
import { brief, runtimeError } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import { formatStatus, type ServerStatus } from "./format-status.ts";
import { STOP, SYSTEM } from "./message-tag.ts";
import type { Pid } from "./pid.ts";
import { plainCopy } from "./plain-copy.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import { dictionaryOf } from "./process-info.ts";
import type { Ref } from "./ref.ts";
import { LOG_LENGTH, logEvent, SysDebug, type SysStatistics } from "./sys-debug.ts";
import type { RemoteSystemCall } from "./shards/remote-ref.ts";
import type { StatemWaiting } from "./statem-queue.ts";
import type { SystemCall } from "./system-call.ts";

/** What `sys.getStatus` tells of a server; of a GenStatem also what it has postponed, and its timeouts. */
export interface SystemStatus extends Partial<StatemWaiting> {
  readonly pid: Pid;
  /** The behaviour: `"GenServer"`. */
  readonly module: string;
  /** The class that it runs. */
  readonly callbackModule: string;
  readonly status: "running" | "suspended";
  readonly parent: Pid | undefined;
  readonly dictionary: ReadonlyMap<unknown, unknown>;
  readonly debug: {
    readonly trace: boolean;
    readonly statistics: SysStatistics | "no_statistics";
    readonly functions: readonly unknown[];
  };
  /** The events that `sys.log` has kept, as `formatStatus` shows them. */
  readonly log: readonly SystemEvent[];
  /** The state, as `formatStatus` shows it. */
  readonly state: unknown;
}

/**
 * The behaviour of a process that `sys` has suspended, or whose events it tells to debug functions. It stands in front of the
 * process's own behaviour as long as that is so: a process that nobody looks at pays nothing.
 */
export class SystemMode implements Behaviour {
  readonly own: Behaviour;
  readonly debug: SysDebug = new SysDebug();
  suspended = false;
  /** A message was told of, but not yet what came of it. */
  #owed = false;

  constructor(own: Behaviour) {
    this.own = own;
  }

  get system(): SystemCallbacks {
    return this.own.system!;
  }

  describe(process: Process): string {
    return this.own.describe(process);
  }

  turn(process: Process, budget: number): number {
    let taken = 0;
    while (
      taken < budget &&
      process.shard.scheduler.mayTake(taken) &&
      process.state === ProcessState.Running &&
      process.pendingExit === undefined
    ) {
      const one =
        this.suspended && process.outcome === undefined ? this.#serve(process) : this.#step(process);
      if (one === 0) break;
      taken += one;
    }
    return taken;
  }

  /** A callback has answered a call. */
  replied(process: Process, to: Ref, reply: unknown): void {
    this.#owed = false;
    this.debug.handle(process, ["out", reply, to, plainCopy(this.system.getState(process))]);
  }

  #step(process: Process): number {
    const event = this.system.nextEvent?.(process);
    if (event !== undefined) {
      this.debug.handle(process, event);
      this.#owed = true;
    }
    const taken = this.own.turn(process, 1);
    // An asynchronous callback is told of when it is done.
    if (this.#owed && process.state === ProcessState.Running && process.pendingExit === undefined) {
      this.#owed = false;
      this.debug.handle(process, ["noreply", plainCopy(this.system.getState(process))]);
    }
    if (process.state === ProcessState.Running) leaveIfIdle(process);
    return taken;
  }

  /** Takes the next message that concerns a suspended process; the others stay, in order. */
  #serve(process: Process): number {
    const { mailbox } = process;
    for (let index = mailbox.saved; index < mailbox.length; index += 1) {
      const tag = mailbox.tagAt(index);
      const message = mailbox.messageAt(index);
      const exit = tag === undefined && message instanceof ExitMessage && message.pid === process.parent;
      if (tag !== SYSTEM && tag !== STOP && !exit) continue;
      mailbox.removeAt(index);
      mailbox.saved = index;
      if (tag === SYSTEM) serveSystem(process, message as SystemCall);
      else this.system.terminate(process, exit ? message.reason : message);
      return 1;
    }
    mailbox.saved = mailbox.length;
    process.state = ProcessState.Waiting;
    return 0;
  }
}

/** Does what `sys` asks of `process`, and answers it. */
export function serveSystem(process: Process, call: SystemCall | RemoteSystemCall): void {
  const { request } = call;
  const system = process.behaviour.system!;
  const debug = debugOf(process);
  switch (request[0]) {
    case "get_state":
      call.answer(plainCopy(system.getState(process)));
      break;
    case "replace_state":
      replaceState(process, system, request[1], call);
      break;
    case "get_status":
      call.answer(statusOf(process, system));
      break;
    case "suspend":
      enter(process).suspended = true;
      process.mailbox.saved = 0;
      call.answer("ok");
      break;
    case "resume":
      if (process.behaviour instanceof SystemMode) process.behaviour.suspended = false;
      call.answer("ok");
      break;
    case "terminate":
      call.answer("ok");
      system.terminate(process, request[1]);
      return;
    case "change_code":
      serveCodeChange(process, system, request[1], call);
      break;
    case "statistics":
      if (request[1] === "get") {
        call.answer(debug?.statistics(process) ?? "no_statistics");
      } else {
        enter(process).debug.setStatistics(process, request[1]);
        call.answer("ok");
      }
      break;
    case "log":
      serveLog(process, debug, request[1], call);
      break;
    case "trace":
      enter(process).debug.trace = request[1];
      call.answer("ok");
      break;
    case "install":
      enter(process).debug.install(request[1], request[2], request[3]);
      call.answer("ok");
      break;
    case "remove":
      debug?.remove(request[1]);
      call.answer("ok");
      break;
    case "no_debug":
      debug?.clear();
      call.answer("ok");
      break;
  }
  leaveIfIdle(process);
  // While it is suspended no time passes for a server that waits for a message.
  if (!isSuspended(process)) system.resume(process);
  else if (process.idleTimer !== undefined) process.shard.timers.stop(process.idleTimer);
}

/** `replace` gets a copy: when it fails halfway, the process has the state that it had. */
function replaceState(
  process: Process,
  system: SystemCallbacks,
  replace: (state: unknown) => unknown,
  call: SystemCall | RemoteSystemCall,
): void {
  let state: unknown;
  try {
    state = replace(plainCopy(system.getState(process)));
    if (isPromise(state)) throw runtimeError("ROOKERY_BADARG", "a state, not a promise of one", state);
    system.setState(process, state);
  } catch (thrown) {
    const error = runtimeError("ROOKERY_SYS_CALLBACK", process.pid, brief(thrown));
    error.cause = thrown;
    return call.refuse(error);
  }
  call.answer(plainCopy(state));
}

/** Only a suspended process knows this request: one that runs may be in the middle of what its old code began. */
function serveCodeChange(
  process: Process,
  system: SystemCallbacks,
  change: CodeChange,
  call: SystemCall | RemoteSystemCall,
): void {
  if (!isSuspended(process)) return call.refuse(runtimeError("ROOKERY_NOT_SUSPENDED", process.pid));
  try {
    changeCode(process, system, change);
  } catch (error) {
    return call.refuse(error as Error);
  }
  call.answer("ok");
}

function serveLog(
  process: Process,
  debug: SysDebug | undefined,
  flag: boolean | number | "get" | "print",
  call: SystemCall | RemoteSystemCall,
): void {
  if (flag === "get") return call.answer(debug?.log ?? []);
  if (flag === "print") for (const event of debug?.log ?? []) logEvent(process, event);
  else if (typeof flag === "number") enter(process).debug.setLog(flag);
  else enter(process).debug.setLog(flag ? LOG_LENGTH : 0);
  call.answer("ok");
}

function statusOf(process: Process, system: SystemCallbacks): SystemStatus {
  const debug = debugOf(process);
  const callbackModule = process.behaviour.describe(process);
  const state = plainCopy(system.getState(process));
  const status: ServerStatus = { state, log: debug?.log ?? [], ...system.waiting?.(process) };
  const shown = formatStatus(process.instance, callbackModule, status);
  return {
    pid: process.pid,
    module: system.module,
    callbackModule,
    status: isSuspended(process) ? "suspended" : "running",
    parent: process.parent,
    dictionary: dictionaryOf(process),
    debug: {
      trace: debug?.trace ?? false,
      statistics: debug?.statistics(process) ?? "no_statistics",
      functions: debug?.functions ?? [],
    },
    ...shown,
  };
}

/** Whether `sys` has suspended `process`. */
export function isSuspended(process: Process): boolean {
  return process.behaviour instanceof SystemMode && process.behaviour.suspended;
}

/** The events of `process` that `sys` has logged. */
export function loggedEvents(process: Process): readonly SystemEvent[] {
  return debugOf(process)?.log ?? [];
}

/** Who is to be told of what happens in `process`; undefined if nobody looks at it. */
export function debugOf(process: Process): SysDebug | undefined {
  return process.behaviour instanceof SystemMode ? process.behaviour.debug : undefined;
}

/** Tells debug functions, if there are any, that a callback of the GenServer `process` has answered a call. */
export function tellReply(process: Process, to: Ref, reply: unknown): void {
  if (process.behaviour instanceof SystemMode) process.behaviour.replied(process, to, reply);
}

function enter(process: Process): SystemMode {
  if (process.behaviour instanceof SystemMode) return process.behaviour;
  const mode = new SystemMode(process.behaviour);
  change(process, mode);
  return mode;
}

function leaveIfIdle(process: Process): void {
  const mode = process.behaviour;
  if (mode instanceof SystemMode && !mode.suspended && mode.debug.idle) change(process, mode.own);
}

/** The turn that is going on is the old behaviour's: it ends, and the rest of the mailbox is left to the new one. */
function change(process: Process, behaviour: Behaviour): void {
  process.behaviour = behaviour;
  if (process.state !== ProcessState.Running) return;
  process.state = ProcessState.Waiting;
  if (!process.queued) process.shard.scheduler.schedule(process);
}
