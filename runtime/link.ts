import { ExitError, errorText } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import { hasItem, withItem, withoutItem } from "./few.ts";
import { absenceOf } from "./nodes/absence.ts";
import { NodePid } from "./nodes/node-pid.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";

/**
 * `link/1`. To a dead process: ROOKERY_NOPROC is thrown, or, if `process` traps exits, it gets the EXIT. Of another node, where it can't be
 * known, it always comes as an exit signal.
 */
export function link(process: Process, pid: Pid): void {
  const other = pid.process;
  if (other === process) return;
  if (other === undefined) {
    if (pid instanceof NodePid) return process.linkBroken(pid, absenceOf(process.shard, pid));
    if (!process.trapExit)
      throw new ExitError("ROOKERY_NOPROC", errorText("ROOKERY_NOPROC", "link", pid), "noproc");
    process.deliver(undefined, new ExitMessage(pid, "noproc"));
    return;
  }
  if (hasItem(process.links, pid)) return;
  const { pulse } = process.shard.scheduler;
  const before = pulse.shut();
  process.links = withItem(process.links, pid);
  other.links = withItem(other.links, process.pid);
  other.linked(process.pid);
  pulse.open(before);
}

/** `unlink/1`: afterwards no EXIT of this link comes any more; one that is in the mailbox stays there. */
export function unlink(process: Process, pid: Pid): void {
  const { pulse } = process.shard.scheduler;
  // A link of which only one side knows would stay when the process stalls there.
  const before = pulse.shut();
  if (hasItem(process.links, pid)) {
    process.links = withoutItem(process.links, pid);
    const other = pid.process;
    if (other !== undefined) {
      other.links = withoutItem(other.links, process.pid);
      other.unlinked(process.pid);
    }
  }
  pulse.open(before);
}
