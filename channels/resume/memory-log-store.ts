import type { LogEntry } from "./log-entry.ts";
import type { LogStore, StoredTopic } from "./log-store.ts";

/** Keeps a log as long as its process lives. */
export class MemoryLogStore implements LogStore {
  readonly #topics = new Map<string, LogEntry[]>();

  open(): readonly StoredTopic[] {
    return [];
  }

  begin(topic: string): void {
    this.#topics.set(topic, []);
  }

  append(entries: readonly LogEntry[], firsts: ReadonlyMap<string, number>): void {
    for (const entry of entries) this.#topics.get(entry.topic)!.push(entry);
    for (const [topic, first] of firsts) {
      const kept = this.#topics.get(topic)!;
      kept.splice(0, countBefore(kept, first));
    }
  }

  after(topic: string, offset: number): readonly LogEntry[] {
    const entries = this.#topics.get(topic)!;
    return entries.slice(countBefore(entries, offset + 1));
  }

  forget(topics: readonly string[]): void {
    for (const topic of topics) this.#topics.delete(topic);
  }

  close(): void {
    this.#topics.clear();
  }
}

/** Offsets have no gaps, so where one stands is a subtraction. */
function countBefore(entries: readonly LogEntry[], offset: number): number {
  const first = entries[0]?.offset ?? offset;
  return Math.max(0, Math.min(entries.length, offset - first));
}
