import type { TrackerDiff, TrackerEntry } from "./entry.ts";

/** What one operation changed in one topic. */
export interface TopicDiff<P> {
  readonly topic: string;
  readonly joins: readonly TrackerEntry<P>[];
  readonly leaves: readonly TrackerEntry<P>[];
}

/** A diff, topic by topic. */
export function splitByTopic<P>({ joins, leaves }: TrackerDiff<P>): TopicDiff<P>[] {
  const topics = new Map<string, { topic: string; joins: TrackerEntry<P>[]; leaves: TrackerEntry<P>[] }>();
  const of = (topic: string): { joins: TrackerEntry<P>[]; leaves: TrackerEntry<P>[] } => {
    let diff = topics.get(topic);
    if (diff === undefined) topics.set(topic, (diff = { topic, joins: [], leaves: [] }));
    return diff;
  };
  for (const entry of joins) of(entry.topic).joins.push(entry);
  for (const entry of leaves) of(entry.topic).leaves.push(entry);
  return [...topics.values()];
}
