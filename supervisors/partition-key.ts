import { Pid, Ref } from "../runtime/index.ts";
import { termKey } from "../runtime/internal.ts";

/**
 * The number of the partition, of so many, to which `key` belongs: for an integer the remainder of its absolute value, for
 * anything else that of a hash, which is the same for equal terms. Not the hash of Erlang's `phash2`.
 */
export function partitionOf(key: unknown, partitions: number): number {
  if (typeof key === "bigint") return Number((key < 0n ? -key : key) % BigInt(partitions));
  if (Number.isInteger(key)) return Math.abs(key as number) % partitions;
  return hash(textOf(key)) % partitions;
}

function textOf(key: unknown): string {
  if (typeof key !== "object" || key === null || key instanceof Pid || key instanceof Ref) return String(key);
  // In a list every term has a text, an instance of a class by its identity.
  return String(termKey([key]));
}

/** FNV-1a, 32 bits: short keys that differ in their last character only are spread, too. */
function hash(text: string): number {
  let value = 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01_00_01_93);
  return value >>> 0;
}
