import type { Behaviour } from "./behaviour.ts";
import { runExitHook } from "./exit-observer.ts";
import { ExitMessage } from "./exit-message.ts";
import type { ExitReason } from "./exit-reason.ts";
import { hasItem, itemsOf, withoutItem } from "./few.ts";
import { detachMonitor, type Monitor } from "./monitor.ts";
import type { Addressee } from "./addressee.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import { ProcessState } from "./process-state.ts";
import type { Shard } from "./shard.ts";

/**
 * `exit(Pid, Reason)` from `from`: `"kill"` can't be trapped and ends the target with `"killed"`, `"normal"` from another
 * process is ignored, a trapping target gets a message, and anything else ends it.
 */
export function sendExit(from: Pid, target: Process, reason: ExitReason): void {
  if (reason === "kill") end(target, "killed");
  else if (target.trapExit) target.deliver(undefined, new ExitMessage(from, reason));
  else if (reason !== "normal" || from === target.pid) end(target, reason);
}

/** The exit signal of a link: as `sendExit`, but `"kill"` is a reason like any other. */
export function propagateExit(from: Pid, target: Process, reason: ExitReason): void {
  if (target.trapExit) target.deliver(undefined, new ExitMessage(from, reason));
  else if (reason !== "normal") end(target, reason);
}

/** A signal ends `process`: at once, or, when it is in the middle of its own code, as soon as that has been left. */
function end(process: Process, reason: ExitReason): void {
  process.starting?.interrupted();
  const running = process.state === ProcessState.Running || process === process.shard.acting;
  if (!running) {
    exitProcess(process, reason);
  } else if (process.pendingExit === undefined && process.state !== ProcessState.Exited) {
    // Code that is running can't be unwound. The effects it has before it returns count, as those of a process on the
    // BEAM do that has not been scheduled out yet; setting trapExit meanwhile doesn't save it.
    process.pendingExit = { reason };
    if (!process.queued) process.shard.scheduler.schedule(process);
  }
}

/**
 * Ends `process` with `reason`. Whoever hears of it finds it dead, its name free and its hooks run. Those who are linked
 * hear of it before those who monitor it. Does nothing if it is dead already.
 */
export function exitProcess(process: Process, reason: ExitReason): void {
  if (process.state === ProcessState.Exited) return;
  process.state = ProcessState.Exited;
  process.pid.process = undefined;
  const shard = process.shard;
  shard.dying.push(process, reason);
  if (shard.dying.length === 2) buryTheDying(shard);
}

/** A death brings others with it: worked off as a list, for a chain of links may be longer than the stack. */
export function buryTheDying(shard: Shard): void {
  const { dying } = shard;
  const { pulse } = shard.scheduler;
  const before = pulse.shut();
  for (; shard.buried < dying.length; shard.buried += 2)
    bury(dying[shard.buried] as Process, dying[shard.buried + 1]);
  dying.length = 0;
  shard.buried = 0;
  pulse.open(before);
}

/** A machine's behaviour is its own and knows its data, so a dead process runs another one, which is everybody's. */
const DEAD: Behaviour = { turn: () => 0, describe: () => "a dead process" };

function bury(process: Process, reason: ExitReason): void {
  const { shard, pid } = process;
  shard.names.release(process);
  shard.forget(process);
  if (process.exitHooks !== undefined) {
    const { pulse } = shard.scheduler;
    for (const hook of itemsOf(process.exitHooks)) {
      // An earlier one may have removed it.
      if (!hasItem(process.exitHooks, hook)) continue;
      // One that stalls is terminated like any code of a process. Then the burial goes on behind it.
      process.exitHooks = withoutItem(process.exitHooks, hook);
      pulse.open(0);
      try {
        runExitHook(hook, reason, pid);
      } catch (error) {
        shard.logger.error({ pid: String(pid), error }, `An exit hook of ${pid} failed`);
      }
      pulse.shut();
    }
    process.exitHooks = undefined;
  }
  for (const timer of itemsOf(process.timers)) shard.timers.stop(timer);
  if (process.idleTimer !== undefined) shard.timers.stop(process.idleTimer);
  if (process.receiver?.timer !== undefined) shard.timers.stop(process.receiver.timer);
  for (let held = process.held; held !== undefined; held = process.held) abandon(held);
  process.mailbox.clear();
  if (process.links !== undefined) {
    for (const linked of itemsOf(process.links)) {
      const other = linked.process;
      if (other === undefined) continue;
      other.links = withoutItem(other.links, pid);
      other.linkBroken(pid, reason);
    }
    process.links = undefined;
  }
  tellWatchers(process, reason);
  shard.outside?.processEnded(pid, reason);
  process.starting?.failed(reason);
  // Its own code may hold on to the handle of a dead process: nothing else shall stay alive through it.
  process.receiver = undefined;
  process.timers = undefined;
  process.aliases = undefined;
  process.idleTimer = undefined;
  process.starting = undefined;
  process.behaviour = DEAD;
  process.instance = undefined;
  process.outcome = undefined;
  process.dictionary = undefined;
}

function abandon(monitor: Monitor): void {
  detachMonitor(monitor);
  monitor.endAlias();
  monitor.abandoned();
}

/** Tells those who monitor `process` of its end, in the order in which they began to. */
export function tellWatchers(process: Addressee, reason: ExitReason): void {
  if (process.watching === undefined) return;
  let first = process.watching;
  while (first.previousWatching !== undefined) first = first.previousWatching;
  for (let monitor: Monitor | undefined = first; monitor !== undefined;) {
    const next: Monitor | undefined = monitor.nextWatching;
    // A hook of an earlier DOWN may have removed this one.
    if (detachMonitor(monitor)) monitor.down(reason);
    monitor = next;
  }
}
