import type { Process } from "./process.ts";

/** What takes traces that come from another shard or node, while messages are followed. It is asked for by who knows nothing of traces. */
export const contextArrival: {
  /** The next message to that process belongs to this trace, as it was written; undefined: to none after all. */
  came: ((to: Process | undefined, written: unknown) => void) | undefined;
  /** Carries out what has come from elsewhere, outside of the trace of whoever asked for the slice. */
  around: ((exchange: () => boolean) => boolean) | undefined;
} = { came: undefined, around: undefined };
