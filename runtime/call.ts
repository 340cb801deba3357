import type { Addressee } from "./addressee.ts";
import type { Waiter } from "./async-outcome.ts";
import { expectTimeout } from "./argument.ts";
import { bodyBehaviour } from "./body.ts";
import type { Dest } from "./dest.ts";
import { brief, ExitError, errorText, type RuntimeErrorCode, runtimeError } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { deepFreeze } from "./freeze.ts";
import { attachMonitor, detachMonitor, Monitor } from "./monitor.ts";
import { absenceOf, failureAt } from "./nodes/absence.ts";
import { Pid } from "./pid.ts";
import { Priority, type Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Ref } from "./ref.ts";
import type { Shard } from "./shard.ts";
import type { Interconnect } from "./shards/interconnect.ts";
import { RemoteRef } from "./shards/remote-ref.ts";
import { Timer } from "./timer-wheel.ts";

/** How long a call waits for its reply unless told otherwise: as GenServer.call does. */
export const CALL_TIMEOUT_MS = 5_000;

/**
 * Who waits for the reply to a call. Kept and handed on as it is; `reply` answers it, from wherever. `Reply` is known to the
 * compiler only.
 */
export type From<Reply = unknown> = Ref & { readonly replies?: Reply };

class CallTimer extends Timer {
  readonly #call: PendingCall;

  constructor(call: PendingCall) {
    super();
    this.#call = call;
  }

  fire(): void {
    this.#call.timedOut();
  }
}

/**
 * A call that waits. It is the monitor of the server and the alias of the caller in one: a server that dies ends the wait,
 * and once the wait is over, whatever comes for it is dropped.
 */
export class PendingCall extends Monitor {
  readonly dest: Dest;
  readonly request: unknown;
  readonly timeoutMs: number;
  readonly shard: Shard;
  timer: CallTimer | undefined = undefined;
  /** Known to other shards as a call that waits. */
  exportedBy: Interconnect | undefined = undefined;
  /** None for a request, whose reply is a message. */
  waiter: Waiter<unknown> | undefined = undefined;

  constructor(shard: Shard, caller: Process | undefined, dest: Dest, request: unknown, timeoutMs: number) {
    super(caller);
    this.shard = shard;
    this.dest = dest;
    this.request = request;
    this.timeoutMs = timeoutMs;
  }

  /** Puts the request in the mailbox of the server. */
  deliverTo(server: Addressee): void {
    server.deliverFrozen(this, this.request);
  }

  /** The call as the reasons of its failures name it. */
  asTuple(): readonly unknown[] {
    return ["GenServer", "call", [this.dest, this.request, this.timeoutMs]];
  }

  answer(value: unknown): void {
    if (!this.active) return;
    // First: a reply that can't be frozen is the failure of who answers, and the caller still hears of that one's end.
    if (this.shard.freezeMessages) deepFreeze(value);
    const { scheduler } = this.shard;
    // Who is terminated in between would leave a caller that neither waits for its end nor has its answer.
    const before = scheduler.pulse.shut();
    try {
      detachMonitor(this);
      this.abandoned();
      this.waiter!.resolve(value);
    } finally {
      scheduler.pulse.open(before);
    }
    scheduler.resumed();
  }

  override down(reason: ExitReason): void {
    this.abandoned();
    const why = failureAt(this.shard, this.dest, reason);
    if (why === reason) this.fail("ROOKERY_CALL_EXIT", reason, [this.dest, reason, this.request]);
    else this.fail("ROOKERY_NODE_DOWN", why, [this.dest, this.request]);
  }

  override abandoned(): void {
    if (this.timer !== undefined) this.shard.timers.stop(this.timer);
    this.exportedBy?.callEnded(this);
  }

  timedOut(): void {
    if (!detachMonitor(this)) return;
    this.abandoned();
    this.fail("ROOKERY_CALL_TIMEOUT", "timeout", [this.dest, this.timeoutMs, this.request]);
  }

  fail(code: RuntimeErrorCode, reason: ExitReason, values: unknown[]): void {
    this.waiter!.reject(new ExitError(code, errorText(code, ...values), [reason, this.asTuple()]));
    this.shard.scheduler.resumed();
  }

  /** Ends the wait with an error of the request itself. */
  refuse(error: Error): void {
    if (!detachMonitor(this)) return;
    this.abandoned();
    this.waiter!.reject(error);
    this.shard.scheduler.resumed();
  }
}

/**
 * Sends `request` as a call and answers the reply. Rejects with an ExitError whose reason is that of `gen_server:call`:
 * `[why, ["GenServer", "call", [dest, request, timeoutMs]]]`, with why `"noproc"`, `"timeout"`, `"calling_self"`,
 * `["nodedown", node]` or the reason with which the server ended.
 */
export function call(
  shard: Shard,
  caller: Process | undefined,
  dest: Dest,
  request: unknown,
  timeoutMs: number,
): Promise<unknown> {
  return place(new PendingCall(shard, caller, dest, request, timeoutMs));
}

/** Sends the request of `pending` and waits for its end. */
export function place(pending: PendingCall): Promise<unknown> {
  expectTimeout(pending.timeoutMs);
  return new Promise((resolve, reject) => placeFor(pending, { resolve, reject }));
}

/** Sends the request of `pending`; `waiter` is told of its end. */
export function placeFor(pending: PendingCall, waiter: Waiter<unknown>): void {
  const { shard, watcher: caller, dest } = pending;
  // The rest of a dead process waits for nothing any more.
  if (caller?.state === ProcessState.Exited) return;
  pending.waiter = waiter;
  const server = shard.find(dest);
  if (server !== undefined || caller !== undefined || dest instanceof Pid || shard.closed) {
    handOver(pending, server);
  } else {
    // Code outside of any process has no turn of its own. A name that is free now may be that of a process whose
    // supervisor has not had its turn yet: behind what is runnable, it is looked up once more.
    const lookUp = (): void => {
      detachMonitor(pending);
      handOver(pending, shard.find(dest));
    };
    const later = shard.create(bodyBehaviour, lookUp, undefined);
    later.priority = Priority.Low;
    // A shutdown kills this process, too, and must not leave the call waiting.
    attachMonitor(pending, later);
    shard.scheduler.schedule(later);
  }
}

/** Hands a call to the server that its destination names. Without one, or to oneself, it fails. */
function handOver(pending: PendingCall, server: Addressee | undefined): void {
  const { shard, dest, timeoutMs } = pending;
  if (server === undefined && absenceOf(shard, dest) === "noconnection") {
    pending.down("noconnection");
  } else if (server === undefined) {
    pending.fail("ROOKERY_NOPROC", "noproc", ["call", brief(dest)]);
  } else if (server === pending.watcher) {
    pending.fail("ROOKERY_CALLING_SELF", "calling_self", [brief(dest)]);
  } else {
    attachMonitor(pending, server);
    try {
      pending.deliverTo(server);
    } catch (error) {
      return pending.refuse(error as Error);
    }
    if (Number.isFinite(timeoutMs)) {
      pending.timer = new CallTimer(pending);
      shard.timers.start(pending.timer, timeoutMs);
    }
  }
}

/** Whether `value` is the `from` of a call. */
export function isFrom(value: unknown): value is PendingCall | RemoteRef {
  return value instanceof PendingCall || value instanceof RemoteRef;
}

/** Answers a call, from any process and at any time. Dropped if nobody waits for it any more. */
export function answerCall(from: From, value: unknown): void {
  if (isFrom(from)) from.answer(value);
  else throw runtimeError("ROOKERY_BADARG", "the `from` of a call", from);
}
