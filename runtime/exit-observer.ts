import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";

/** Is told who has exited, too: one function does for many processes. An object can keep something with the process until then. */
export type ExitHook = ((reason: ExitReason, pid: Pid) => void) | ExitObserver;

export interface ExitObserver {
  exited(reason: ExitReason, pid: Pid): void;
}

export function runExitHook(hook: ExitHook, reason: ExitReason, pid: Pid): void {
  if (typeof hook === "function") hook(reason, pid);
  else hook.exited(reason, pid);
}
