import { runtimeError } from "./errors.ts";
import { onProcessExit } from "./exit-hook.ts";
import type { Pid } from "./pid.ts";
import { type Process, residentOf } from "./process.ts";
import { ProcessState } from "./process-state.ts";

/** How often one process has suspended another. */
export interface Suspension {
  count: number;
  /** Removes the exit hooks of both. */
  readonly forget: () => void;
}

/** `erlang:suspend_process`. */
export function suspendProcess(suspender: Process, pid: Pid): void {
  const target = residentOf(pid);
  if (target === undefined || target === suspender)
    throw runtimeError("ROOKERY_BADARG", "another living process", pid);
  const suspending = (suspender.suspending ??= new Map());
  const suspension = suspending.get(target) ?? begin(suspender, target);
  suspension.count += 1;
  target.suspensions += 1;
}

/** `erlang:resume_process`. */
export function resumeProcess(suspender: Process, pid: Pid): void {
  const target = residentOf(pid);
  const suspension = target === undefined ? undefined : suspender.suspending?.get(target);
  if (target === undefined || suspension === undefined)
    throw runtimeError("ROOKERY_BADARG", "a living process that this one has suspended", pid);
  suspension.count -= 1;
  if (suspension.count === 0) {
    suspension.forget();
    suspender.suspending!.delete(target);
  }
  resumeSuspended(target, 1);
}

/** A suspension ends with the process that made it; one of a process that has ended is forgotten. */
function begin(suspender: Process, target: Process): Suspension {
  const removers = [
    onProcessExit(suspender.pid, () => resumeSuspended(target, suspension.count)),
    onProcessExit(target.pid, () => {
      suspender.suspending?.delete(target);
      suspension.forget();
    }),
  ];
  const suspension: Suspension = {
    count: 0,
    forget: () => {
      for (const remove of removers) remove();
    },
  };
  suspender.suspending!.set(target, suspension);
  return suspension;
}

/** Takes back `count` of the suspensions of `target`. */
export function resumeSuspended(target: Process, count: number): void {
  if (target.state === ProcessState.Exited) return;
  target.suspensions -= count;
  // Its turns were let pass: whatever it was to do is looked for again.
  if (target.suspensions === 0 && !target.queued) target.shard.scheduler.schedule(target);
}
