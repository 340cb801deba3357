import type { Process } from "./process.ts";

/** Who hears that the next message from elsewhere to a process of this shard belongs to a trace: nobody, while none are followed. */
export const contextArrival: { came: ((to: Process | undefined, context: unknown) => void) | undefined } = {
  came: undefined,
};
