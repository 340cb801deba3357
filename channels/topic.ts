import { channelsError } from "./errors.ts";

/** Says whether a topic is meant. */
export type TopicMatch = (topic: string) => boolean;

/** `"room:*"` matches every topic that begins with `room:`; a pattern without `*` matches itself only. */
export function topicMatch(pattern: string): TopicMatch {
  const star = typeof pattern === "string" ? pattern.indexOf("*") : 0;
  if (star === -1) return (topic) => topic === pattern;
  if (typeof pattern !== "string" || star !== pattern.length - 1)
    throw channelsError("ROOKERY_TOPIC_PATTERN", pattern);
  const prefix = pattern.slice(0, -1);
  return (topic) => topic.startsWith(prefix);
}
