import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { BenchCase, Contender, Metric } from "./bench-case.ts";
import { Child } from "./child.ts";
import type { Usage } from "./servers/report-usage.ts";

/** A server to be measured: it listens on HOST and PORT of its environment and prints its address when it does. */
export interface MeasuredServer {
  readonly name: string;
  readonly file: string;
  /** What its clients speak. The load client has it as an argument. */
  readonly protocol?: "phoenix" | "socket.io";
  readonly env?: () => Readonly<Record<string, string>>;
  /** So many of it run side by side, and share the clients among them: what one server on as many shards is held against. 1 if left out. */
  readonly processes?: number;
}

/** What the load client reports of the measured part of its run. */
export interface LoadResult {
  readonly operations: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadClient {
  readonly file: string;
  readonly args: readonly string[];
}

export const HOST = "127.0.0.1";

/** A case whose figures are those of a server under the load of a client in another process. */
export function loadCase(
  name: string,
  operation: string,
  operations: string,
  servers: readonly MeasuredServer[],
  client: LoadClient,
): BenchCase {
  const metrics: Metric[] = [
    { name: "serverMicros", unit: `µs of the server's CPU per ${operation}`, better: "less" },
    { name: "perSecond", unit: `${operations}/s`, better: "more" },
    { name: "p50Ms", unit: "p50, ms", better: "less" },
    { name: "p99Ms", unit: "p99, ms", better: "less" },
  ];
  return { name, metrics, contenders: contendersOf(servers, client) };
}

/** What memory a server has for each connection that a client opens and leaves alone. */
export function idleCase(servers: readonly MeasuredServer[], client: LoadClient): BenchCase {
  const metrics: Metric[] = [{ name: "kib", unit: "KiB of RSS per joined socket", better: "less" }];
  return { name: "idle-socket", metrics, contenders: contendersOf(servers, client) };
}

function contendersOf(servers: readonly MeasuredServer[], { file, args }: LoadClient): Contender[] {
  return servers.map((server) => ({ name: server.name, measure: () => measure(server, file, args) }));
}

async function measure(
  server: MeasuredServer,
  clientFile: string,
  args: readonly string[],
): Promise<Record<string, number>> {
  const serving: MeasuredProcess[] = [];
  try {
    for (let started = 0; started < (server.processes ?? 1); started += 1) serving.push(await start(server));
    const ports = serving.map(({ port }) => port).join(",");
    const client = new Child(clientFile, { args: [HOST, ports, server.protocol ?? "phoenix", ...args] });
    await client.message(); // connected and warmed up
    const before = await usageOfAll(serving);
    client.send("go");
    const load = (await client.message()) as LoadResult;
    const after = await usageOfAll(serving);
    await client.stop();
    return {
      serverMicros: (after.cpuMicros - before.cpuMicros) / load.operations,
      perSecond: load.operations / load.seconds,
      p50Ms: load.p50Ms,
      p99Ms: load.p99Ms,
      kib: (after.rssBytes - before.rssBytes) / 1_024 / load.operations,
    };
  } finally {
    for (const { child } of serving) await child.stop();
  }
}

interface MeasuredProcess {
  readonly child: Child;
  readonly port: number;
}

/** Resolves when it listens. */
async function start({ file, env }: MeasuredServer): Promise<MeasuredProcess> {
  const port = await freePort();
  const child = new Child(file, {
    execArgv: ["--import", new URL("./servers/report-usage.ts", import.meta.url).href],
    env: { HOST, PORT: String(port), SHARDS: "1", ...env?.() },
  });
  try {
    await child.printed(new RegExp(`:${port}\\b`));
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { child, port };
}

async function usageOfAll(serving: readonly MeasuredProcess[]): Promise<Usage> {
  let [cpuMicros, rssBytes] = [0, 0];
  for (const { child } of serving) {
    const used = await usage(child);
    cpuMicros += used.cpuMicros;
    rssBytes += used.rssBytes;
  }
  return { cpuMicros, rssBytes };
}

export async function usage(server: Child): Promise<Usage> {
  server.send("usage");
  return (await server.message()) as Usage;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
