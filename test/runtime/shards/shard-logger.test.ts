import { expect, onTestFinished, test } from "vitest";
import { type Logger, Runtime, silentLogger } from "../../../runtime/index.ts";
import { ShardReporter } from "./shard-reporter.ts";

test("what a shard logs is written by the runtime's logger, and nothing is sent that it would drop", async () => {
  const lines: [string, string, unknown][] = [];
  const written = Promise.withResolvers<void>();
  const logger: Logger = {
    ...silentLogger,
    isLevelEnabled: (level) => level !== "info",
    info: (_fields, message) => lines.push(["info", message, undefined]),
    error: (fields, message) => {
      lines.push(["error", message, (fields as { err: unknown }).err]);
      written.resolve();
    },
  };
  const runtime = await Runtime.start({ shards: 2, logger });
  onTestFinished(() => runtime.shutdown());
  const reporter = await runtime.start(ShardReporter, undefined, { on: { shard: 1 } });
  runtime.cast(reporter, ["info", "dropped"]);
  runtime.cast(reporter, ["error", "written"]);
  await written.promise;
  expect(lines).toEqual([["error", "written", expect.any(TypeError)]]);
});

test("a level that the runtime's logger drops is none on a shard either, so that nobody makes a line of it there", async () => {
  const runtime = await Runtime.start({ shards: 2, logger: { ...silentLogger, error: () => {} } });
  onTestFinished(() => runtime.shutdown());
  const reporter = await runtime.start(ShardReporter, undefined, { on: { shard: 1 } });
  const levels = ["debug", "info", "warn", "error"] as const;
  const enabled = await Promise.all(levels.map((level) => runtime.call(reporter, level)));
  expect(enabled).toEqual([false, false, false, true]);
});
