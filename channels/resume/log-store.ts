import type { LogEntry } from "./log-entry.ts";

/** A topic of which a store has kept the log. */
export interface StoredTopic {
  readonly topic: string;
  readonly epoch: string;
  readonly events: readonly string[];
  /** The newest offset, also if no entry is left. */
  readonly offset: number;
  /** Of each entry that is left, in order; the last one is that of `offset`. */
  readonly entries: readonly { readonly payloadBytes: number; readonly atMs: number }[];
}

/**
 * Where a TopicLog keeps its entries. The log calls one function at a time and awaits it; it decides what is kept how long.
 * A store that fails ends the log, whose clients are then told that nothing is resumed. It need not be safe against that, but it
 * must never return from `append` what it could lose: an entry is shown to clients afterwards.
 */
export interface LogStore {
  /**
   * Called once, first. With `goOn`, answers what it has of before, if that is whole: it was closed, and not killed. Otherwise it
   * drops that and answers nothing.
   */
  open(goOn: boolean): readonly StoredTopic[] | Promise<readonly StoredTopic[]>;
  /** Begins a topic, in place of what there may be of it. */
  begin(topic: string, epoch: string, events: readonly string[]): void | Promise<void>;
  /** Adds entries, all or none, and drops of each topic in `firsts` what is older than that offset. */
  append(entries: readonly LogEntry[], firsts: ReadonlyMap<string, number>): void | Promise<void>;
  /** The entries of a topic behind `offset`, in order. */
  after(topic: string, offset: number): readonly LogEntry[] | Promise<readonly LogEntry[]>;
  forget(topics: readonly string[]): void | Promise<void>;
  /** Called last, if the log ends in order: what is there now is whole. */
  close(): void | Promise<void>;
}
