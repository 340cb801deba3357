import type { TimeoutAction, TimeoutType } from "./statem-action.ts";
import type { InsertableEvent } from "./statem-event.ts";

/** What starts and stops real timers for a queue, and hears of its timeouts. */
export interface TimeoutTimers {
  /** Answers a handle for `stopTimer`. When the time is over, `timeout` is to be handed to `StatemQueue.expired`. */
  startTimer(timeout: Timeout, timeMs: number, absolute: boolean): unknown;
  stopTimer(handle: unknown): void;
  /** A timeout was set that was not, or to another time. */
  timeoutSet(action: TimeoutAction): void;
  /** The time of a timeout is over: its event is handled next. */
  timeoutOver(event: InsertableEvent): void;
}

/** A timeout that is set: one for each key. */
export interface Timeout {
  readonly type: TimeoutType;
  readonly name: unknown;
  content: unknown;
  /** Of its timer; undefined for one that is due at once. */
  handle: unknown;
}

/** What a GenStatem waits for: another state, in which the postponed events come again, and the end of its timeouts. */
export interface StatemWaiting {
  readonly postponed: readonly InsertableEvent[];
  /** As the events that they will be. */
  readonly timeouts: readonly InsertableEvent[];
}

/** What the callbacks have asked for since an event was taken: of its own callback, and of the state enter calls after it. */
export class Step {
  /** What the step was for; undefined for the start. */
  readonly event: InsertableEvent | undefined;
  readonly oldState: unknown;
  changed = false;
  postpone = false;
  hibernate = false;
  readonly inserted: InsertableEvent[] = [];
  readonly timeouts: TimeoutAction[] = [];

  constructor(event: InsertableEvent | undefined, oldState: unknown) {
    this.event = event;
    this.oldState = oldState;
  }
}

const EVENT_TIMEOUT = Symbol("eventTimeout");
const STATE_TIMEOUT = Symbol("stateTimeout");

/**
 * Decides which event a GenStatem handles next, and which of its timeouts are set. Runs nothing and waits for nothing.
 *
 * ```text
 *   1. #events     inserted ones first, then those that were postponed until now     (a stack: the next one is the last)
 *   2. #dueAtOnce  timeouts of 0 ms, in the order in which they were set
 *   3. the mailbox, which is not in here; timers that ran out come from there
 *
 *   #postponed     waits for a change of state, oldest first
 * ```
 */
export class StatemQueue {
  readonly #timers: TimeoutTimers;
  readonly #events: InsertableEvent[] = [];
  #postponed: InsertableEvent[] = [];
  readonly #dueAtOnce: Timeout[] = [];
  readonly #timeouts = new Map<unknown, Timeout>();

  constructor(timers: TimeoutTimers) {
    this.#timers = timers;
  }

  /** Whether there is an event that comes before the mailbox. */
  get ready(): boolean {
    return this.#events.length > 0 || this.#dueAtOnce.length > 0;
  }

  get waiting(): StatemWaiting {
    return { postponed: [...this.#postponed], timeouts: [...this.#timeouts.values()].map(eventOf) };
  }

  /** Takes the event that comes next, before the mailbox. */
  take(): InsertableEvent | undefined {
    const event = this.#events.pop();
    if (event !== undefined || this.#dueAtOnce.length === 0) return event;
    return this.#fire(this.#dueAtOnce[0]!);
  }

  /** The event of a timer that has run out; undefined if its timeout was cancelled or set anew in the meantime. */
  expired(timeout: Timeout): InsertableEvent | undefined {
    return this.#timeouts.get(keyOf(timeout)) === timeout ? this.#fire(timeout) : undefined;
  }

  /** An event was handled, and nothing was asked for. */
  kept(): void {
    if (this.#timeouts.size > 0) this.#cancel(EVENT_TIMEOUT);
  }

  /** An event was handled: does what its step has asked for. */
  settle(step: Step): void {
    if (step.postpone && step.event !== undefined) this.#postponed.push(step.event);
    this.#cancel(EVENT_TIMEOUT);
    if (step.changed) {
      this.#cancel(STATE_TIMEOUT);
      this.#putFirst(this.#postponed);
      this.#postponed = [];
    }
    this.#putFirst(step.inserted);
    for (const [at, action] of step.timeouts.entries()) {
      // The last word of a step on a timeout counts: what came before it leaves no trace, not even in the order.
      if (!step.timeouts.some((later, index) => index > at && keyOf(later) === keyOf(action)))
        this.#set(action);
    }
  }

  #putFirst(events: readonly InsertableEvent[]): void {
    for (let at = events.length - 1; at >= 0; at -= 1) this.#events.push(events[at]!);
  }

  #set(action: TimeoutAction): void {
    const { type, name, time, content, absolute } = action;
    const key = keyOf({ type, name });
    const running = this.#timeouts.get(key);
    if (time === "update" && running !== undefined) {
      running.content = content;
      return;
    }
    this.#cancel(key);
    if (time === "cancel" || time === Number.POSITIVE_INFINITY) return;
    const timeout: Timeout = { type, name, content, handle: undefined };
    this.#timeouts.set(key, timeout);
    if (time !== "update") this.#timers.timeoutSet(action);
    if (time === "update" || (time === 0 && !absolute)) this.#dueAtOnce.push(timeout);
    else timeout.handle = this.#timers.startTimer(timeout, time, absolute);
  }

  #cancel(key: unknown): void {
    const timeout = this.#timeouts.get(key);
    if (timeout === undefined) return;
    if (timeout.handle === undefined) this.#dueAtOnce.splice(this.#dueAtOnce.indexOf(timeout), 1);
    else this.#timers.stopTimer(timeout.handle);
    this.#timeouts.delete(key);
  }

  #fire(timeout: Timeout): InsertableEvent {
    this.#cancel(keyOf(timeout));
    const event = eventOf(timeout);
    this.#timers.timeoutOver(event);
    return event;
  }
}

function eventOf({ type, name, content }: Timeout): InsertableEvent {
  return type === "genericTimeout" ? { type, name, content } : { type, content };
}

/** Of each of the two unnamed kinds there is one; generic ones are told apart by their names. */
function keyOf({ type, name }: { readonly type: TimeoutType; readonly name: unknown }): unknown {
  if (type === "genericTimeout") return name;
  return type === "eventTimeout" ? EVENT_TIMEOUT : STATE_TIMEOUT;
}
