import { type From, isFrom } from "./call.ts";

/** What a GenStatem can insert for itself with `nextEvent`: every event but the state enter call. */
export type InsertableEvent<Call = unknown, Cast = unknown, Info = unknown, Reply = unknown> =
  | { readonly type: "call"; readonly from: From<Reply>; readonly content: Call }
  | { readonly type: "cast"; readonly content: Cast }
  | { readonly type: "info"; readonly content: Info }
  | { readonly type: "internal"; readonly content: unknown }
  | { readonly type: "eventTimeout"; readonly content: unknown }
  | { readonly type: "stateTimeout"; readonly content: unknown }
  | { readonly type: "genericTimeout"; readonly name: unknown; readonly content: unknown };

/** The state enter call: the machine has come into its state, from `oldState`. At the start that is the first state itself. */
export interface EnterEvent<State = unknown> {
  readonly type: "enter";
  readonly oldState: State;
}

/**
 * What happens to a GenStatem, in the words of `gen_statem`: `{call, From}`, `cast`, `info`, `internal`, `timeout` (here
 * `eventTimeout`), `state_timeout`, `{timeout, Name}` (here `genericTimeout`), and `enter`.
 */
export type StatemEvent<State = unknown, Call = unknown, Cast = unknown, Info = unknown, Reply = unknown> =
  | InsertableEvent<Call, Cast, Info, Reply>
  | EnterEvent<State>;

const INSERTABLE_TYPES: ReadonlySet<unknown> = new Set([
  "call",
  "cast",
  "info",
  "internal",
  "eventTimeout",
  "stateTimeout",
  "genericTimeout",
]);

/** Whether `event` is one, as far as its type goes; a call also needs somebody who waits for it. */
export function isInsertable(event: unknown): event is InsertableEvent {
  if (typeof event !== "object" || event === null) return false;
  const { type, from } = event as { readonly type?: unknown; readonly from?: unknown };
  return INSERTABLE_TYPES.has(type) && (type !== "call" || isFrom(from));
}
