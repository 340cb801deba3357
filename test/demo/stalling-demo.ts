// A program for test/demo/heart.test.ts: the demo as its settings say; on a message, code that is no handler holds its first shard.
import { Application, silentLogger } from "rookery";
import { endpointUrl } from "rookery/api";
import { demoTree, names } from "../../demo/demo-tree.ts";
import { demoSettings } from "../../demo/settings.ts";
import { StallingServer } from "../supervisors/stalling-server.ts";

const { heart, logLevel: _, shards, stopMs, ...settings } = demoSettings(process.env);
const { runtime } = await Application.run({
  name: "demo",
  stopMs,
  runtime: { logger: silentLogger, shards, stallMs: Number(process.env["STALL_MS"]), heart },
  start: [demoTree(settings), { id: "stalling", start: [StallingServer, undefined], name: "stalling" }],
});
process.on("message", () => runtime.cast("stalling" as never, "a promise continuation" as never));
process.stdout.write(`${process.pid} listens on ${await endpointUrl(runtime, names.endpoint)}\n`);
