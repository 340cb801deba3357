import type { Addressee } from "./addressee.ts";
import type { Dest } from "./dest.ts";
import type { MonitoredName } from "./down-message.ts";
import { DownMessage } from "./down-message.ts";
import type { ExitReason } from "./exit-reason.ts";
import { isNodeName } from "./nodes/node-name.ts";
import { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import { Ref } from "./ref.ts";

/** When the reference of a monitor is also an alias, and until when. Of `monitor/3`. */
export type AliasMode = "explicit_unalias" | "demonitor" | "reply_demonitor" | "reply";

/**
 * One monitor: the reference itself, and a link in two lists, that of its watcher and that of its target, so that making
 * and removing one costs the same however many there are. It is active while it stands in the lists.
 *
 * A reference made by `alias()` is a monitor of nothing: only its alias part is used.
 */
export class Monitor extends Ref {
  watcher: Process | undefined;
  target: Addressee | undefined = undefined;
  /** What the DOWN names: the pid, or the name by which the target was monitored. */
  watched: Pid | MonitoredName | undefined = undefined;
  tag: unknown = "DOWN";
  /** Undefined when the reference is no (longer an) alias. */
  alias: AliasMode | undefined = undefined;
  /** Where the mailbox of the watcher ended when this was made: what carries this reference came later. */
  mark = 0;
  /** @internal The watcher's list: monitors that it holds. */
  nextHeld: Monitor | undefined = undefined;
  /** @internal */
  previousHeld: Monitor | undefined = undefined;
  /** @internal The target's list: monitors by which it is watched. */
  nextWatching: Monitor | undefined = undefined;
  /** @internal */
  previousWatching: Monitor | undefined = undefined;

  constructor(watcher: Process | undefined) {
    super();
    this.watcher = watcher;
  }

  /** From now on it is no alias. */
  endAlias(): void {
    this.alias = undefined;
    this.watcher?.aliases?.delete(this);
  }

  get active(): boolean {
    return this.target !== undefined;
  }

  /** The target is gone. The monitor is out of its lists already. */
  down(reason: ExitReason): void {
    if (this.alias === "demonitor" || this.alias === "reply_demonitor") this.endAlias();
    this.watcher?.deliver(undefined, new DownMessage(this.tag, this, this.watched!, reason));
  }

  /** The watcher is gone. The monitor is out of its lists already. */
  abandoned(): void {}
}

/** What the DOWN of a monitor made by `dest` names, which now is `target` if there is one. */
export function watchedAs(dest: Dest, target: Addressee | undefined, node: string): Pid | MonitoredName {
  if (dest instanceof Pid) return dest;
  if (typeof dest === "string") return { name: dest, node };
  if (isNodeName(dest)) return { name: dest.name, node: dest.node };
  return target?.pid ?? { name: dest instanceof Ref ? String(dest) : dest, node };
}

/** Enters `monitor` in the lists of its watcher and of `target`. */
export function attachMonitor(monitor: Monitor, target: Addressee): void {
  monitor.target = target;
  target.monitored();
  const lastWatching = target.watching;
  monitor.previousWatching = lastWatching;
  if (lastWatching !== undefined) lastWatching.nextWatching = monitor;
  target.watching = monitor;
  const watcher = monitor.watcher;
  if (watcher === undefined) return;
  const lastHeld = watcher.held;
  monitor.previousHeld = lastHeld;
  if (lastHeld !== undefined) lastHeld.nextHeld = monitor;
  watcher.held = monitor;
}

/** Takes `monitor` out of both lists; false if it was not active. */
export function detachMonitor(monitor: Monitor): boolean {
  const target = monitor.target;
  if (target === undefined) return false;
  if (monitor.nextWatching === undefined) target.watching = monitor.previousWatching;
  else monitor.nextWatching.previousWatching = monitor.previousWatching;
  if (monitor.previousWatching !== undefined) monitor.previousWatching.nextWatching = monitor.nextWatching;
  const watcher = monitor.watcher;
  if (watcher !== undefined) {
    if (monitor.nextHeld === undefined) watcher.held = monitor.previousHeld;
    else monitor.nextHeld.previousHeld = monitor.previousHeld;
    if (monitor.previousHeld !== undefined) monitor.previousHeld.nextHeld = monitor.nextHeld;
  }
  monitor.target = undefined;
  monitor.nextHeld = undefined;
  monitor.previousHeld = undefined;
  monitor.nextWatching = undefined;
  monitor.previousWatching = undefined;
  return true;
}

/** The monitors of a list, oldest first; the list's end is what `process.held` or `process.watching` names. */
export function monitorsOf(last: Monitor | undefined, list: "held" | "watching"): Monitor[] {
  const monitors: Monitor[] = [];
  for (let m = last; m !== undefined; m = list === "held" ? m.previousHeld : m.previousWatching)
    monitors.push(m);
  return monitors.reverse();
}
