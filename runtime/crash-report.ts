import { brief } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Process } from "./process.ts";

/** The message that a server was handling when it crashed. */
export interface LastMessage {
  readonly callback: string;
  readonly message: unknown;
}

/**
 * Logs why `process` is about to end, with what is needed to understand it: who it was, what it ran, what it was handling, and
 * who is linked to it and will hear of it. What proc_lib's and gen_server's reports say.
 */
export function reportCrash(
  process: Process,
  reason: ExitReason,
  last: LastMessage | undefined,
  state?: unknown,
): void {
  const { pid, name, label } = process;
  const behaviour = process.behaviour.describe(process);
  const fields = {
    pid: String(pid),
    name,
    label,
    behaviour,
    reason: reason instanceof Error ? reason : brief(reason),
    err: reason instanceof Error ? reason : undefined,
    callback: last?.callback,
    lastMessage: last === undefined ? undefined : brief(last.message),
    state: state === undefined ? undefined : brief(state),
    links: [...(process.links ?? [])].map(String),
    ancestors: process.ancestors.map(String),
    mailbox: process.mailbox.length,
  };
  const who = name === undefined ? `${pid} (${behaviour})` : `${pid} "${name}" (${behaviour})`;
  process.shard.logger.error(fields, `Process ${who} crashed: ${brief(reason)}`);
}
