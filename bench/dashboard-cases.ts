import { type BenchCase, type Figures, oneByOne } from "./bench-case.ts";
import { Child } from "./child.ts";
import type { Watched } from "./clients/watcher.ts";
import { HOST, LoadedServer, type MeasuredServer, startServer, usage } from "./load-case.ts";
import { median } from "./median.ts";

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
  oneByOne(
    "dashboard-closed",
    [
      {
        name: "percent",
        unit: "% more of the server's CPU per echo, with a dashboard and without",
        better: "less",
      },
    ],
    [
      { name: "Rookery", measure: () => moreWith(TOKEN) },
      // What two servers differ by that are the same.
      { name: "without, and without", measure: () => moreWith(undefined) },
    ],
  ),
  oneByOne(
    "dashboard-open",
    [
      {
        name: "percent",
        unit: `% of a core for the view that costs most, ${PROCESSES} processes`,
        better: "less",
      },
      { name: "kib", unit: "KiB of the largest answer", better: "less" },
    ],
    [{ name: "Rookery", measure: open }],
  ),
];

/** Two servers at the same time, which echo in turn. */
async function moreWith(token: string | undefined): Promise<Figures> {
  await using plain = await LoadedServer.start(watched({}));
  await using other = await LoadedServer.start(
    watched(token === undefined ? {} : { DASHBOARD_TOKEN: token }),
  );
  for (const server of [plain, other])
    await server.connect({
      file: "./clients/sockets.ts",
      args: ["echo", String(SOCKETS), String(ECHOES_A_ROUND), "1"],
    });
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const turns = round % 2 === 0 ? [plain, other] : [other, plain];
    const micros = new Map<LoadedServer, number>();
    for (const server of turns) micros.set(server, (await server.round())["serverMicros"]!);
    ratios.push(micros.get(other)! / micros.get(plain)!);
  }
  return { percent: (median(ratios) - 1) * 100 };
}

/** A page looks at a server with very many processes, at one view after the other. */
async function open(): Promise<Figures> {
  const env = { DASHBOARD_TOKEN: TOKEN, PROCESSES: String(PROCESSES) };
  const { child: server, port } = await startServer(watched(env));
  const watcher = new Child("./clients/watcher.ts", { args: [HOST, String(port), TOKEN] });
  try {
    await watcher.message();
    let [percent, largestBytes] = [0, 0];
    for (const view of VIEWS) {
      // The first look compiles what the others run.
      await look(watcher, view, 1);
      const before = await usage(server);
      const startedMs = performance.now();
      const { largestBytes: bytes } = await look(watcher, view, VIEW_MS);
      const { cpuMicros } = await usage(server);
      const elapsedMs = performance.now() - startedMs;
      const used = ((cpuMicros - before.cpuMicros) / 1_000 / elapsedMs) * 100;
      process.stderr.write(`  ${view}: ${used.toFixed(2)} %, ${bytes} bytes\n`);
      percent = Math.max(percent, used);
      largestBytes = Math.max(largestBytes, bytes);
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

function watched(env: Readonly<Record<string, string>>): MeasuredServer {
  return { name: "watched", file: "./servers/watched.ts", env: () => env };
}
