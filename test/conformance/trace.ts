import { DownMessage, ExitMessage, Pid } from "../../runtime/index.ts";
import type { Json, Labels } from "./term.ts";
import { toTerm } from "./term.ts";

/** What one step came to. */
export interface StepTrace {
  res?: Json;
  ev?: Record<string, Json>;
  died?: Record<string, Json>;
}

export interface Trace {
  readonly id: string;
  readonly steps: readonly StepTrace[];
  readonly alive: readonly string[];
}

/**
 * Observations in the order in which a trace lists them. Erlang orders the signals of one sender only, so senders are sorted
 * by label, and the DOWN messages of one death come after all else of it, sorted by the monitor's label.
 */
export function sortObservations(messages: readonly unknown[], labels: Labels): unknown[] {
  return messages
    .map((message, at) => ({ message, at, key: sortKey(message, labels) }))
    .sort((a, b) => compareKeys(a.key, b.key) || a.at - b.at)
    .map(({ message }) => message);
}

type SortKey = readonly [sender: string, kind: number, ref: string];

function sortKey(message: unknown, labels: Labels): SortKey {
  if (message instanceof ExitMessage) return [labels.of(message.pid), 0, ""];
  if (message instanceof DownMessage) {
    const sender = message.process instanceof Pid ? labels.of(message.process) : String(message.process.name);
    return [sender, 1, labels.of(message.ref)];
  }
  if (Array.isArray(message) && message[0] === "m") {
    return [message[1] instanceof Pid ? labels.of(message[1]) : String(message[1]), 0, ""];
  }
  if (typeof message === "object" && message !== null && "ref" in message) {
    return [labels.of((message as { ref: Pid }).ref), 0, ""];
  }
  return ["~", 0, ""];
}

function compareKeys(a: SortKey, b: SortKey): number {
  return compareText(a[0], b[0]) || a[1] - b[1] || compareText(a[2], b[2]);
}

/** By bytes, as Erlang compares binaries. */
export function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Terms of a trace, observations first put in order. */
export function observationTerms(messages: readonly unknown[], labels: Labels): Json[] {
  return sortObservations(messages, labels).map((message) => toTerm(message, labels));
}
