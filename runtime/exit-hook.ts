import type { ExitReason } from "./exit-reason.ts";
import { attachMonitor, detachMonitor, Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { residentOf } from "./process.ts";

/** The hook of a process that lives on another shard. */
class RemoteExitHook extends Monitor {
  readonly #run: (reason: ExitReason) => void;

  constructor(run: (reason: ExitReason) => void) {
    super(undefined);
    this.#run = run;
  }

  override down(reason: ExitReason): void {
    this.#run(reason);
  }
}

/**
 * Runs `hook` when `pid` exits, for whatever reason, after its name is free and before anybody linked to it or watching it is
 * told: who hears of the death finds the traces of the dead removed. Runs it at once if the process is dead already; for a process of
 * another shard, when its death is known here. Answers a function that removes the hook.
 */
export function onProcessExit(pid: Pid, hook: (reason: ExitReason) => void): () => void {
  if (pid.process === undefined) {
    hook("noproc");
    return () => {};
  }
  const process = residentOf(pid);
  if (process === undefined) {
    const monitor = new RemoteExitHook(hook);
    attachMonitor(monitor, pid.process);
    return () => detachMonitor(monitor);
  }
  (process.exitHooks ??= new Set()).add(hook);
  return () => process.exitHooks?.delete(hook);
}
