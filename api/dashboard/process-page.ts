import type { Self } from "../../runtime/index.ts";
import { countOf, isSuspended, type Process, statusOf } from "../../runtime/internal.ts";
import { inSteps, livingProcesses } from "./living-processes.ts";
import { kindOf, type ProcessKind } from "./process-kind.ts";
import { shownInLine } from "./shown.ts";
import { type Place, TopRows } from "./top-rows.ts";

export const SORT_KEYS = ["mailbox", "reductions", "memory", "status", "behaviour", "name", "age"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** More no page has. */
export const PAGE_ROWS_MAX = 100;

/** About what a process takes besides its state, in bytes: its record and that of its server, a slot of its mailbox, a relation. */
const PROCESS_BYTES = 600;
const SLOT_BYTES = 16;
const RELATION_BYTES = 120;

const NAME_MAX = 80;

export interface PageQuery {
  readonly sort: SortKey;
  readonly reversed: boolean;
  /** Part of a name, a behaviour, a label, a status or a pid, in lower case; empty for all. */
  readonly search: string;
  readonly kind?: ProcessKind | undefined;
  readonly limit: number;
  /** The last row of the page before. */
  readonly after?: Place | undefined;
}

/** A process in a list. */
export interface ProcessRow extends Place {
  readonly pid: string;
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly behaviour: string;
  readonly kind: ProcessKind;
  readonly status: string;
  readonly mailbox: number;
  readonly reductions: number;
  readonly memory: number;
}

export interface ProcessPage {
  readonly rows: readonly ProcessRow[];
  /** How many processes were found, and how many of them stand behind this page. */
  readonly total: number;
  readonly rest: number;
}

interface Found extends Place {
  readonly process: Process;
}

/** A page of the processes of this shard. Looks at all of them, and holds no more than a page. */
export async function processPage(self: Self, query: PageQuery): Promise<ProcessPage> {
  const { sort, reversed, search, kind, limit, after } = query;
  const top = new TopRows<Found>(Math.min(limit, PAGE_ROWS_MAX), reversed, after);
  await inSteps(self, livingProcesses(self.runtime), (process) => {
    if (kind !== undefined && kindOf(process.instance) !== kind) return;
    if (search !== "" && !isFound(process, search)) return;
    const { shard, id } = process.pid;
    top.offer({ key: keyOf(process, sort), shard, id, process });
  });
  return { rows: top.rows.map(rowOf), total: top.total, rest: top.rest };
}

/** The pages of several shards as one. */
export function mergedPage(pages: readonly ProcessPage[], query: PageQuery): ProcessPage {
  const top = new TopRows<ProcessRow>(Math.min(query.limit, PAGE_ROWS_MAX), query.reversed, undefined);
  for (const { rows } of pages) for (const row of rows) top.offer(row);
  const rest = pages.reduce((sum, page) => sum + page.rest, top.rest);
  return { rows: top.rows, total: pages.reduce((sum, { total }) => sum + total, 0), rest };
}

/** What a process takes in bytes, as far as that can be told without a look at its state. */
export function memoryOf({ mailbox, links }: Process): number {
  return PROCESS_BYTES + mailbox.slots * SLOT_BYTES + countOf(links) * RELATION_BYTES;
}

/** Also one that `sys` has suspended is. */
export function stateOf(process: Process): string {
  return isSuspended(process) ? "suspended" : statusOf(process);
}

/** How the label of a process stands in a list: that of a socket by its name and id, that of a channel by its class and topic. */
export function labelOf({ label }: Process): string | undefined {
  if (label === undefined) return undefined;
  if (typeof label === "string") return clipped(label);
  const { socket, id, channel, topic } = (label ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof socket === "string") return clipped(typeof id === "string" ? `${socket} ${id}` : socket);
  if (typeof channel === "string") return clipped(`${channel} ${String(topic)}`);
  return clipped(shownInLine(label, NAME_MAX));
}

function rowOf({ key, shard, id, process }: Found): ProcessRow {
  return {
    key: typeof key === "string" ? clipped(key) : key,
    shard,
    id,
    pid: String(process.pid),
    name: process.name === undefined ? undefined : clipped(process.name),
    label: labelOf(process),
    behaviour: clipped(process.behaviour.describe(process)),
    kind: kindOf(process.instance),
    status: stateOf(process),
    mailbox: process.mailbox.length,
    reductions: process.reductions,
    memory: memoryOf(process),
  };
}

function keyOf(process: Process, sort: SortKey): number | string {
  switch (sort) {
    case "mailbox":
      return process.mailbox.length;
    case "reductions":
      return process.reductions;
    case "memory":
      return memoryOf(process);
    case "status":
      return stateOf(process);
    case "behaviour":
      return clipped(process.behaviour.describe(process));
    case "name":
      // Those without one come last.
      return clipped(process.name ?? "\u{10ffff}");
    case "age":
      return -process.pid.id;
  }
}

function isFound(process: Process, search: string): boolean {
  const { name } = process;
  const label = labelOf(process);
  return (
    process.behaviour.describe(process).toLowerCase().includes(search) ||
    name?.toLowerCase().includes(search) === true ||
    label?.toLowerCase().includes(search) === true ||
    stateOf(process) === search ||
    String(process.pid) === search
  );
}

function clipped(text: string): string {
  return text.length > NAME_MAX ? text.slice(0, NAME_MAX) : text;
}
