import type { Process } from "./process.ts";

/** Warns of a turn in which no other process of the shard had one, nor Node any I/O. */
export function reportLongTurn(process: Process, durationMs: number): void {
  const { pid, name, label } = process;
  const behaviour = process.behaviour.describe(process);
  const who = name === undefined ? `${pid} (${behaviour})` : `${pid} "${name}" (${behaviour})`;
  const ms = Math.round(durationMs);
  process.shard.logger.warn(
    { pid: String(pid), name, label, behaviour, durationMs: ms },
    `Process ${who} held its shard for ${ms} ms in one turn`,
  );
}
