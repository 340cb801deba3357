import type { ResourceLimits } from "node:worker_threads";

/** With a smaller heap a thread fails before it can be told anything, and with one of 2 MB Node fails. */
export const HEAP_MB_MIN = 16;

/**
 * Of a heap with a limit, what is young. To end a thread that has reached its limit, Node grants it 16 MB more: if more than that
 * becomes old in one garbage collection, it ends the whole program instead.
 */
const YOUNG_HEAP_MB = 24;

/** A thread that needs more than `maxMb` ends, and nothing else does. */
export function heapLimits(maxMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: maxMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB };
}
