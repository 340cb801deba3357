// A program for test/channels/stalled-tables.test.ts: handlers stall again and again while they change what outlives them; what is left goes to
// stdout as JSON. A process of its own: only Node's main thread is terminated in the way that is tested here.
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
import { PubSub } from "../../channels/index.ts";
import {
  type CastResult,
  GenServer,
  ok,
  type Pid,
  ProcessGroups,
  Registry,
  Runtime,
  type Self,
  silentLogger,
  StartError,
  Table,
} from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";

const NEIGHBOURS = 3;
const TOPICS = ["a", "b"];
const TABLE_TYPES = ["set", "ordered_set", "bag", "duplicate_bag"] as const;
const ROWS = Array.from({ length: 50 }, (_, key) => [key] as const);

/** What is changed without end. */
const changes: Record<string, (self: Self, neighbours: readonly Pid[]) => void> = {
  subscriptions: (self) => {
    for (const topic of TOPICS) PubSub.subscribe(self, "pubsub", topic);
    for (const topic of TOPICS) PubSub.subscribe(self, "pubsub", topic);
    for (const topic of TOPICS) PubSub.unsubscribe(self, "pubsub", topic);
  },
  registrations: (self) => {
    for (const topic of TOPICS) Registry.register(self, "registry", topic, 1);
    for (const topic of TOPICS) Registry.register(self, "registry", topic, 2);
    for (const topic of TOPICS) Registry.unregister(self, "registry", topic);
  },
  groups: (self) => {
    for (const topic of TOPICS) ProcessGroups.join(self, "groups", topic, self.pid);
    for (const topic of TOPICS) ProcessGroups.join(self, "groups", topic, self.pid);
    for (const topic of TOPICS) ProcessGroups.leave(self, "groups", topic, [self.pid, self.pid]);
  },
  "links and monitors": (self, neighbours) => {
    const refs = neighbours.map((pid) => self.monitor(pid));
    for (const pid of neighbours) self.link(pid);
    for (const ref of refs) self.demonitor(ref);
    for (const pid of neighbours) self.unlink(pid);
  },
  rows: (self) => {
    for (const type of TABLE_TYPES) {
      const table = Table.whereis<readonly [key: number]>(self, type)!;
      table.insert(self, ...ROWS);
      table.deleteAllObjects(self);
      table.insertNew(self, ...ROWS);
      table.selectDelete(self, () => true);
    }
  },
  names: (self) => {
    self.register("mine");
    self.unregister("mine");
  },
};

class Changing extends GenServer<undefined, never, readonly [what: string, neighbours: readonly Pid[]]> {
  init(_arg: undefined) {
    return ok(undefined);
  }
  override handleCast([what, neighbours]: readonly [what: string, neighbours: readonly Pid[]]): CastResult {
    for (;;) changes[what]!(this.self, neighbours);
  }
}

/** On a busy machine the thread may stand still for so long in the turn of one that does nothing wrong: then this run says nothing. */
function disturbed(): never {
  process.stdout.write(JSON.stringify("disturbed"));
  process.exit(0);
}

// Also before it has started.
process.once("uncaughtException", (error) => {
  if (error instanceof StartError && error.reason === "stalled") disturbed();
  process.stderr.write(inspect(error));
  process.exit(1);
});

const [what, times, stallMs] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
const runtime = await Runtime.start({
  stallMs,
  longScheduleMs: Number.POSITIVE_INFINITY,
  logger: silentLogger,
});
await runtime.start(PubSub, {}, { name: "pubsub" });
await runtime.start(Registry, { keys: "duplicate" }, { name: "registry" });
await runtime.start(ProcessGroups, undefined, { name: "groups" });
const neighbours = Array.from({ length: NEIGHBOURS }, () =>
  runtime.spawn(async (self) => {
    self.trapExit(true);
    for (const type of TABLE_TYPES)
      if (Table.whereis(self, type) === undefined) Table.new(self, { type, name: type, access: "public" });
    for (const topic of TOPICS) {
      PubSub.subscribe(self, "pubsub", topic);
      Registry.register(self, "registry", topic, 0);
      ProcessGroups.join(self, "groups", topic, self.pid);
    }
    await self.receive(() => false);
  }),
);
await setImmediate();

let isDisturbed = false;
const bystanders = ["pubsub", "registry", "groups"].map((server) => runtime.whereis(server)!);
for (const pid of [...bystanders, ...neighbours])
  onProcessExit(pid, (reason) => {
    // Those that were started just now may be dead already.
    isDisturbed ||= reason === "stalled" || reason === "noproc";
  });

/** Why a process ended that changes without end. */
async function reasonOf(): Promise<unknown> {
  const pid = await runtime.start(Changing, undefined);
  const ended = new Promise((resolve) => onProcessExit(pid, resolve));
  runtime.cast(pid, [what, neighbours]);
  return ended;
}

const only = (pids: readonly Pid[]): boolean =>
  pids.length === NEIGHBOURS && neighbours.every((pid) => pids.includes(pid));
let stalled = 0;
const halfTables = new Set<string>();
for (let time = 0; time < times; time += 1) {
  if ((await reasonOf()) === "stalled") stalled += 1;
  if (isDisturbed) disturbed();
  // Rows that were inserted at once are there all or not at all.
  for (const type of TABLE_TYPES) {
    const table = Table.whereis<readonly [key: number]>(runtime, type)!;
    const { size } = table.info()!;
    if (table.toList(runtime).length !== size || (size !== 0 && size !== ROWS.length)) halfTables.add(type);
    table.deleteAllObjects(runtime);
  }
}
const left = TOPICS.map((topic) => ({
  subscribers: only(PubSub.subscribers(runtime, "pubsub", topic).map(({ pid }) => pid)),
  registered: only(Registry.lookup(runtime, "registry", topic).map(({ pid }) => pid)),
  members: only(ProcessGroups.members(runtime, "groups", topic)),
}));
const bonds = neighbours.map((pid) => {
  const { links, monitoredBy } = runtime.info(pid, ["links", "monitoredBy"])!;
  return links.length + monitoredBy.length;
});
const name = runtime.whereis("mine") === undefined;
await runtime.shutdown();
process.stdout.write(JSON.stringify({ stalled, left, bonds, halfTables: [...halfTables], name }));
