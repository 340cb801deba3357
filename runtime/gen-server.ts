import type { Behaviour } from "./behaviour.ts";
import type { From } from "./call.ts";
import { genServerBehaviour } from "./gen-server-loop.ts";
import type { ServerStatus } from "./format-status.ts";
import type { Ignore, NoReply, Ok, Reply, Stop } from "./returns.ts";
import type { Self } from "./self.ts";
import type { ServerInstance } from "./server-class.ts";

/** What `init` returns, or resolves with: `ok` with the state, `ignore` or `stop`. */
export type InitResult<State> = Ok<State> | Ignore | Stop;

/** What `handleCall` returns, or resolves with: `reply`, `noReply` or `stop`. */
export type CallResult = Reply | NoReply | Stop<unknown>;

/** What `handleCast`, `handleInfo` and `handleContinue` return, or resolve with: `noReply` or `stop`. */
export type CastResult = NoReply | Stop;

/**
 * A process that holds state and serves requests, one at a time: `gen_server`. Extend it, write the callbacks that you need, and
 * start it with `runtime.start`, `self.startLink`, or as a child of a supervisor.
 *
 * The state is `this.state`: `init` hands in the first, callbacks assign to it. A callback that returns a plain value
 * is run to its end without a pause. One that returns a promise keeps the process from handling anything else until
 * the promise has settled; the process can be killed meanwhile, and what its code does after that has no effect.
 *
 * A callback that throws an `Error` ends the process with that error as the reason, after `terminate`. A thrown value
 * that is not an `Error` counts as returned, as in Erlang. A wrong return ends it with `["bad_return_value", value]`.
 *
 * @example
 * ```ts doctest
 * class Counter extends GenServer<{ count: number }, "value", number> {
 *   init(start: number) { return ok({ count: start }); }
 *   handleCall() { return reply(this.state.count); }
 *   handleCast(add: number) { this.state.count += add; return noReply(); }
 * }
 * const counter = await runtime.start(Counter, 10);
 * runtime.cast(counter, 5);
 * await runtime.call(counter, "value"); // => 15
 * ```
 */
export abstract class GenServer<
  State = unknown,
  Call = unknown,
  Cast = unknown,
  Info = unknown,
> implements ServerInstance {
  /** Names the file of the class, `import.meta.url`, so that it can be started on another shard. */
  static readonly module?: string;

  /**
   * A server may say what it answers to which request, for the compiler only, as a union of pairs; else every answer has the
   * type of all: `declare readonly answers: ["balance", number] | [{ deposit: number }, "ok"]`.
   */
  declare readonly answers?: unknown;
  state: State = undefined as State;
  /** The process that runs this server. */
  readonly self: Self = undefined as unknown as Self;

  /** @internal */
  behaviour(): Behaviour {
    return genServerBehaviour;
  }

  /** Makes the first state, from the argument of `start`. Nobody is served before it is done; `start` answers when it is. */
  abstract init(arg: never): InitResult<State> | Promise<InitResult<State>>;

  /** Goes on after a return with `{ continue: term }`, before anything that is in the mailbox. */
  handleContinue?(term: unknown): CastResult | Promise<CastResult>;

  /** Serves a call: answer with `reply(value)`, or keep `from` and answer it later with `self.reply(from, value)`. */
  handleCall?(request: Call, from: From): CallResult | Promise<CallResult>;

  /** Serves a cast: a request that nobody waits for. */
  handleCast?(request: Cast): CastResult | Promise<CastResult>;

  /**
   * Takes every other message: ordinary ones, ExitMessage (when trapping exits), DownMessage, and `"timeout"` after a
   * return with `{ timeoutMs }`. Without it, messages are reported and dropped.
   */
  handleInfo?(message: Info): CastResult | Promise<CastResult>;

  /**
   * Cleans up, last of all: after a stop, a crash, or, when trapping exits, the parent's exit. Never called for an exit signal
   * that is not trapped, nor for a kill. What it returns is ignored.
   */
  terminate?(reason: unknown): unknown;

  /**
   * Shows the server to `sys.getStatus` and crash reports: answers the status that it gets, with the same keys, but without
   * what nobody should see. Not asked for `sys.getState`.
   */
  formatStatus?(status: ServerStatus<State>): ServerStatus;

  /**
   * Makes the state with which this class goes on of the one that the code before it left: see `sys.changeCode`. Anything but
   * `ok(state)` fails the change. Without it the state stays as it is.
   */
  codeChange?(oldVersion: never, state: never, extra: never): Ok<State>;
}

/** What a server takes as a call, and what it answers. Of `never`, a server that nobody knows, anything: so here and below. */
export type CallOf<S> = [S] extends [never]
  ? unknown
  : S extends { readonly statemTypes: { readonly call: infer Request } }
    ? Request
    : S extends { handleCall(request: infer Request, ...rest: never[]): unknown }
      ? Request
      : unknown;

/** The type of the reply to a request, from the `handleCall` of the server's class; `unknown` where that does not say. */
export type ReplyOf<S, Request = CallOf<S>> = [S] extends [never]
  ? unknown
  : S extends { readonly answers: infer Answers }
    ? AnswerTo<Answers, Request>
    : S extends { readonly statemTypes: { readonly reply: infer Reply } }
      ? Reply
      : S extends { handleCall(request: never, from: infer Caller): infer Result }
        ? ReplyValue<Awaited<Result>, Caller>
        : unknown;
type AnswerTo<Answers, Request> = Answers extends readonly [infer Known, infer Answer]
  ? Request extends Known
    ? Answer
    : never
  : never;
/** A call that is left open is answered with what its `from` takes. */
type ReplyValue<Result, Caller> =
  Result extends Reply<infer Value>
    ? Value
    : Result extends Stop<infer Value>
      ? Value
      : Caller extends From<infer Later>
        ? Later
        : never;

/**
 * What may be asked of `S`, from which the compiler also learns which `Request` it is. A parameter of type `Request` would let it
 * have keys that no request has.
 */
export type RequestTo<S, Request> = CallOf<S> & ([Request] extends [never] ? Request : unknown);

/** The state of a server, as `sys` shows it: of a GenStatem the pair of state and data. */
export type StateOf<S> = [S] extends [never]
  ? unknown
  : S extends { readonly statemTypes: { readonly status: infer Pair } }
    ? Pair
    : S extends { state: infer State }
      ? State
      : unknown;

/** What a server takes as a cast. */
export type CastOf<S> = [S] extends [never]
  ? unknown
  : S extends { readonly statemTypes: { readonly cast: infer Request } }
    ? Request
    : S extends { handleCast(request: infer Request): unknown }
      ? Request
      : unknown;

/** What a server takes as an ordinary message. */
export type InfoOf<S> = [S] extends [never]
  ? unknown
  : S extends { readonly statemTypes: { readonly info: infer Info } }
    ? Info
    : S extends { handleInfo(message: infer Info): unknown }
      ? Info
      : unknown;
