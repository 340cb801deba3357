import { DownMessage, ExitMessage, type Self, sys } from "../../runtime/index.ts";
import { type Process } from "../../runtime/internal.ts";
import { labelOf, memoryOf, stateOf } from "./process-page.ts";
import { kindOf, type ProcessKind } from "./process-kind.ts";
import { shown } from "./shown.ts";
import type { SeenSince } from "./watches.ts";

const RELATIONS_MAX = 100;
const NAME_MAX = 80;
const MESSAGES_MAX = 20;
const MESSAGE_LENGTH_MAX = 600;
const DICTIONARY_LENGTH_MAX = 2_000;
/** A server that does not answer for so long is shown without its state. */
const STATE_TIMEOUT_MS = 500;

/** All that is shown of one process. */
export interface ProcessDetails {
  readonly pid: string;
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly behaviour: string;
  readonly kind: ProcessKind;
  readonly status: string;
  readonly reductions: number;
  readonly mailbox: number;
  readonly memory: number;
  readonly priority: string;
  readonly trapExit: boolean;
  readonly timers: number;
  readonly parent: string | undefined;
  readonly ancestors: readonly string[];
  readonly links: Relations;
  readonly monitors: Relations;
  readonly monitoredBy: Relations;
  /** The oldest ones in its mailbox. */
  readonly messages: readonly string[];
  readonly dictionary: string;
  /** As its `formatStatus` shows it, or why there is none. */
  readonly state: string;
  /** Of a plain process nobody can be told. */
  readonly traceable: boolean;
  readonly trace: SeenSince<string> | undefined;
}

/** The first ones, and how many there are. */
export interface Relations {
  readonly count: number;
  readonly items: readonly string[];
}

/** Looks at a process of this shard. Its state is asked of itself, as `sys` does, so that it shows what it lets others see. */
export async function detailsOf(
  self: Self,
  process: Process,
  trace: SeenSince<string> | undefined,
): Promise<ProcessDetails | undefined> {
  const { pid } = process;
  const state = await stateText(self, process);
  const info = self.info(pid);
  if (info === undefined) return undefined;
  const { mailbox } = process;
  const messages = Array.from({ length: Math.min(mailbox.length, MESSAGES_MAX) }, (_, index) =>
    messageText(mailbox.messageAt(index)),
  );
  return {
    pid: String(pid),
    name: info.registeredName?.slice(0, NAME_MAX),
    label: labelOf(process),
    behaviour: info.behaviour,
    kind: kindOf(process.instance),
    status: stateOf(process),
    reductions: info.reductions,
    mailbox: info.messageQueueLength,
    memory: memoryOf(process),
    priority: info.priority,
    trapExit: info.trapExit,
    timers: info.timers,
    parent: info.parent === undefined ? undefined : String(info.parent),
    ancestors: info.ancestors.slice(0, RELATIONS_MAX).map(relationText),
    links: relations(info.links),
    monitors: relations(info.monitors),
    monitoredBy: relations(info.monitoredBy),
    messages,
    dictionary: info.dictionary.size === 0 ? "" : shown(info.dictionary, DICTIONARY_LENGTH_MAX),
    state,
    traceable: process.behaviour.system !== undefined,
    trace,
  };
}

async function stateText(self: Self, process: Process): Promise<string> {
  if (process.behaviour.system === undefined) return "A plain process shows no state";
  if (process.pid === self.pid) return "This process answers you";
  try {
    const { state } = await sys.getStatus(self, process.pid, STATE_TIMEOUT_MS);
    return shown(state);
  } catch {
    return "Busy: it did not show its state";
  }
}

function relations(items: readonly unknown[]): Relations {
  return { count: items.length, items: items.slice(0, RELATIONS_MAX).map(relationText) };
}

function relationText(item: unknown): string {
  if (typeof item === "string") return item.slice(0, NAME_MAX);
  const { name } = item as { readonly name?: unknown };
  return typeof name === "string" ? name.slice(0, NAME_MAX) : String(item);
}

function messageText(message: unknown): string {
  if (message instanceof DownMessage) return `DOWN ${String(message.process)} ${shown(message.reason, 200)}`;
  if (message instanceof ExitMessage) return `EXIT ${String(message.pid)} ${shown(message.reason, 200)}`;
  return shown(message, MESSAGE_LENGTH_MAX);
}
