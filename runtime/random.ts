/** Chance as the runtime sees it. Not for secrets: those come from `node:crypto`. */
export interface Random {
  /** A number from 0 up to, but not including, 1. */
  next(): number;
}

/** The chance of the machine. */
export const systemRandom: Random = { next: () => Math.random() };
