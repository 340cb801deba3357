import { isDeepStrictEqual } from "node:util";
import type { ReplyAction, StatemActions } from "./statem-action.ts";

/** `init` of a GenStatem succeeded. */
export class InitialState<State = unknown, Data = unknown> {
  readonly state: State;
  readonly data: Data;
  readonly actions: StatemActions | undefined;

  constructor(state: State, data: Data, actions: StatemActions | undefined) {
    this.state = state;
    this.data = data;
    this.actions = actions;
  }
}

/** Where a GenStatem goes on after an event. */
export class Transition<State = unknown> {
  readonly kind: "next" | "keep" | "repeat";
  /** Of the kind "next". */
  readonly state: State | undefined;
  readonly actions: StatemActions | undefined;

  constructor(
    kind: "next" | "keep" | "repeat",
    state: State | undefined,
    actions: StatemActions | undefined,
  ) {
    this.kind = kind;
    this.state = state;
    this.actions = actions;
  }
}

/** A GenStatem terminates, after these replies. */
export class StopAndReply {
  readonly reason: unknown;
  readonly replies: ReplyAction | readonly ReplyAction[];

  constructor(reason: unknown, replies: ReplyAction | readonly ReplyAction[]) {
    this.reason = reason;
    this.replies = replies;
  }
}

/** States are values: two that look the same are the same. */
export function sameState(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object") return Object.is(one, other);
  return isDeepStrictEqual(one, other);
}

/** What most events come to. */
export const PLAIN_KEEP: Transition<never> = new Transition<never>("keep", undefined, undefined);

/** From `init` of a GenStatem: starts in `state`, with `data`. `{ok, State, Data, Actions}`. */
export function initialState<const State, Data>(
  state: State,
  data: Data,
  actions?: StatemActions,
): InitialState<State, Data> {
  return new InitialState(state, data, actions);
}

/**
 * Goes to `state`. If that is another one, the state timeout ends, the state is entered, and postponed events come
 * again; if it is the same, this is `keepState`. `{next_state, State, Data, Actions}`; the data is `this.data`.
 */
export function nextState<const State>(state: State, actions?: StatemActions): Transition<State> {
  return new Transition<State>("next", state, actions);
}

/** Stays in the state. `{keep_state, Data, Actions}`. */
export function keepState(actions?: StatemActions): Transition<never> {
  return actions === undefined ? PLAIN_KEEP : new Transition<never>("keep", undefined, actions);
}

/** Stays in the state, but enters it again. Nothing else that comes with a change happens. `{repeat_state, Data, Actions}`. */
export function repeatState(actions?: StatemActions): Transition<never> {
  return new Transition<never>("repeat", undefined, actions);
}

/** The GenStatem terminates with `reason`; before its `terminate` runs, the replies are sent. `{stop_and_reply, Reason, Replies}`. */
export function stopAndReply(reason: unknown, replies: ReplyAction | readonly ReplyAction[]): StopAndReply {
  return new StopAndReply(reason, replies);
}
