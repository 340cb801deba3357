// `process._tickCallback` is what Node itself calls after every callback from the host: it runs the next ticks and the promise
// continuations. It is undocumented, though as old as promises in Node; without it each await of a process costs a message
// of the port, six times as much.
const tick = (process as unknown as { readonly _tickCallback?: () => void })._tickCallback;

/**
 * Runs the promise continuations that are due, from within a callback of the host; false where this Node offers no way to. Does
 * nothing when called from a promise continuation.
 */
export function drainMicrotasks(): boolean {
  if (tick === undefined) return false;
  for (;;) {
    try {
      tick();
      return true;
    } catch (error) {
      // Somebody's next tick threw, which is an uncaught exception. Thrown on from here, it would leave Node's stack of
      // asynchronous contexts with the tick still on it, and Node aborts on that; thrown by a microtask, it is reported at
      // once and the stack is cleared.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
