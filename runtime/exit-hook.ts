import { type ExitHook, runExitHook } from "./exit-observer.ts";
import type { ExitReason } from "./exit-reason.ts";
import { findItem, withItem, withoutItem } from "./few.ts";
import { attachMonitor, detachMonitor, Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { residentOf } from "./process.ts";
import type { Shard } from "./shard.ts";

/** The first hook of `pid`, which lives on this shard, that is the wanted one; undefined also if `pid` is dead. */
export function exitHookOf<Hook extends ExitHook>(
  pid: Pid,
  isWanted: (hook: ExitHook) => hook is Hook,
): Hook | undefined {
  return findItem(residentOf(pid)?.exitHooks, isWanted);
}

/** The hook of a process that lives on another shard. */
class RemoteExitHook extends Monitor {
  readonly #pid: Pid;
  readonly #hook: ExitHook;
  readonly #shard: Shard;

  constructor(pid: Pid, hook: ExitHook, shard: Shard) {
    super(undefined);
    this.#pid = pid;
    this.#hook = hook;
    this.#shard = shard;
  }

  override down(reason: ExitReason): void {
    this.#shard.unowned.delete(this);
    runExitHook(this.#hook, reason, this.#pid);
  }
}

/**
 * Runs `hook` when `pid` exits, for whatever reason, after its name is free and before anybody linked to it or watching it is
 * told: who hears of the death finds the traces of the dead removed. Runs it at once if the process is dead already; for a process of
 * another shard, when its death is known here. Answers a function that removes the hook.
 */
export function onProcessExit(pid: Pid, hook: ExitHook): () => void {
  if (pid.process === undefined) {
    runExitHook(hook, "noproc", pid);
    return () => {};
  }
  const process = residentOf(pid);
  if (process === undefined) {
    const { shard } = pid.process;
    const monitor = new RemoteExitHook(pid, hook, shard);
    attachMonitor(monitor, pid.process);
    shard.unowned.add(monitor);
    return () => {
      shard.unowned.delete(monitor);
      detachMonitor(monitor);
    };
  }
  process.exitHooks = withItem(process.exitHooks, hook);
  return () => void (process.exitHooks = withoutItem(process.exitHooks, hook));
}
