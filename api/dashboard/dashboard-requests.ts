import { z } from "zod";
import { ACTIONS, type ObserverCalls } from "./observer.ts";
import { PAGE_ROWS_MAX, type PageQuery, SORT_KEYS } from "./process-page.ts";

type None = Readonly<Record<string, never>>;

/** What a page may ask, by event. */
export interface DashboardQuestions {
  readonly overview: None;
  readonly processes: PageQuery;
  readonly process: ObserverCalls["process"]["asked"];
  /** The supervisors whose children are to be shown. */
  readonly tree: { readonly open: readonly string[] };
  readonly trace: ObserverCalls["trace"]["asked"];
  readonly tap: ObserverCalls["tap"]["asked"];
  readonly untap: ObserverCalls["untap"]["asked"];
  readonly topics: ObserverCalls["topics"]["asked"];
  readonly presences: ObserverCalls["presences"]["asked"] & { readonly shard: number };
  readonly stores: None;
  readonly rows: ObserverCalls["storeRows"]["asked"] & { readonly shard: number };
  readonly crashes: None;
  readonly telemetry: None;
  readonly act: ObserverCalls["act"]["asked"];
  /** A run, and the last fault of it that the page has seen. */
  readonly chaos: { readonly id: string; readonly since: number };
  /** What it says is looked at by `chaosPlanOf`. */
  readonly chaosStart: Readonly<Record<string, unknown>>;
  readonly chaosStop: None;
}

export type DashboardEvent = keyof DashboardQuestions;
export type Asked<Event extends DashboardEvent> = DashboardQuestions[Event];

const TEXT_MAX = 200;
const BRANCHES_MAX = 60;
const KINDS = ["channel", "process", "pubsub", "registry", "socket", "supervisor", "tracker"] as const;

const pid = z.string().regex(/^<\d{1,15}\.\d{1,15}>$/);
const since = z.int().min(0).default(0);
const text = z.string().max(TEXT_MAX);
const shard = z.int().min(0);

const place = z.object({ key: z.union([z.number(), text]), shard, id: z.int().min(0) });

/** What a page asks for: whatever else comes is refused. */
export const requests: { readonly [Event in DashboardEvent]: z.ZodType<Asked<Event>> } = {
  overview: z.object({}),
  processes: z.object({
    sort: z.enum(SORT_KEYS).default("mailbox"),
    reversed: z.boolean().default(false),
    search: text.default(""),
    kind: z.enum(KINDS).optional(),
    limit: z.int().min(1).max(PAGE_ROWS_MAX).default(50),
    after: place.optional(),
  }),
  process: z.object({ pid, since }),
  tree: z.object({ open: z.array(pid).max(BRANCHES_MAX).default([]) }),
  trace: z.object({ pid, on: z.boolean() }),
  tap: z.object({ pid, since }),
  untap: z.object({ pid }),
  topics: z.object({ search: text.default("") }),
  presences: z.object({ shard, name: text, topic: text }),
  stores: z.object({}),
  rows: z.object({ shard, kind: z.enum(["registry", "table"]), name: text }),
  crashes: z.object({}),
  telemetry: z.object({}),
  act: z.object({ pid, action: z.enum(ACTIONS) }),
  chaos: z.object({ id: text.default(""), since }),
  chaosStart: z.record(z.string(), z.unknown()),
  chaosStop: z.object({}),
};

/** Whether it is about faults on purpose, which a program has to allow. */
export function isOfChaos(event: DashboardEvent): boolean {
  return event === "chaos" || event === "chaosStart" || event === "chaosStop";
}

export function isDashboardEvent(event: string): event is DashboardEvent {
  return Object.hasOwn(requests, event);
}
