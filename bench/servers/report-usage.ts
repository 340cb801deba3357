export interface Usage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

// Preloaded into a measured server: answers how much processor time its process has used, with all its threads, kernel
// time included, and how much memory it has. The channel to the bench must not keep a server alive that wants to stop.
process.on("message", (message) => {
  if (message !== "usage") return;
  const { user, system } = process.cpuUsage();
  process.send!({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() } satisfies Usage);
});
process.channel?.unref();
