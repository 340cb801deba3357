import { runtimeError } from "./errors.ts";
import type { Process } from "./process.ts";
import { ProcessHandle } from "./process-handle.ts";
import { ProcessState } from "./process-state.ts";
import { Runtime } from "./runtime.ts";
import type { Self } from "./self.ts";
import type { Shard } from "./shard.ts";

/** Who acts: a process, or code outside of any. What the static functions of servers take as their first parameter. */
export type Origin = Self | Runtime;

/** `origin`, if it is one. Throws ROOKERY_BADARG otherwise. */
export function expectOrigin(origin: Origin): Origin {
  if (origin instanceof ProcessHandle || origin instanceof Runtime) return origin;
  throw runtimeError("ROOKERY_BADARG", "the handle of a process, or a runtime", origin);
}

/** `self`, if it is the handle of a process. Throws ROOKERY_BADARG otherwise, for a runtime, too. */
export function expectSelf(self: Self): Self {
  if (self instanceof ProcessHandle) return self;
  throw runtimeError("ROOKERY_BADARG", "the handle of a process", self);
}

/** The shard on which `origin` acts, and the process that it is, if it is one. */
export function resolveOrigin(origin: Origin): {
  readonly shard: Shard;
  readonly process: Process | undefined;
} {
  if (origin instanceof ProcessHandle) return { shard: origin.process.shard, process: origin.process };
  if (origin instanceof Runtime) return { shard: origin.shard, process: undefined };
  throw runtimeError("ROOKERY_BADARG", "the handle of a process, or a runtime", origin);
}

/** Whether `origin` is a process that has ended: its code may go on behind an `await`, but nobody hears of it any more. */
export function isDead(origin: Origin): boolean {
  return origin instanceof ProcessHandle && origin.process.state === ProcessState.Exited;
}
