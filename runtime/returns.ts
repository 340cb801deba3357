/** What a callback may ask for besides its result: a continuation, a timeout for the next message, or a rest. */
export type Action =
  | { readonly continue: unknown }
  | { readonly timeoutMs: number }
  | { readonly hibernate: true };

/** What errors say of the actions of a callback. */
export const ACTION_FORMS = "{ continue: term }, { timeoutMs }, { hibernate: true }";

/** Whether `action` is one of the three, and only one, or left out. */
export function isActionOrNone(action: unknown): action is Action | undefined {
  if (action === undefined) return true;
  if (typeof action !== "object" || action === null || Object.keys(action).length !== 1) return false;
  const { timeoutMs, hibernate } = action as { readonly timeoutMs?: unknown; readonly hibernate?: unknown };
  return "continue" in action || hibernate === true || (typeof timeoutMs === "number" && timeoutMs >= 0);
}

/** `init` succeeded, with this state. */
export class Ok<State = unknown> {
  readonly state: State;
  readonly action: Action | undefined;

  constructor(state: State, action: Action | undefined) {
    this.state = state;
    this.action = action;
  }
}

/** `init` does not want the process: it ends with `"normal"`. */
export class Ignore {
  declare readonly ignored?: true;
}

/** A call is answered with `value`. */
export class Reply<Value = unknown> {
  readonly value: Value;
  readonly action: Action | undefined;

  constructor(value: Value, action: Action | undefined) {
    this.value = value;
    this.action = action;
  }
}

/** A callback is done; a call that it handled is answered later, or never. */
export class NoReply {
  /** Tells it from a Reply to the compiler; never set. */
  declare readonly unanswered: true;
  readonly action: Action | undefined;

  constructor(action: Action | undefined) {
    this.action = action;
  }
}

/** The process terminates. A call that the callback handled gets `reply`, if there is one. */
export class Stop<Value = never> {
  readonly reason: unknown;
  readonly hasReply: boolean;
  readonly reply: Value | undefined;

  constructor(reason: unknown, hasReply: boolean, reply: Value | undefined) {
    this.reason = reason;
    this.hasReply = hasReply;
    this.reply = reply;
  }
}

const PLAIN_NO_REPLY = new NoReply(undefined);

/** From `init`: the server starts with `state`. `{ok, State}`. */
export function ok<State>(state: State, action?: Action): Ok<State> {
  return new Ok(state, action);
}

/** From `init`: no server, and no error. `ignore`. */
export const ignore: Ignore = new Ignore();

/** From `handleCall`: answers the call. `{reply, Value, State}`; the state is `this.state`. */
export function reply<Value>(value: Value, action?: Action): Reply<Value> {
  return new Reply(value, action);
}

/** From any callback but `init`: done. `{noreply, State}`. */
export function noReply(action?: Action): NoReply {
  return action === undefined ? PLAIN_NO_REPLY : new NoReply(action);
}

/** From any callback: the server terminates with `reason`, after answering the call with `value` if one is given. */
export function stop(reason: unknown): Stop;
export function stop<Value>(reason: unknown, value: Value): Stop<Value>;
export function stop<Value>(...args: [reason: unknown, value?: Value]): Stop<Value> {
  return new Stop(args[0], args.length > 1, args[1]);
}
