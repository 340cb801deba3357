// A program for test/supervisors/shard-faults.test.ts: shards, and processes on them, come to harm at random for so many seconds, from a seed.
// What came of it goes to stdout as JSON. A process of its own: only Node's main thread is terminated in the way of a watchdog.
import { setInterval as every } from "node:timers/promises";
import { nameOn, Pid, Runtime } from "../../runtime/index.ts";
import { SeededRandom } from "../../runtime/testing.ts";
import { onEveryShard, Supervisor } from "../../supervisors/index.ts";
import {
  Auditor,
  counted,
  type EndStatus,
  FaultTree,
  INTENSITY,
  placeNames,
  type Seen,
} from "./fault-servers.ts";

const SHARDS = 3;
// Far longer than a full collection takes on a busy machine, which the inspectors ask for in a handler.
const STALL_MS = 1_000;
const HEAP_MB = 64;
const FAULT_EVERY_MS = 150;
const CHEAP_PER_COSTLY = 6;
const LOOK_EVERY_MS = 20;
const REST_MS = 60_000;
const LONGER_MS = 60_000;

const [seconds, seed] = process.argv.slice(2).map(Number) as [number, number];
const random = new SeededRandom(seed);
const reports: Record<string, number> = {};
const report = (fields: object, message: string): void => {
  const { err, reason } = fields as { readonly err?: unknown; readonly reason?: unknown };
  const kind = message.replaceAll(/<\S+>|\d+/g, "#");
  const why =
    err instanceof Error
      ? ` (${String((err as { code?: unknown }).code ?? err.message)})`
      : message.startsWith("What runs")
        ? ` (${JSON.stringify(reason)})`
        : "";
  reports[kind + why] = (reports[kind + why] ?? 0) + 1;
};
const runtime = await Runtime.start({
  shards: SHARDS,
  stallMs: STALL_MS,
  maxHeapMb: HEAP_MB,
  longScheduleMs: Number.POSITIVE_INFINITY,
  logger: { debug: () => {}, info: () => {}, warn: report, error: report },
});
const root = await runtime.start(Supervisor, {
  strategy: "one_for_one",
  intensity: INTENSITY,
  children: [
    { id: "auditor", name: "auditor", start: [Auditor, undefined] },
    onEveryShard(FaultTree, SHARDS, { name: "tree", intensity: INTENSITY }),
  ],
});

const places = Array.from({ length: SHARDS }, (_, place) => place);
const named = (place: number, name: string): Pid | undefined =>
  runtime.whereis(nameOn(place, name)) as Pid | undefined;

const kill = (names: readonly string[]) => (place: number) => {
  const victim = named(place, names[random.below(names.length)]!);
  if (victim !== undefined) runtime.exit(victim, "kill");
};
const harm = (fault: string) => (place: number) => runtime.cast(nameOn(place, "victim"), fault);

interface Fault {
  readonly kind: string;
  /** Also on the first shard. */
  readonly anywhere?: true;
  readonly inflict: (place: number) => void;
}

/** What costs a shard. */
const costly: readonly Fault[] = ["exit", "continuation", "heap", "uncaught error"].map((kind) => ({
  kind,
  inflict: harm(kind),
}));
/** What costs a process, or a few. */
const cheap: readonly Fault[] = [
  ...["loop", "regular expression"].map((kind) => ({ kind, anywhere: true, inflict: harm(kind) }) as const),
  { kind: "send", inflict: harm("send") },
  { kind: "kill a tree", inflict: kill(["tree"]) },
  { kind: "kill an observer or a ledger", inflict: kill(["observer", "ledger"]) },
  { kind: "kill an end", anywhere: true, inflict: kill(["pair 0", "pair 1", "pair 2"]) },
  { kind: "kill another", anywhere: true, inflict: kill(["victim", "caller", "inspector"]) },
];
const inflicted: Record<string, number> = {};

/** Which faults are drawn, and whom they meet, is chance: all must have been, and have had these consequences. */
async function harmedInEveryWay(): Promise<boolean> {
  if ([...costly, ...cheap].some(({ kind }) => !(kind in inflicted))) return false;
  const { reasons } = (await ask(0, "observer", "seen")) as Seen;
  return ["killed", "noconnection", "stalled"].every((reason) => reason in reasons);
}

/** Goes on for so long; and, if `enough` does not say so by then, for up to a minute longer. */
async function harmFor(ms: number, enough: () => Promise<boolean> = async () => true): Promise<void> {
  const endMs = performance.now() + ms;
  for await (const _ of every(FAULT_EVERY_MS)) {
    const overMs = performance.now() - endMs;
    if (overMs >= LONGER_MS || (overMs >= 0 && (await enough()))) return;
    const faults = random.below(CHEAP_PER_COSTLY) === 0 ? costly : cheap;
    const { kind, anywhere, inflict } = faults[random.below(faults.length)]!;
    inflict(anywhere ? random.below(SHARDS) : 1 + random.below(SHARDS - 1));
    inflicted[kind] = (inflicted[kind] ?? 0) + 1;
  }
}

/** Answers once `ready` answers undefined; or, after a long while, what it answers instead. */
async function settled(ready: () => Promise<unknown>): Promise<unknown> {
  const endMs = performance.now() + REST_MS;
  let missing: unknown;
  for await (const _ of every(LOOK_EVERY_MS)) {
    try {
      missing = await ready();
    } catch (error) {
      missing = String(error);
    }
    if (missing === undefined || performance.now() > endMs) break;
  }
  return missing;
}

async function whatIsMissing(): Promise<unknown> {
  const all = places.flatMap((place) =>
    ["tree", ...placeNames(place, SHARDS)].map((name) => ({ place, name })),
  );
  const missing = all.filter(({ place, name }) => named(place, name) === undefined);
  return missing.length === 0 ? undefined : { missing };
}

const pairs = places.flatMap((one) =>
  places.filter((other) => other > one).map((other) => [one, other] as const),
);

const ask = (place: number, name: string, request: string): Promise<unknown> =>
  runtime.call(nameOn(place, name) as never, request as never, REST_MS);

/** Each message of a pair that stands still must have arrived, and be acknowledged up to what is acknowledged in one. */
async function whatIsUnderWay(): Promise<unknown> {
  for (const [one, other] of pairs) {
    const [a, b] = (await Promise.all([
      ask(one, `pair ${other}`, "pause"),
      ask(other, `pair ${one}`, "pause"),
    ])) as [EndStatus, EndStatus];
    for (const [sender, receiver] of [
      [a, b],
      [b, a],
    ] as const) {
      const arrived =
        sender.peer === receiver.pid &&
        (receiver.heard === sender.pid ? receiver.last : 0) === sender.sent &&
        sender.acknowledged === sender.sent - (sender.sent % 10);
      if (!arrived) return { underWay: [one, other], sender, receiver };
    }
  }
  return undefined;
}

async function underSupervision(supervisor: Pid): Promise<Pid[]> {
  const children = await Supervisor.whichChildren(runtime, supervisor);
  const below = children.map(async ({ pid, type }) => {
    if (!(pid instanceof Pid)) return [];
    return type === "supervisor" ? underSupervision(pid) : [pid];
  });
  return [supervisor, ...(await Promise.all(below)).flat()];
}

/** Who lives and is in nobody's tree, or is there and does not live; who is watched and does not live. */
async function strays(): Promise<unknown> {
  const tree = new Set(await underSupervision(root));
  const alive = new Set<Pid>();
  for (const place of places)
    for (const pid of (await ask(place, "inspector", "processes")) as Pid[]) alive.add(pid);
  const seen = (await Promise.all(places.map((place) => ask(place, "observer", "seen")))) as Seen[];
  const unburied = seen.flatMap(({ watched }) => watched).filter((pid) => !alive.has(pid));
  const found = {
    orphans: [...alive.difference(tree)].map(String),
    ghosts: [...tree.difference(alive)].map(String),
    unburied: unburied.map(String),
  };
  return Object.values(found).every((list) => list.length === 0) ? undefined : found;
}

type Handles = Record<string, number>;

function handlesNow(): Handles {
  const handles: Handles = {};
  for (const type of process.getActiveResourcesInfo()) handles[type] = (handles[type] ?? 0) + 1;
  return handles;
}

/** Everything stands still: is everybody there, what is held in memory, and are there more handles than `before`? */
async function rest(
  before?: Handles,
): Promise<{ readonly [what: string]: unknown; readonly handles: Handles }> {
  // A mailbox keeps the room that its longest queue took.
  for (const place of places) runtime.exit(nameOn(place, "sink"), "kill");
  const missing = await settled(whatIsMissing);
  const underWay = await settled(whatIsUnderWay);
  const stray = await settled(strays);
  const objects: Record<string, unknown>[] = places.map(() => ({}));
  const uncounted = await settled(async () => {
    for (const place of places)
      for (const type of counted) objects[place]![type] ??= await ask(place, "inspector", type);
  });
  const { rss, heapUsed, external } = process.memoryUsage();
  const MB = 1_048_576;
  // Those of a shard that has died go with its thread, and that takes its time.
  let handles: Handles = {};
  await settled(async () => {
    handles = handlesNow();
    const more = Object.keys(handles).filter((type) => handles[type]! > ((before ?? handles)[type] ?? 0));
    return more.length === 0 ? undefined : more;
  });
  for (const [one, other] of pairs)
    await Promise.all([ask(one, `pair ${other}`, "resume"), ask(other, `pair ${one}`, "resume")]);
  const memory = {
    rss: Math.round(rss / MB),
    heap: Math.round(heapUsed / MB),
    external: Math.round(external / MB),
  };
  return { missing, uncounted, underWay, stray, objects, memory, handles };
}

const halfMs = (seconds * 1_000) / 2;
await harmFor(halfMs);
const middle = await rest();
await harmFor(halfMs, harmedInEveryWay);
const end = await rest(middle.handles);
const complaints = await runtime.call("auditor" as never, "complaints" as never);
const { reasons } = (await ask(0, "observer", "seen")) as Seen;
const entries = await ask(0, "caller", "entries");
await runtime.stop(root, "shutdown");
await runtime.shutdown();
process.stdout.write(JSON.stringify({ middle, end, complaints, reasons, entries, inflicted, reports }));
