import type { BenchCase, Figures } from "./bench-case.ts";
import { Child } from "./child.ts";
import type { Watched } from "./clients/watcher.ts";
import { freePort, HOST, type LoadResult, usage } from "./load-case.ts";

const TOKEN = "a token that only the bench knows";
const PROCESSES = 100_000;
const VIEWS = [
  "overview",
  "tree",
  "processes",
  "search",
  "process",
  "sockets",
  "topics",
  "stores",
  "crashes",
  "telemetry",
];
const VIEW_MS = 6_000;
const SOCKETS = 100;
const ECHOES_A_ROUND = 20_000;
/** Many short ones in turn, so that what the machine does besides befalls both. */
const ROUNDS = 60;

/** What the dashboard costs while nobody looks, and while somebody does. */
export const dashboardCases: readonly BenchCase[] = [
  {
    name: "dashboard-closed",
    metrics: [
      {
        name: "percent",
        unit: "% more of the server's CPU per echo, with a dashboard and without",
        better: "less",
      },
    ],
    contenders: [
      { name: "Rookery", measure: () => moreWith(TOKEN) },
      // What two servers differ by that are the same.
      { name: "without, and without", measure: () => moreWith(undefined) },
    ],
  },
  {
    name: "dashboard-open",
    metrics: [
      {
        name: "percent",
        unit: `% of a core for the view that costs most, ${PROCESSES} processes`,
        better: "less",
      },
      { name: "kib", unit: "KiB of the largest answer", better: "less" },
    ],
    contenders: [{ name: "Rookery", measure: open }],
  },
];

/** Two servers at the same time, which echo in turn. */
async function moreWith(token: string | undefined): Promise<Figures> {
  await using plain = await Echoing.start(undefined);
  await using other = await Echoing.start(token);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const turns = round % 2 === 0 ? [plain, other] : [other, plain];
    const micros = new Map<Echoing, number>();
    for (const echoing of turns) micros.set(echoing, await echoing.round());
    ratios.push(micros.get(other)! / micros.get(plain)!);
  }
  return { percent: (median(ratios) - 1) * 100 };
}

class Echoing implements AsyncDisposable {
  readonly #server: Child;
  readonly #client: Child;

  private constructor(server: Child, client: Child) {
    this.#server = server;
    this.#client = client;
  }

  static async start(token: string | undefined): Promise<Echoing> {
    const [server, port] = await startServer(token === undefined ? {} : { DASHBOARD_TOKEN: token });
    const args = [HOST, String(port), "phoenix", "echo", String(SOCKETS), String(ECHOES_A_ROUND), "1"];
    const client = new Child("./clients/sockets.ts", { args });
    await client.message();
    return new Echoing(server, client);
  }

  /** The CPU that the server took for the echoes of a round. */
  async round(): Promise<number> {
    const before = await usage(this.#server);
    this.#client.send("go");
    const { operations } = (await this.#client.message()) as LoadResult;
    const { cpuMicros } = await usage(this.#server);
    return (cpuMicros - before.cpuMicros) / operations;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.stop();
    await this.#server.stop();
  }
}

/** A page looks at a server with very many processes, at one view after the other. */
async function open(): Promise<Figures> {
  const [server, port] = await startServer({ DASHBOARD_TOKEN: TOKEN, PROCESSES: String(PROCESSES) });
  const watcher = new Child("./clients/watcher.ts", { args: [HOST, String(port), TOKEN] });
  try {
    await watcher.message();
    let [percent, largestBytes] = [0, 0];
    for (const view of VIEWS) {
      // The first look compiles what the others run.
      await look(watcher, view, 1);
      const before = await usage(server);
      const startedMs = performance.now();
      const watched = await look(watcher, view, VIEW_MS);
      const { cpuMicros } = await usage(server);
      const elapsedMs = performance.now() - startedMs;
      const used = ((cpuMicros - before.cpuMicros) / 1_000 / elapsedMs) * 100;
      process.stderr.write(`  ${view}: ${used.toFixed(2)} %, ${watched.largestBytes} bytes\n`);
      percent = Math.max(percent, used);
      largestBytes = Math.max(largestBytes, watched.largestBytes);
    }
    return { percent, kib: largestBytes / 1_024 };
  } finally {
    await watcher.stop();
    await server.stop();
  }
}

async function look(watcher: Child, view: string, forMs: number): Promise<Watched> {
  watcher.send(`${view} ${forMs}`);
  return (await watcher.message()) as Watched;
}

async function startServer(env: Readonly<Record<string, string>>): Promise<[server: Child, port: number]> {
  const port = await freePort();
  const server = new Child("./servers/watched.ts", {
    execArgv: ["--import", new URL("./servers/report-usage.ts", import.meta.url).href],
    env: { HOST, PORT: String(port), ...env },
  });
  await server.printed(new RegExp(`:${port}\\b`));
  return [server, port];
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]!;
}
