import { execSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchCase, type Figures, oneByOne } from "./bench-case.ts";
import { Child } from "./child.ts";
import { freePort, HOST, usage } from "./load-case.ts";

const SOCKETS = 100_000;
/** Descriptors of a process that are no sockets of the crowd. */
const SPARE_DESCRIPTORS = 500;
const SHOUTS = 5;

/**
 * As many joined sockets as one machine shall hold, and a broadcast that reaches all. Where a process may not have so many descriptors,
 * several servers share them, connected by a Redis server.
 */
export const crowdCase: BenchCase = oneByOne(
  "crowd",
  [
    { name: "sockets", unit: "joined sockets", better: "more" },
    { name: "servers", unit: "server processes", better: "less" },
    { name: "joinMicros", unit: "µs of the servers' CPU per connection that joins", better: "less" },
    { name: "joinSeconds", unit: "s until all have joined", better: "less" },
    { name: "kib", unit: "KiB of RSS per joined socket", better: "less" },
    { name: "reachMs", unit: "ms until a broadcast has reached all", better: "less" },
    { name: "deliveryMicros", unit: "µs of the servers' CPU per delivery", better: "less" },
  ],
  [{ name: "Rookery", measure }],
);

async function measure(): Promise<Figures> {
  const perProcess = Number(execSync("ulimit -n", { shell: "/bin/sh" })) - SPARE_DESCRIPTORS;
  const wanted = Math.ceil(SOCKETS / perProcess);
  const hasRedis = wanted === 1 || spawnSync("redis-server", ["--version"]).error === undefined;
  const count = hasRedis ? wanted : 1;
  if (!hasRedis)
    process.stderr.write("crowd: as many sockets as one process may have, since redis-server is not there\n");
  const sockets = Math.min(SOCKETS, count * perProcess);
  const redis = count === 1 ? undefined : await startRedis();
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(redis?.url)));
  const children = servers.map(({ server }) => server);
  try {
    const before = await totals(children);
    const startedMs = performance.now();
    const clients = servers.map(
      ({ port }, index) =>
        new Child("./clients/crowd.ts", {
          args: [HOST, String(port), `127.0.0.${index + 2}`, String(Math.floor(sockets / count))],
        }),
    );
    children.push(...clients);
    await Promise.all(clients.map((client) => client.message()));
    const joinSeconds = (performance.now() - startedMs) / 1_000;
    const joined = await totals(servers.map(({ server }) => server));
    let reachedMs = 0;
    for (let shout = 0; shout < SHOUTS; shout += 1) {
      const shoutedMs = performance.now();
      clients[0]!.send("shout");
      await Promise.all(clients.map((client) => client.message()));
      reachedMs += performance.now() - shoutedMs;
    }
    const after = await totals(servers.map(({ server }) => server));
    return {
      sockets,
      servers: count,
      joinMicros: (joined.cpuMicros - before.cpuMicros) / sockets,
      joinSeconds,
      kib: (joined.rssBytes - before.rssBytes) / 1_024 / sockets,
      reachMs: reachedMs / SHOUTS,
      deliveryMicros: (after.cpuMicros - joined.cpuMicros) / sockets / SHOUTS,
    };
  } finally {
    for (const child of children.toReversed()) await child.stop();
    redis?.stop();
  }
}

async function startServer(redisUrl: string | undefined): Promise<{ server: Child; port: number }> {
  const port = await freePort();
  const server = new Child("../test/support/wire-server.ts", {
    execArgv: ["--import", new URL("./servers/report-usage.ts", import.meta.url).href],
    env: {
      HOST,
      PORT: String(port),
      SHARDS: "1",
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
  });
  await server.printed(new RegExp(`:${port}\\b`));
  return { server, port };
}

async function totals(servers: readonly Child[]): Promise<{ cpuMicros: number; rssBytes: number }> {
  const usages = await Promise.all(servers.map(usage));
  return {
    cpuMicros: usages.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
    rssBytes: usages.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  };
}

async function startRedis(): Promise<{ url: string; stop(): void }> {
  const port = await freePort();
  const redis = spawn("redis-server", [
    "--port",
    String(port),
    "--bind",
    HOST,
    "--save",
    "",
    "--dir",
    mkdtempSync(join(tmpdir(), "rookery-crowd-")),
  ]);
  await new Promise<void>((resolve) => {
    redis.stdout.on("data", (chunk) => {
      if (String(chunk).includes("Ready to accept connections")) resolve();
    });
  });
  return { url: `redis://${HOST}:${port}`, stop: () => redis.kill() };
}
