import { Application } from "rookery";
import { createLogger, endpointUrl } from "rookery/api";
import { redisCarrier } from "rookery/channels";
import { demoTree, names } from "./demo-tree.ts";
import { demoSettings, type Settings } from "./settings.ts";

/** A handler that has not returned after so long is ended. */
const STALL_MS = 1_000;

function settingsOrExit(): Settings {
  try {
    return demoSettings(process.env);
  } catch (error) {
    process.stderr.write(`demo could not start: ${(error as Error).message}\n`);
    process.exit(1);
  }
}

const { heart, logLevel, shards, stopMs, ...settings } = settingsOrExit();
const { redis } = settings;
const logger = createLogger({ level: logLevel });
const node =
  redis === undefined ? {} : { node: redis.node!, nodes: redisCarrier({ url: redis.url, logger }) };

const { runtime } = await Application.run({
  name: "demo",
  stopMs,
  runtime: { logger, shards, stallMs: STALL_MS, heart, ...node },
  start: [demoTree(settings)],
});
endpointUrl(runtime, names.endpoint).then(
  (url) => process.stdout.write(`Rookery is listening on ${url}\n`),
  // A signal that came while it started is ending it.
  () => {},
);
