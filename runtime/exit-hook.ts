import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";

/**
 * Runs `hook` when `pid` exits, for whatever reason, after its name is free and before anybody linked to it or watching it is
 * told: who hears of the death finds the traces of the dead removed. Runs it at once if the process is dead already.
 * Answers a function that removes the hook.
 */
export function onProcessExit(pid: Pid, hook: (reason: ExitReason) => void): () => void {
  const { process } = pid;
  if (process === undefined) {
    hook("noproc");
    return () => {};
  }
  (process.exitHooks ??= new Set()).add(hook);
  return () => process.exitHooks?.delete(hook);
}
