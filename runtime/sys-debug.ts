import type { SystemEvent } from "./behaviour.ts";
import { brief } from "./errors.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import type { Ref } from "./ref.ts";
import type { TimeoutAction } from "./statem-action.ts";
import type { InsertableEvent } from "./statem-event.ts";
import { sameState } from "./transition.ts";

/** How many events `sys.log` keeps unless told otherwise: as OTP does. */
export const LOG_LENGTH = 10;

/**
 * Told of each event of a server, with what it answered for the last one. `"done"`, or a throw, ends it. `who` is the name of the
 * process, or its pid if it has none.
 */
export type DebugFunction = (state: never, event: SystemEvent, who: string | Pid) => unknown;

/** What `sys.statistics` has counted. */
export interface SysStatistics {
  /** On the clock of the system, in ms since 1970. */
  readonly startTimeMs: number;
  readonly currentTimeMs: number;
  readonly reductions: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

interface Counters {
  readonly startTimeMs: number;
  readonly startReductions: number;
  messagesIn: number;
  messagesOut: number;
}

/** What `sys` does with the events of one process: counts, logs, traces them, tells functions of them. */
export class SysDebug {
  trace = false;
  #counters: Counters | undefined = undefined;
  #log: SystemEvent[] = [];
  #logLengthMax = 0;
  readonly #functions = new Map<unknown, { readonly run: DebugFunction; state: unknown }>();

  /** Nobody wants to know of events (any more). */
  get idle(): boolean {
    return (
      !this.trace && this.#counters === undefined && this.#logLengthMax === 0 && this.#functions.size === 0
    );
  }

  get log(): readonly SystemEvent[] {
    return [...this.#log];
  }

  /** The ids of the functions that are installed. */
  get functions(): unknown[] {
    return [...this.#functions.keys()];
  }

  statistics(process: Process): SysStatistics | "no_statistics" {
    if (this.#counters === undefined) return "no_statistics";
    const { startTimeMs, startReductions, messagesIn, messagesOut } = this.#counters;
    const currentTimeMs = process.shard.clock.systemTimeMs();
    const reductions = process.reductions - startReductions;
    return { startTimeMs, currentTimeMs, reductions, messagesIn, messagesOut };
  }

  /** Those that are on go on counting. */
  setStatistics(process: Process, flag: boolean): void {
    if (flag && this.#counters !== undefined) return;
    const startTimeMs = process.shard.clock.systemTimeMs();
    const counters = { startTimeMs, startReductions: process.reductions, messagesIn: 0, messagesOut: 0 };
    this.#counters = flag ? counters : undefined;
  }

  /** Keeps the last `lengthMax` events; none with 0. A log that is on keeps its length. */
  setLog(lengthMax: number): void {
    if (lengthMax > 0 && this.#logLengthMax > 0) return;
    this.#logLengthMax = lengthMax;
    this.#log = [];
  }

  install(id: unknown, run: DebugFunction, state: unknown): void {
    if (!this.#functions.has(id)) this.#functions.set(id, { run, state });
  }

  remove(id: unknown): void {
    this.#functions.delete(id);
  }

  clear(): void {
    this.trace = false;
    this.#counters = undefined;
    this.setLog(0);
    this.#functions.clear();
  }

  handle(process: Process, event: SystemEvent): void {
    const counters = this.#counters;
    if (counters !== undefined && event[0] === "in") counters.messagesIn += 1;
    else if (counters !== undefined && event[0] === "out") counters.messagesOut += 1;
    if (this.#logLengthMax > 0) {
      this.#log.push(event);
      if (this.#log.length > this.#logLengthMax) this.#log.shift();
    }
    if (this.trace) logEvent(process, event);
    for (const [id, entry] of this.#functions) {
      try {
        entry.state = entry.run(entry.state as never, event, process.name ?? process.pid);
      } catch {
        entry.state = "done";
      }
      if (entry.state === "done") this.#functions.delete(id);
    }
  }
}

/** Writes an event to the logger, in the words of gen_server's trace, or gen_statem's. */
export function logEvent(process: Process, event: SystemEvent): void {
  const fields = { pid: String(process.pid), name: process.name, event: brief(event) };
  process.shard.logger.info(fields, `*DBG* ${process.name ?? process.pid} ${wordsOf(event)}`);
}

function wordsOf(event: SystemEvent): string {
  switch (event[0]) {
    case "in":
      if (event.length === 3) return `receive ${wordsOfEvent(event[1])} in state ${brief(event[2])}`;
      return `got ${wordsOfMessage(event[1])}`;
    case "out":
      if (event.length === 3) return `send ${brief(event[1])} to ${callerOf(event[2])}`;
      return `sent ${brief(event[1])} to ${callerOf(event[2])}, new state ${brief(event[3])}`;
    case "noreply":
      return `new state ${brief(event[1])}`;
    case "continue":
      return `continues with ${brief(event[1])}`;
    case "consume":
    case "postpone": {
      const [what, handled, state, nextState] = event;
      const change = sameState(state, nextState) ? "" : ` => ${brief(nextState)}`;
      return `${what} ${wordsOfEvent(handled)} in state ${brief(state)}${change}`;
    }
    case "start_timer": {
      const { time, absolute } = event[1];
      const when = absolute ? `at ${time}` : `after ${time}`;
      return `start_timer ${wordsOfEvent(event[1])} ${when} ms in state ${brief(event[2])}`;
    }
    case "terminate":
      return `terminate ${brief(event[1])} in state ${brief(event[2])}`;
  }
}

function wordsOfEvent(event: InsertableEvent | TimeoutAction): string {
  const name = event.type === "genericTimeout" ? ` ${brief(event.name)}` : "";
  const from = event.type === "call" ? ` from ${callerOf(event.from)}` : "";
  return `${event.type}${name} ${brief(event.content)}${from}`;
}

function wordsOfMessage(message: unknown): string {
  if (!Array.isArray(message)) return brief(message);
  if (message[0] === "$gen_cast") return `cast ${brief(message[1])}`;
  if (message[0] !== "$gen_call") return brief(message);
  return `call ${brief(message[2])} from ${callerOf(message[1] as Ref)}`;
}

/** The process that made a call; the call itself when it was made outside of any. */
export function callerOf(from: Ref): string {
  const { watcher } = from as { readonly watcher?: Process };
  return String(watcher?.pid ?? from);
}
