// Preloaded into a measured server: answers how much processor time its process has used, with all its threads, kernel
// time included. The channel to the bench must not keep a server alive that wants to stop.
process.on("message", (message) => {
  if (message !== "usage") return;
  const { user, system } = process.cpuUsage();
  process.send!(user + system);
});
process.channel?.unref();
