import { Application, RookeryError } from "rookery";
import { endpointUrl, readSettings } from "rookery/api";
import { z } from "zod";
import {
  heartOf,
  heartSettings,
  redis as redisSetting,
  shards as shardsSetting,
} from "../../demo/settings.ts";
import { names } from "./wire/names.ts";
import { wireTree } from "./wire/wire-tree.ts";

try {
  const {
    HOST: host,
    PORT: port,
    SHARDS: shards,
    STALL_MS: stallMs,
    REDIS_URL: redis,
    ...heart
  } = readSettings(
    z.object({
      HOST: z.string().default("127.0.0.1"),
      PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
      SHARDS: shardsSetting,
      REDIS_URL: redisSetting,
      STALL_MS: z.coerce.number().positive().default(1_000),
      ...heartSettings,
    }),
  );
  const { runtime } = await Application.run({
    name: "wire-server",
    runtime: { shards, stallMs, heart: heartOf(heart) },
    start: [wireTree({ host, port, ...(redis === undefined ? {} : { redis }) })],
  });
  endpointUrl(runtime, names.endpoint).then(
    (url) => process.stdout.write(`The wire server is listening on ${url}\n`),
    // A signal that came while it started is ending it.
    () => {},
  );
} catch (error) {
  // A start that fails has been reported by the application.
  if (error instanceof RookeryError && error.code === "ROOKERY_SETTINGS")
    process.stderr.write(`${error.message}\n`);
  else throw error;
  process.exitCode = 1;
}
