import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { ThreadServer } from "../shards/thread-server.ts";
import { IpcCarrier } from "./ipc-carrier.ts";

/** A node in an OS process of its own, with a server on each of its two shards. It ends when it is cut off. */
const runtime = await Runtime.start({
  node: "far@test",
  nodes: new IpcCarrier(process),
  shards: 2,
  logger: silentLogger,
});
for (const shard of [0, 1])
  await runtime.start(ThreadServer, undefined, { name: `server ${shard}`, on: { shard } });
process.once("disconnect", () => void runtime.shutdown());
