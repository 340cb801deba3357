/**
 * So many times a shard that has just had to do with another one looks for more before it sleeps: some 20 µs, which is what
 * waking it would take.
 */
export const SPINS = 1_000;
