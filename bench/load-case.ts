import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { type BenchCase, type Figures, type Metric, oneByOne } from "./bench-case.ts";
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

/** The client of a case, and what it does in a round. */
interface LoadClient {
  readonly file: string;
  readonly args: readonly string[];
  /**
   * In so many rounds the servers of a case have the client in turn, all alive at once: what the machine does besides, be it for a tenth of a second or for
   * a minute, befalls all of them. Left out where a server is not to have another beside it: then each is alone, for one round.
   */
  readonly rounds?: number;
}

export const HOST = "127.0.0.1";

/** For so many measured rounds one goes before that is not: V8 still compiles then. */
const ROUNDS_PER_WARM_UP = 3;

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
  const { rounds } = client;
  return rounds === undefined
    ? aloneCase(name, metrics, servers, client)
    : {
        name,
        metrics,
        contenders: servers.map((server) => server.name),
        run: () => measureInTurn(servers, client, rounds),
      };
}

/** What memory a server has for each connection that a client opens and leaves alone. */
export function idleCase(servers: readonly MeasuredServer[], client: LoadClient): BenchCase {
  const metrics: Metric[] = [{ name: "kib", unit: "KiB of RSS per joined socket", better: "less" }];
  return aloneCase("idle-socket", metrics, servers, client);
}

function aloneCase(
  name: string,
  metrics: readonly Metric[],
  servers: readonly MeasuredServer[],
  client: LoadClient,
): BenchCase {
  const measure = async (server: MeasuredServer): Promise<Figures> => {
    await using loaded = await LoadedServer.start(server);
    await loaded.connect(client);
    return await loaded.round();
  };
  return oneByOne(
    name,
    metrics,
    servers.map((server) => ({ name: server.name, measure: () => measure(server) })),
  );
}

/** Of each server the means of its rounds. */
async function measureInTurn(
  servers: readonly MeasuredServer[],
  client: LoadClient,
  rounds: number,
): Promise<Figures[]> {
  await using started = new AsyncDisposableStack();
  const loaded: LoadedServer[] = [];
  for (const server of servers) loaded.push(started.use(await LoadedServer.start(server)));
  for (const server of loaded) await server.connect(client);
  const measured = new Map<LoadedServer, Figures[]>(loaded.map((server) => [server, []]));
  for (let round = -Math.ceil(rounds / ROUNDS_PER_WARM_UP); round < rounds; round += 1) {
    // There and back, so that none always comes after the same.
    for (const server of round % 2 === 0 ? loaded : loaded.toReversed()) {
      const figures = await server.round();
      if (round >= 0) measured.get(server)!.push(figures);
    }
  }
  return loaded.map((server) => means(measured.get(server)!));
}

function means(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0]!);
  return Object.fromEntries(
    names.map((name) => [name, rounds.reduce((sum, figures) => sum + figures[name]!, 0) / rounds.length]),
  );
}

/** A server and the client that loads it. */
export class LoadedServer implements AsyncDisposable {
  readonly #server: MeasuredServer;
  readonly #processes: MeasuredProcess[] = [];
  #client: Child | undefined;

  private constructor(server: MeasuredServer) {
    this.#server = server;
  }

  /** Resolves when it listens. */
  static async start(server: MeasuredServer): Promise<LoadedServer> {
    const loaded = new LoadedServer(server);
    try {
      for (let started = 0; started < (server.processes ?? 1); started += 1)
        loaded.#processes.push(await startServer(server));
    } catch (error) {
      await loaded[Symbol.asyncDispose]();
      throw error;
    }
    return loaded;
  }

  /** Resolves when the client is connected and has warmed it up. */
  async connect({ file, args }: LoadClient): Promise<void> {
    const ports = this.#processes.map(({ port }) => port).join(",");
    this.#client = new Child(file, { args: [HOST, ports, this.#server.protocol ?? "phoenix", ...args] });
    await this.#client.message();
  }

  /** Lets the client do what it does in a round. */
  async round(): Promise<Figures> {
    const before = await this.#usage();
    this.#client!.send("go");
    const load = (await this.#client!.message()) as LoadResult;
    const after = await this.#usage();
    return {
      serverMicros: (after.cpuMicros - before.cpuMicros) / load.operations,
      perSecond: load.operations / load.seconds,
      p50Ms: load.p50Ms,
      p99Ms: load.p99Ms,
      kib: (after.rssBytes - before.rssBytes) / 1_024 / load.operations,
    };
  }

  async #usage(): Promise<Usage> {
    let [cpuMicros, rssBytes] = [0, 0];
    for (const { child } of this.#processes) {
      const used = await usage(child);
      cpuMicros += used.cpuMicros;
      rssBytes += used.rssBytes;
    }
    return { cpuMicros, rssBytes };
  }

  /** The client first: it takes a server that closes for a failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.stop();
    for (const { child } of this.#processes) await child.stop();
  }
}

interface MeasuredProcess {
  readonly child: Child;
  readonly port: number;
}

/** Resolves when it listens. */
export async function startServer({ file, env }: MeasuredServer): Promise<MeasuredProcess> {
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
