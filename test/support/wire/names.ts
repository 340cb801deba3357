/** Under which the processes of the wire server are registered, on each shard. */
export const names = {
  pubsub: "wire.pubsub",
  presence: "wire.presence",
  history: "wire.history",
  stats: "wire.stats",
  endpoint: "wire.endpoint",
} as const;
