import { type BenchCase, type Contender, oneByOne } from "./bench-case.ts";
import { Child } from "./child.ts";

const cases = {
  cast: "casts handled/s, 1 sender to 1 server",
  ring: "hops/s, 1,000 servers in a ring",
  "fan-out": "deliveries/s, 1 to 10,000 servers",
  "call-1": "call round trips/s, 1 caller",
  "call-8": "call round trips/s, 8 callers",
  "spawn-exit": "processes/s, spawned, exited and awaited",
  start: "servers/s, started and killed",
  "idle-bytes": "bytes of an idle server, 100,000 alive",
  downs: "DOWNs/s, 10,000 monitored processes killed one by one",
  linked: "exits/s, 10,000 processes linked to one that is killed",
  select: "ns a receive past 10,000 other messages",
  "restart-p50": "µs from the kill of a child to its successor's init, median",
  "restart-p99": "the same, 99th percentile",
  "ping-pong": "round trips/s, 2 processes that send and receive",
} as const;

/** Of these cases the smaller figure is the better one. */
const smallerIsBetter: readonly string[] = [
  "idle-bytes",
  "select",
  "restart-p50",
  "restart-p99",
  "presence-join",
  "presence-leave",
];

/** Between two shards; on the BEAM, between processes that are bound to two schedulers. */
const betweenShards = {
  "shard-stream": "messages/s from one shard to another, at most 1,000 under way",
  "shard-call": "call round trips/s between two shards, 1 caller",
} as const;

type BeamContenders = (workload: string, schedulers?: readonly number[]) => readonly Contender[];

/** The cases that need a runtime and nothing else; each has its workload in `workloads/`, and for the BEAM in `beam/`. */
export function processCases(beam: BeamContenders): BenchCase[] {
  return [
    ...Object.entries(cases).map(([name, unit]) => benchCase(name, unit, [rookery(name), ...beam(name)])),
    ...Object.entries(betweenShards).map(([name, unit]) =>
      benchCase(name, unit, [
        rookery(name),
        ...beam(name, [2]),
        ...(name === "shard-stream" ? [postMessage] : []),
      ]),
    ),
    benchCase("crunch", "calls/s of servers that compute, 2 shards and 1", [
      { name: "2 shards", measure: () => measure("crunch-2") },
      { name: "1 shard", measure: () => measure("crunch-1") },
    ]),
    // All is done on the first shard, with and without a second one that sleeps.
    ...(["cast", "call-1"] as const).map((name) =>
      benchCase(`${name}-beside`, `${cases[name]}, on one shard of 2 and on the only one`, [
        { name: "one of 2 shards", measure: () => measure(name, 2) },
        { name: "the only shard", measure: () => measure(name, 1) },
      ]),
    ),
    ...["join", "leave"].map((what) =>
      benchCase(`presence-${what}`, `µs of a ${what}, in a topic of 10,000 members and of 1,000`, [
        { name: "10,000 members", measure: () => measure(`presence-${what}-10000`) },
        { name: "1,000 members", measure: () => measure(`presence-${what}-1000`) },
      ]),
    ),
    benchCase("page", "pages/s of 50 rows, the 10,000th of a million rows and the first", [
      { name: "page 10,000", measure: () => measure("page-10000") },
      { name: "the same, all rows of one moment", measure: () => measure("page-10000-of-a-moment") },
      // What a cursor costs, wherever it points.
      { name: "page 2", measure: () => measure("page-2") },
      { name: "page 1", measure: () => measure("page-1") },
    ]),
    benchCase("simulation", "messages/s in a simulation with chaos and invariants", [rookery("simulation")]),
    benchCase("orders", "durable orders/s, 64 callers", [
      { name: "Rookery, at the Repo", measure: () => measure("orders") },
      // What a client sent is validated, a Multi writes it, subscribers are told.
      { name: "by the demo's context", measure: () => measure("orders-context") },
      { name: "better-sqlite3, a commit each", measure: () => measure("orders-single") },
    ]),
  ];
}

function benchCase(name: string, unit: string, contenders: readonly Contender[]): BenchCase {
  const better = smallerIsBetter.includes(name) ? "less" : "more";
  return oneByOne(name, [{ name: "figure", unit, better }], contenders);
}

function rookery(workload: string): Contender {
  return { name: "Rookery", measure: () => measure(workload) };
}

const postMessage: Contender = { name: "postMessage one by one", measure: () => measure("post-message") };

async function measure(workload: string, shards = 1): Promise<{ figure: number }> {
  const args = [workload, String(shards)];
  const child = new Child("./workloads/child.ts", { args, execArgv: ["--expose-gc"] });
  const figure = (await child.message()) as number;
  await child.stop();
  return { figure };
}
