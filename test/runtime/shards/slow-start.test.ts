import { expect, onTestFinished, test } from "vitest";
import { Runtime, silentLogger } from "../../../runtime/index.ts";
import { LOAD_MS, SlowServer } from "./slow-module.ts";

test("a module that takes longer to load than a handler may run costs no shard", async () => {
  process.env["SLOW_MODULE"] = "1";
  const runtime = await Runtime.start({ shards: 2, logger: silentLogger, stallMs: LOAD_MS / 4 });
  onTestFinished(() => runtime.shutdown());
  const server = await runtime.start(SlowServer, undefined, { on: { shard: 1 } });
  expect(runtime.isAlive(server)).toBe(true);
  expect(runtime.shards()).toEqual([0, 1]);
});
