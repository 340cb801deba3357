/** Under which the processes of the wire server are registered. */
export const names = { pubsub: "wire.pubsub", presence: "wire.presence", endpoint: "wire.endpoint" } as const;
