import { expectFlags } from "./argument.ts";
import type { From } from "./call.ts";
import type { TimerOptions } from "./message-timer.ts";
import type { InsertableEvent } from "./statem-event.ts";

/** The three kinds of timeouts: what cancels them differs. An event of the same type comes when the time is over. */
export type TimeoutType = "eventTimeout" | "stateTimeout" | "genericTimeout";

/** Answers a call. */
export class ReplyAction {
  readonly from: From;
  readonly value: unknown;

  constructor(from: From, value: unknown) {
    this.from = from;
    this.value = value;
  }
}

/** Inserts an event before those that wait. */
export class NextEvent {
  readonly event: InsertableEvent;

  constructor(event: InsertableEvent) {
    this.event = event;
  }
}

/** Starts, changes or cancels a timeout. */
export class TimeoutAction {
  readonly type: TimeoutType;
  readonly name: unknown;
  /** Milliseconds; Infinity, which cancels; or what is to be done with the one that runs. */
  readonly time: number | "cancel" | "update";
  readonly content: unknown;
  /** The time is one of the clock, not from now on. */
  readonly absolute: boolean;

  constructor(
    type: TimeoutType,
    name: unknown,
    time: number | "cancel" | "update",
    content: unknown,
    absolute: boolean,
  ) {
    this.type = type;
    this.name = name;
    this.time = time;
    this.content = content;
    this.absolute = absolute;
  }
}

/** An action that needs nothing to be said about it. */
export class PlainAction {
  readonly action: "postpone" | "hibernate";

  constructor(action: "postpone" | "hibernate") {
    this.action = action;
  }
}

/** What a callback may ask for besides its transition. A bare number is an event timeout of so many milliseconds. */
export type StatemAction = ReplyAction | NextEvent | TimeoutAction | PlainAction | number;

/** One action, or several, done in their order. */
export type StatemActions = StatemAction | readonly StatemAction[];

/** Whether a timeout can have this time: milliseconds, Infinity, or a word about the one that runs. A clock may be below 0. */
export function isTime(time: unknown, absolute: boolean): boolean {
  if (typeof time !== "number") return time === "cancel" || time === "update";
  return absolute ? time > Number.NEGATIVE_INFINITY : time >= 0;
}

/** The event comes again once the state has changed, before what is in the mailbox. Not in a state enter call. */
export const postpone: PlainAction = new PlainAction("postpone");

/** The process will wait for long: lets go of the memory that it needs only while it works. `hibernate`. */
export const hibernate: PlainAction = new PlainAction("hibernate");

/** Answers the call of `from`: `{reply, From, Reply}`. The same as `self.reply`, done when the action's turn comes. */
export function replyTo<Reply>(from: From<Reply>, value: NoInfer<Reply>): ReplyAction {
  return new ReplyAction(from, value);
}

/**
 * Inserts `event`: it is handled next, before postponed events and the mailbox; several in the order of their actions. Not in a
 * state enter call.
 */
export function nextEvent(event: InsertableEvent): NextEvent {
  return new NextEvent(event);
}

/**
 * After `timeMs` without any event: `{ type: "eventTimeout", content }`. Every event cancels it, also an inserted one. The content
 * is `timeMs` unless one is given. `{timeout, Time, Content}`; with `{ absolute: true }`, `{abs, true}`.
 */
export function eventTimeout(timeMs: number, content?: unknown, options?: TimerOptions): TimeoutAction;
export function eventTimeout(time: "cancel"): TimeoutAction;
export function eventTimeout(time: "update", content: unknown): TimeoutAction;
export function eventTimeout(
  ...args: [number | "cancel" | "update", unknown?, TimerOptions?]
): TimeoutAction {
  const content = args.length > 1 ? args[1] : args[0];
  return new TimeoutAction("eventTimeout", undefined, args[0], content, isAbsolute(args[2]));
}

/**
 * After `timeMs` in this state: `{ type: "stateTimeout", content }`. A change of state cancels it; one that is set in the
 * transition itself belongs to the new state. `"cancel"` stops the one that runs; `"update"` changes its content, and if none runs
 * the event comes at once. A time of 0 starts no timer: the event comes after all inserted ones, before the mailbox.
 * `{state_timeout, Time, Content}`; with `{ absolute: true }`, `{abs, true}`: then also one whose time has passed needs a timer.
 */
export function stateTimeout(timeMs: number, content?: unknown, options?: TimerOptions): TimeoutAction;
export function stateTimeout(time: "cancel"): TimeoutAction;
export function stateTimeout(time: "update", content: unknown): TimeoutAction;
export function stateTimeout(
  time: number | "cancel" | "update",
  content?: unknown,
  options?: TimerOptions,
): TimeoutAction {
  return new TimeoutAction("stateTimeout", undefined, time, content, isAbsolute(options));
}

/**
 * After `timeMs`, whatever happens meanwhile: `{ type: "genericTimeout", name, content }`. Setting it again under the same name
 * replaces it. Names are compared as the keys of a Map. `{{timeout, Name}, Time, Content}`; with `{ absolute: true }`, `{abs, true}`.
 */
export function genericTimeout(
  name: unknown,
  timeMs: number,
  content?: unknown,
  options?: TimerOptions,
): TimeoutAction;
export function genericTimeout(name: unknown, time: "cancel"): TimeoutAction;
export function genericTimeout(name: unknown, time: "update", content: unknown): TimeoutAction;
export function genericTimeout(
  name: unknown,
  time: number | "cancel" | "update",
  content?: unknown,
  options?: TimerOptions,
): TimeoutAction {
  return new TimeoutAction("genericTimeout", name, time, content, isAbsolute(options));
}

function isAbsolute(options: TimerOptions | undefined): boolean {
  if (options !== undefined) expectFlags("a timeout", ["absolute"], options);
  return options?.absolute === true;
}
