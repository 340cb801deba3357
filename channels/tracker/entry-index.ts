import type { TrackerEntry } from "./entry.ts";

interface Topic<P> {
  count: number;
  readonly keys: Map<string, Set<TrackerEntry<P>>>;
  /** What was made of the entries as they are. */
  made: { readonly by: unknown; readonly value: unknown } | undefined;
}

/**
 * The entries that readers see, found by topic and key or by pid. Each list is in the order in which its entries were
 * added; a topic or a pid without entries takes no memory.
 */
export class EntryIndex<P> {
  readonly #topics = new Map<string, Topic<P>>();
  readonly #pids = new Map<P, Set<TrackerEntry<P>>>();

  add(entry: TrackerEntry<P>): void {
    let topic = this.#topics.get(entry.topic);
    if (topic === undefined)
      this.#topics.set(entry.topic, (topic = { count: 0, keys: new Map(), made: undefined }));
    topic.count += 1;
    topic.made = undefined;
    addTo(topic.keys, entry.key, entry);
    addTo(this.#pids, entry.pid, entry);
  }

  remove(entry: TrackerEntry<P>): void {
    const topic = this.#topics.get(entry.topic);
    if (topic === undefined || !removeFrom(topic.keys, entry.key, entry)) return;
    topic.count -= 1;
    topic.made = undefined;
    if (topic.count === 0) this.#topics.delete(entry.topic);
    removeFrom(this.#pids, entry.pid, entry);
  }

  topics(): Iterable<string> {
    return this.#topics.keys();
  }

  keys(topic: string): ReadonlyMap<string, ReadonlySet<TrackerEntry<P>>> {
    return this.#topics.get(topic)?.keys ?? NO_KEYS;
  }

  /** The entries of a topic, key by key. */
  *inTopic(topic: string): Iterable<TrackerEntry<P>> {
    for (const entries of this.keys(topic).values()) yield* entries;
  }

  /** What `make` makes of the entries of a topic. Kept until they change: so it shall be frozen. */
  made<Value>(topic: string, make: (entries: Iterable<TrackerEntry<P>>) => Value): Value {
    const found = this.#topics.get(topic);
    if (found === undefined) return make([]);
    if (found.made?.by !== make) found.made = { by: make, value: make(this.inTopic(topic)) };
    return found.made.value as Value;
  }

  count(topic: string): number {
    return this.#topics.get(topic)?.count ?? 0;
  }

  pids(): Iterable<P> {
    return this.#pids.keys();
  }

  ofPid(pid: P): ReadonlySet<TrackerEntry<P>> {
    return this.#pids.get(pid) ?? NO_ENTRIES;
  }

  /** All entries of one process under one key of a topic: several only if replicas added it without knowing of each other. */
  find(pid: P, topic: string, key: string): TrackerEntry<P>[] {
    const ofKey = this.keys(topic).get(key) ?? NO_ENTRIES;
    const ofPid = this.ofPid(pid);
    // A process may be in thousands of topics, and a key may have thousands of processes: look through the shorter list.
    const found: TrackerEntry<P>[] = [];
    for (const entry of ofKey.size < ofPid.size ? ofKey : ofPid) {
      if (entry.pid === pid && entry.key === key && entry.topic === topic) found.push(entry);
    }
    return found;
  }
}

const NO_KEYS: ReadonlyMap<string, ReadonlySet<TrackerEntry<never>>> = new Map();
const NO_ENTRIES: ReadonlySet<TrackerEntry<never>> = new Set();

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom<K, V>(sets: Map<K, Set<V>>, key: K, value: V): boolean {
  const set = sets.get(key);
  if (set === undefined || !set.delete(value)) return false;
  if (set.size === 0) sets.delete(key);
  return true;
}
