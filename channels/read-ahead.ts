/**
 * Who works through thousands of items, each with several objects, waits for the memory of each object. In a loop that does nothing but read of
 * a few items to come the processor waits for all of them at once: so that is done every so many items, before the work with them.
 */
export const READ_AHEAD_COUNT = 16;

/** Takes what was read: reads of which nothing comes are left out by V8. */
export const lastRead = { sum: 0 };
