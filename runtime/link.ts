import { ExitError, errorText } from "./errors.ts";
import { ExitMessage } from "./exit-message.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";

/** `link/1`. To a dead process: ROOKERY_NOPROC is thrown, or, if `process` traps exits, it gets the EXIT. */
export function link(process: Process, pid: Pid): void {
  const other = pid.process;
  if (other === process) return;
  if (other === undefined) {
    if (!process.trapExit)
      throw new ExitError("ROOKERY_NOPROC", errorText("ROOKERY_NOPROC", "link", pid), "noproc");
    process.deliver(undefined, new ExitMessage(pid, "noproc"));
    return;
  }
  if (process.links?.has(pid) === true) return;
  const { pulse } = process.shard.scheduler;
  const before = pulse.shut();
  (process.links ??= new Set()).add(pid);
  (other.links ??= new Set()).add(process.pid);
  other.linked(process.pid);
  pulse.open(before);
}

/** `unlink/1`: afterwards no EXIT of this link comes any more; one that is in the mailbox stays there. */
export function unlink(process: Process, pid: Pid): void {
  const { pulse } = process.shard.scheduler;
  // A link of which only one side knows would stay when the process stalls there.
  const before = pulse.shut();
  if (process.links?.delete(pid) === true) {
    pid.process?.links?.delete(process.pid);
    pid.process?.unlinked(process.pid);
  }
  pulse.open(before);
}
