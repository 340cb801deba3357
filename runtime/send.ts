import type { Dest } from "./dest.ts";
import { runtimeError } from "./errors.ts";
import { CAST } from "./message-tag.ts";
import { detachMonitor, Monitor } from "./monitor.ts";
import { isNodeName } from "./nodes/node-name.ts";
import { Pid } from "./pid.ts";
import { Ref } from "./ref.ts";
import type { Shard } from "./shard.ts";
import { RemoteRef } from "./shards/remote-ref.ts";

/**
 * `Dest ! Message`. Throws ROOKERY_BADARG for a name that nobody has; to the dead, what was an alias, and whoever has a name on a
 * node, it is dropped.
 */
export function send(shard: Shard, dest: Dest, message: unknown): void {
  shard.scheduler.sends += 1;
  if (dest instanceof Pid) {
    dest.process?.deliverFrozen(undefined, message);
  } else if (dest instanceof Monitor) {
    sendToAlias(dest, message);
  } else {
    const target = shard.find(dest);
    if (dest instanceof RemoteRef) dest.peer.sendAlias(dest.id, message);
    else if (target === undefined && !(dest instanceof Ref) && !isNodeName(dest))
      throw runtimeError("ROOKERY_BADARG", "a registered name", typeof dest === "string" ? dest : dest.key);
    else target?.deliverFrozen(undefined, message);
  }
}

/** The same to a process that is known by its pid, and from nowhere in particular. */
export function sendToPid(pid: Pid, message: unknown): void {
  pid.process?.deliverFrozen(undefined, message);
}

/** `GenServer.cast`: never fails, whoever is there or not. */
export function cast(shard: Shard, dest: Dest, request: unknown): void {
  shard.scheduler.sends += 1;
  const target = dest instanceof Pid ? dest.process : shard.find(dest);
  target?.deliverFrozen(CAST, request);
}

/** A message to an alias of this shard. One for a reply is an alias no more with the first message. */
export function sendToAlias(ref: Monitor, message: unknown): void {
  const mode = ref.alias;
  if (mode === undefined) return;
  if (mode === "reply" || mode === "reply_demonitor") ref.endAlias();
  if (mode === "reply_demonitor") detachMonitor(ref);
  ref.watcher?.deliverFrozen(undefined, message);
}
