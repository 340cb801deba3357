import type { Behaviour } from "./behaviour.ts";
import { PendingCall, place } from "./call.ts";
import type { CallbackMode } from "./callback-mode.ts";
import type { Dest, ServerOf } from "./dest.ts";
import type { ServerStatus } from "./format-status.ts";
import { GenStatemLoop } from "./gen-statem-loop.ts";
import type { CallOf, ReplyOf, RequestTo } from "./gen-server.ts";
import { type Origin, resolveOrigin } from "./origin.ts";
import type { Ignore, Ok, Stop } from "./returns.ts";
import type { Self } from "./self.ts";
import type { ServerInstance } from "./server-class.ts";
import type { StatemEvent } from "./statem-event.ts";
import type { InitialState, StopAndReply, Transition } from "./transition.ts";

/** What `init` of a GenStatem returns, or resolves with: `initialState`, `ignore` or `stop`. */
export type StatemInit<State, Data> = InitialState<State, Data> | Ignore | Stop;

/** What a state function returns, or resolves with: a transition, `stop` or `stopAndReply`. `t::gen_statem.event_handler_result/2`. */
export type StatemResult<State> = Transition<State> | Stop | StopAndReply;

/**
 * One method for each state, in the mode `"state_functions"`. A class that `implements` it has forgotten none.
 */
export type StateFunctions<
  State extends string,
  Call = unknown,
  Cast = unknown,
  Info = unknown,
  Reply = unknown,
> = {
  [Name in State]: (
    event: StatemEvent<State, Call, Cast, Info, Reply>,
  ) => StatemResult<State> | Promise<StatemResult<State>>;
};

class StatemCall extends PendingCall {
  override asTuple(): readonly unknown[] {
    return ["GenStatem", "call", [this.dest, this.request, this.timeoutMs]];
  }
}

/**
 * A process that is a state machine: `gen_statem`. What it does with an event depends on its state; events that come too early can
 * be postponed until the state has changed, and timeouts belong to a state, to the next event, or to a name.
 *
 * `this.state` is the state that it is in, changed by what callbacks return and never by assigning it; `this.data` is all
 * else that it knows, and callbacks assign to it. Every callback returns where to go on: `nextState(state)`, `keepState()`,
 * `repeatState()`, `stop(reason)` or `stopAndReply(reason, replies)`. The first three take actions: `replyTo`, `postpone`, `nextEvent`,
 * `stateTimeout`, `eventTimeout`, `genericTimeout`.
 *
 * `Reply` is what its calls are answered with: `replyTo` takes nothing else, and `call` answers it.
 *
 * After an event come, in this order, the events that its callback inserted, those that were postponed if the state has
 * changed, timeouts of 0 ms, and the mailbox. Callbacks may be asynchronous, as those of a GenServer; until one has
 * settled, no other event is handled.
 *
 * A callback that throws an `Error` ends the process with that error as the reason, after `terminate`. A thrown value that
 * is not an `Error` counts as returned. A wrong return or action ends it with an error that lists the right ones; its `reason` is that
 * of OTP, such as `["bad_return_from_state_function", value]`.
 *
 * @example
 * ```ts doctest
 * class Door extends GenStatem {
 *   callbackMode() { return "state_functions"; }
 *   init(code) { return initialState("locked", { code }); }
 *   locked(event) {
 *     if (event.type !== "call") return keepState();
 *     if (event.content !== this.data.code) return keepState(replyTo(event.from, "wrong"));
 *     return nextState("open", [replyTo(event.from, "welcome"), stateTimeout(10_000, "lock")]);
 *   }
 *   open(event) {
 *     return event.type === "stateTimeout" ? nextState("locked") : keepState(postpone);
 *   }
 * }
 * const door = await runtime.start(Door, "1234");
 * await GenStatem.call(runtime, door, "0000"); // => "wrong"
 * await GenStatem.call(runtime, door, "1234"); // => "welcome"
 * ```
 */
export abstract class GenStatem<
  State = unknown,
  Data = unknown,
  Call = unknown,
  Cast = unknown,
  Info = unknown,
  Reply = unknown,
> implements ServerInstance {
  /** Names the file of the class, `import.meta.url`, so that it can be started on another shard. */
  static readonly module?: string;

  /** Carries types to the compiler; never set. */
  declare readonly statemTypes: {
    readonly call: Call;
    readonly cast: Cast;
    readonly info: Info;
    readonly reply: Reply;
    readonly status: readonly [State, Data];
  };
  state: State = undefined as State;
  data: Data = undefined as Data;
  /** The process that runs this machine. */
  readonly self: Self = undefined as unknown as Self;

  /**
   * Calls a GenStatem and waits for the reply, for ever unless told otherwise. `gen_statem:call`: as `Self.call`, but for its
   * timeout and the reason `[why, ["GenStatem", "call", [dest, request, timeoutMs]]]` with which it fails.
   */
  static call<D extends Dest, Request extends CallOf<ServerOf<D>>>(
    origin: Origin,
    dest: D,
    request: RequestTo<ServerOf<D>, Request>,
    timeoutMs: number = Number.POSITIVE_INFINITY,
  ): Promise<ReplyOf<ServerOf<D>, Request>> {
    const { shard, process } = resolveOrigin(origin);
    return place(new StatemCall(shard, process, dest, request, timeoutMs)) as Promise<
      ReplyOf<ServerOf<D>, Request>
    >;
  }

  /** @internal */
  behaviour(): Behaviour {
    return new GenStatemLoop(this);
  }

  /** Makes the first state and its data, from the argument of `start`, which answers when it is done. */
  abstract init(arg: never): StatemInit<State, Data> | Promise<StatemInit<State, Data>>;

  /**
   * Which methods events go to: all to `handleEvent`, or, with `"state_functions"`, to the one that has the name of the state. With
   * `"state_enter"`, they also get `{ type: "enter", oldState }` at the start and after each change of state, before any
   * other event. Asked once, when `init` is done: a start that is answered well may still end with a wrong mode. A state
   * can't have the name of another method, such as `init` or `terminate`.
   */
  callbackMode(): CallbackMode {
    return "handle_event_function";
  }

  /** Handles every event, in the mode `"handle_event_function"`; `this.state` is the state. */
  handleEvent?(
    event: StatemEvent<State, Call, Cast, Info, Reply>,
  ): StatemResult<State> | Promise<StatemResult<State>>;

  /**
   * Cleans up, last of all: after a stop, a crash, or, when trapping exits, the parent's exit. Never called for an exit signal
   * that is not trapped, nor for a kill. What it returns is ignored.
   */
  terminate?(reason: unknown): unknown;

  /**
   * Shows the machine to `sys.getStatus` and crash reports: answers the status that it gets, with the same keys, but without
   * what nobody should see. Its state is the pair of state and data.
   */
  formatStatus?(status: ServerStatus<readonly [State, Data]>): ServerStatus;

  /**
   * Makes the pair of state and data with which this class goes on of the one that the code before it left: see `sys.changeCode`.
   * Anything but `ok([state, data])` fails the change. Without it the pair stays as it is.
   */
  codeChange?(oldVersion: never, pair: never, extra: never): Ok<readonly [State, Data]>;
}
