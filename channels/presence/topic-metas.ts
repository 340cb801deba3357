import type { Meta } from "../tracker/entry.ts";
import type { PresenceDiff } from "./presences.ts";

/** The metas of each key of a topic. */
export type KeyMetas = ReadonlyMap<string, readonly Meta[]>;

/** The metas of one topic: by key, and for each reference the key under which it is. */
interface Topic {
  keys: Map<string, readonly Meta[]>;
  readonly keyByRef: Map<string, string>;
}

/** What the diffs announced so far amount to, by topic: while `fetch` takes its time, the tracker itself is ahead of that. */
export class TopicMetas {
  readonly #topics = new Map<string, Topic>();

  /** Applies a diff; answers the metas of its topic afterwards, as they are until the next diff. */
  apply(topic: string, { joins, leaves }: PresenceDiff): KeyMetas {
    let metas = this.#topics.get(topic);
    if (metas === undefined) this.#topics.set(topic, (metas = { keys: new Map(), keyByRef: new Map() }));
    // Whoever was shown them has sent them on.
    if (Object.isFrozen(metas.keys)) metas.keys = new Map(metas.keys);
    for (const key of Object.keys(joins)) for (const meta of joins[key]!.metas) add(metas, key, meta);
    for (const key of Object.keys(leaves)) for (const meta of leaves[key]!.metas) remove(metas, meta);
    if (metas.keys.size === 0) this.#topics.delete(topic);
    return metas.keys;
  }
}

function add(metas: Topic, key: string, meta: Meta): void {
  if (metas.keyByRef.has(meta.phx_ref)) remove(metas, meta);
  metas.keyByRef.set(meta.phx_ref, key);
  metas.keys.set(key, [...(metas.keys.get(key) ?? []), meta]);
}

function remove(metas: Topic, { phx_ref: ref }: Meta): void {
  const key = metas.keyByRef.get(ref);
  if (key === undefined) return;
  metas.keyByRef.delete(ref);
  const ofKey = metas.keys.get(key)!;
  const index = ofKey.findIndex((meta) => meta.phx_ref === ref);
  if (ofKey.length > 1) metas.keys.set(key, ofKey.toSpliced(index, 1));
  else metas.keys.delete(key);
}
