import type { Meta, TrackerEntry } from "../tracker/entry.ts";

/** What is shown under one key: the metas of its processes, and what `fetch` adds. */
export interface PresenceEntry {
  readonly metas: readonly Meta[];
  readonly [extra: string]: unknown;
}

/** By key. Without a prototype, so that `__proto__` and `constructor` are keys like any other. */
export type Presences = Readonly<Record<string, PresenceEntry>>;

/** What changed in a topic: only the metas that came and went. The payload of `presence_diff`. */
export interface PresenceDiff {
  readonly joins: Presences;
  readonly leaves: Presences;
}

/** Entries by their key, in order. */
export function presencesOf(entries: Iterable<TrackerEntry<unknown>>): Presences {
  const presences: Record<string, { metas: Meta[] }> = Object.create(null);
  for (const { key, meta } of entries) (presences[key] ??= { metas: [] }).metas.push(meta);
  return presences;
}

/** The same, for many readers: frozen. */
export function frozenPresencesOf(entries: Iterable<TrackerEntry<unknown>>): Presences {
  const presences = presencesOf(entries);
  for (const key of Object.keys(presences)) {
    const entry = Object.freeze(presences[key] as PresenceEntry);
    Object.freeze(entry.metas);
  }
  return Object.freeze(presences);
}
