import { isPromise } from "./async-outcome.ts";
import type { Dest } from "./dest.ts";
import { GenServer } from "./gen-server.ts";
import { type Origin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { type NoReply, noReply, type Ok, ok, type Reply, reply, type Stop, stop } from "./returns.ts";
import type { Self } from "./self.ts";
import type { StartOptions } from "./start.ts";

type Later<Value> = Value | Promise<Value>;

type AgentRequest<State> =
  | readonly ["get", run: (state: State) => unknown]
  | readonly ["update", run: (state: State) => Later<State>]
  | readonly ["getAndUpdate", run: (state: State) => Later<readonly [unknown, State]>];

/**
 * A process that holds a state for others: Elixir's `Agent`. Functions travel to it and run there, one at a time; one that
 * throws ends the agent, and its caller with it. A state is replaced, not changed: what `get` answers is a message, which is
 * frozen while developing.
 *
 * As a child of a supervisor: `{ id, start: [Agent, () => initialState], name }`.
 *
 * @example
 * ```ts doctest
 * const agent = await Agent.startLink(self, () => ({ count: 1 }));
 * await Agent.update(self, agent, (state) => ({ count: state.count + 1 }));
 * await Agent.get(self, agent, (state) => state.count); // => 2
 * ```
 */
export class Agent<State = unknown> extends GenServer<State, AgentRequest<State>, AgentRequest<State>> {
  init(initial: () => Later<State>): Later<Ok<State>> {
    return after(initial(), ok);
  }

  override handleCall([kind, run]: AgentRequest<State>): Later<Reply | Stop> {
    return after(run(this.state) as unknown, (result) => this.#apply(kind, result));
  }

  override handleCast([kind, run]: AgentRequest<State>): Later<NoReply> {
    return after(run(this.state) as unknown, (result) => {
      this.#apply(kind, result);
      return noReply();
    });
  }

  #apply(kind: AgentRequest<State>[0], result: unknown): Reply | Stop {
    if (kind === "get") return reply(result);
    if (kind === "update") {
      this.state = result as State;
      return reply("ok");
    }
    if (!Array.isArray(result) || result.length !== 2) return stop(["bad_return_value", result]);
    this.state = result[1] as State;
    return reply(result[0] as unknown);
  }

  /** Starts an agent with the state that `initial` answers. Rejects with a StartError if that throws. `Agent.start/2`. */
  static start<State>(
    origin: Origin,
    initial: () => Later<State>,
    options?: StartOptions,
  ): Promise<Pid<Agent<State>>> {
    return origin.start(Agent<State>, initial, options);
  }

  /** The same, linked. `Agent.start_link/2`. */
  static startLink<State>(
    self: Self,
    initial: () => Later<State>,
    options?: StartOptions,
  ): Promise<Pid<Agent<State>>> {
    return self.startLink(Agent<State>, initial, options);
  }

  /** Runs `run` in the agent and answers what it answers. Rejects as a call does. `Agent.get/3`. */
  static get<State, Value>(
    origin: Origin,
    agent: Dest<Agent<State>>,
    run: (state: State) => Later<Value>,
    timeoutMs?: number,
  ): Promise<Value> {
    return origin.call<unknown>(agent, ["get", run], timeoutMs) as Promise<Value>;
  }

  /** Replaces the state by what `run` makes of it. `Agent.update/3`. */
  static update<State>(
    origin: Origin,
    agent: Dest<Agent<State>>,
    run: (state: State) => Later<State>,
    timeoutMs?: number,
  ): Promise<"ok"> {
    return origin.call<unknown>(agent, ["update", run], timeoutMs) as Promise<"ok">;
  }

  /**
   * Answers the first of the two that `run` answers; the second is the new state. Anything else ends the agent with
   * `["bad_return_value", value]`. `Agent.get_and_update/3`.
   */
  static getAndUpdate<State, Value>(
    origin: Origin,
    agent: Dest<Agent<State>>,
    run: (state: State) => Later<readonly [Value, State]>,
    timeoutMs?: number,
  ): Promise<Value> {
    return origin.call<unknown>(agent, ["getAndUpdate", run], timeoutMs) as Promise<Value>;
  }

  /** Replaces the state, without waiting for it; never fails here. `Agent.cast/2`. */
  static cast<State>(origin: Origin, agent: Dest<Agent<State>>, run: (state: State) => Later<State>): void {
    origin.cast<unknown>(agent, ["update", run]);
  }
}

/** What `then` makes of a value, at once unless the value is a promise. */
function after<Value, Result>(value: Later<Value>, then: (value: Value) => Result): Later<Result> {
  return isPromise(value) ? value.then(then) : then(value);
}
