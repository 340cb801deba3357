import { PubSub } from "../../channels/index.ts";
import { TrackerServer } from "../../channels/internal.ts";
import { Registry, type Self, Table } from "../../runtime/index.ts";
import type { Census } from "./census.ts";
import { inSteps } from "./living-processes.ts";
import { type Place, TopRows } from "./top-rows.ts";
import { shownInLine } from "./shown.ts";

const ROWS_MAX = 50;
const NAME_MAX = 120;
const ROW_LENGTH_MAX = 400;

interface Counted extends Place {
  readonly name: string;
}

/** The topics of a PubSub, or of the presences of a tracker, on this shard: those with most in them. */
export interface Topics {
  readonly name: string;
  readonly total: number;
  readonly topics: readonly { readonly topic: string; readonly count: number }[];
}

export interface TopicLists {
  /** The place of the shard. */
  readonly place: number;
  readonly pubsubs: readonly Topics[];
  readonly trackers: readonly Topics[];
}

/** A table or a registry of this shard. */
export interface Store {
  readonly kind: "registry" | "table";
  /** The place of the shard. */
  readonly shard: number;
  readonly name: string;
  readonly detail: string;
  readonly size: number;
  readonly owner: string | undefined;
}

/** Topics whose name contains `search`. */
export async function topicLists(self: Self, census: Census, search: string): Promise<TopicLists> {
  const pubsubs: Topics[] = [];
  for (const name of census.pubsubs) {
    const topics = PubSub.topics(self, name);
    pubsubs.push(await busiest(self, name, topics, search, ([topic, count]) => [topic, count]));
  }
  const trackers: Topics[] = [];
  for (const name of census.trackers) {
    const topics = TrackerServer.topics(self, name);
    const count = (topic: string): [string, number] => [topic, TrackerServer.count(self, name, topic)];
    trackers.push(await busiest(self, name, topics, search, count));
  }
  return { place: self.runtime.place, pubsubs, trackers };
}

async function busiest<Item>(
  self: Self,
  name: string,
  items: Iterable<Item>,
  search: string,
  counted: (item: Item) => readonly [topic: string, count: number],
): Promise<Topics> {
  const top = new TopRows<Counted>(ROWS_MAX, false, undefined);
  let id = 0;
  await inSteps(self, items, (item) => {
    const [topic, count] = counted(item);
    if (topic.includes(search)) top.offer({ key: count, shard: 0, id: (id += 1), name: topic });
  });
  const topics = top.rows.map((row) => ({ topic: visible(row.name), count: row.key as number }));
  return { name, total: top.total, topics };
}

/** Who is present in a topic: key and meta. */
export function presences(
  self: Self,
  name: string,
  topic: string,
): readonly { readonly key: string; readonly meta: string }[] {
  if (!TrackerServer.isOpen(self, name)) return [];
  return TrackerServer.dirtyList(self, name, topic)
    .slice(0, ROWS_MAX)
    .map(([key, meta]) => ({ key: visible(key), meta: shownInLine(meta, ROW_LENGTH_MAX) }));
}

/** The named tables and the registries of this shard. */
export function stores(self: Self, { registries }: Census): Store[] {
  const shard = self.runtime.place;
  const tables = Table.named(self).flatMap((table): Store[] => {
    const info = table.info();
    if (info === undefined) return [];
    const { name = "", type, access, size, owner } = info;
    return [
      { kind: "table", shard, name: visible(name), detail: `${type}, ${access}`, size, owner: String(owner) },
    ];
  });
  const own = registries.map((name): Store => {
    const pid = self.whereis(name);
    return {
      kind: "registry",
      shard,
      name: visible(name),
      detail: "registry",
      size: pid === undefined ? 0 : Registry.count(self, name),
      owner: pid === undefined ? undefined : String(pid),
    };
  });
  return [...tables, ...own].slice(0, 2 * ROWS_MAX);
}

/** The first rows of a table that others may read, or of a registry. */
export function storeRows(self: Self, kind: Store["kind"], name: string): readonly string[] {
  if (kind === "registry") {
    if (self.whereis(name) === undefined) return [];
    const rows: string[] = [];
    Registry.select(self, name, (row) => {
      if (rows.length < ROWS_MAX) rows.push(shownInLine(row, ROW_LENGTH_MAX));
      return false;
    });
    return rows;
  }
  const table = Table.whereis(self, name);
  if (table === undefined || table.access === "private") return [];
  const rows = table.select(self, () => true, ROWS_MAX)?.rows ?? [];
  return rows.map((row) => shownInLine(row, ROW_LENGTH_MAX));
}

/** The topics that no client can join begin with a zero. */
function visible(text: string): string {
  return text.replace("\0", "inner: ").slice(0, NAME_MAX);
}
