import type { Meta } from "../tracker/entry.ts";
import type { PresenceDiff } from "./presences.ts";

/** The metas of each key of a topic. */
export type KeyMetas = ReadonlyMap<string, readonly Meta[]>;

const NO_METAS: KeyMetas = new Map();

/** What the diffs announced so far amount to, by topic: while `fetch` takes its time, the tracker itself is ahead of that. */
export class TopicMetas {
  readonly #topics = new Map<string, Map<string, readonly Meta[]>>();

  /** Applies a diff; answers the metas of its topic afterwards. */
  apply(topic: string, { joins, leaves }: PresenceDiff): KeyMetas {
    const keys = this.#topics.get(topic) ?? new Map<string, readonly Meta[]>();
    for (const [key, { metas }] of Object.entries(joins))
      keys.set(key, [...without(keys.get(key), metas), ...metas]);
    for (const [key, { metas }] of Object.entries(leaves)) {
      const left = without(keys.get(key), metas);
      if (left.length > 0) keys.set(key, left);
      else keys.delete(key);
    }
    if (keys.size > 0) this.#topics.set(topic, keys);
    else this.#topics.delete(topic);
    return keys.size > 0 ? keys : NO_METAS;
  }
}

function without(metas: readonly Meta[] = [], gone: readonly Meta[]): readonly Meta[] {
  return metas.filter(({ phx_ref: ref }) => !gone.some((meta) => meta.phx_ref === ref));
}
