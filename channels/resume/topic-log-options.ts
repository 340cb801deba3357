import { channelsError } from "../errors.ts";
import type { LogStore } from "./log-store.ts";
import { MemoryLogStore } from "./memory-log-store.ts";

/** What a TopicLog is started with: of which PubSub it keeps events, where, and how many. */
export interface TopicLogOptions {
  /** The name of the PubSub that carries the broadcasts. */
  readonly pubsub: string;
  /** Makes the store, each time the log starts. Default: in memory. */
  readonly store?: () => LogStore;
  /** Of a topic so many events are kept. Default: 1,000. */
  readonly messagesMax?: number;
  /** Of a topic so many bytes are kept: far less than `maxBufferedSize` of a socket, whose client may get all of them at once. Default: 1 MB. */
  readonly bytesMax?: number;
  /** Of all topics so many bytes are kept; then a topic that grows loses its oldest. Default: 64 MB. */
  readonly totalBytesMax?: number;
  /** An event is kept so long, and so long a topic that nobody resumes. Default: 10 minutes. */
  readonly ageMs?: number;
  /** So many topics are kept that nobody resumes, those that were left last; for a while up to twice as many. Default: 10,000. */
  readonly idleTopicsMax?: number;
}

export type CompleteTopicLog = Required<TopicLogOptions>;

const DEFAULTS = {
  messagesMax: 1_000,
  bytesMax: 1_000_000,
  totalBytesMax: 64_000_000,
  ageMs: 600_000,
  idleTopicsMax: 10_000,
} as const;

/** Throws ROOKERY_TOPIC_LOG_OPTION. */
export function completeTopicLog(options: TopicLogOptions): CompleteTopicLog {
  const { pubsub, store = () => new MemoryLogStore(), ...limits } = options;
  if (typeof pubsub !== "string" || pubsub === "") refuse("the name of a PubSub as pubsub", pubsub);
  if (typeof store !== "function") refuse("a function that makes a store", store);
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULTS, name)) refuse("only known options", name);
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      refuse(`a whole number above 0 as ${name}`, value);
  }
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return { pubsub, store, ...DEFAULTS, ...given };
}

function refuse(expected: string, got: unknown): never {
  throw channelsError("ROOKERY_TOPIC_LOG_OPTION", expected, got);
}
