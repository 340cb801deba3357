import { expectFunction } from "./argument.ts";
import { isPromise } from "./async-outcome.ts";
import type { Dest, ServerOf, ViaName } from "./dest.ts";
import { GenServer, type StateOf } from "./gen-server.ts";
import { runtimeError } from "./errors.ts";
import { expectOrigin, expectSelf, type Origin } from "./origin.ts";
import type { Pid } from "./pid.ts";
import { type NoReply, noReply, type Ok, ok, type Reply, reply, type Stop, stop } from "./returns.ts";
import type { Self } from "./self.ts";
import type { StartOptions } from "./start.ts";

type Later<Value> = Value | Promise<Value>;

/** What the agent behind a destination holds. */
type Held<D> = StateOf<ServerOf<D>>;

/** `D`, unless the server behind it is known to be no agent. */
type OfAgent<D> = ServerOf<D> extends Agent<infer _State> ? D : never;

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
    expectFunction("that answers the state of an agent", initial);
    return after(initial(), ok);
  }

  override handleCall(request: AgentRequest<State>): Later<Reply | Stop> {
    const [kind, run] = expectRequest(request, "handleCall");
    return after(run(this.state) as unknown, (result) => this.#apply(kind, result));
  }

  override handleCast(request: AgentRequest<State>): Later<NoReply> {
    const [kind, run] = expectRequest(request, "handleCast");
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
  static start<State, Name extends string | ViaName>(
    origin: Origin,
    initial: () => Later<State>,
    options?: StartOptions<Agent<NoInfer<State>>, Name>,
  ): Promise<Pid<Agent<State>>> {
    return expectOrigin(origin).start(Agent<State>, initial, options);
  }

  /** The same, linked. `Agent.start_link/2`. */
  static startLink<State, Name extends string | ViaName>(
    self: Self,
    initial: () => Later<State>,
    options?: StartOptions<Agent<NoInfer<State>>, Name>,
  ): Promise<Pid<Agent<State>>> {
    return expectSelf(self).startLink(Agent<State>, initial, options);
  }

  /** Runs `run` in the agent and answers what it answers. Rejects as a call does. `Agent.get/3`. */
  static get<D extends Dest, Value>(
    origin: Origin,
    agent: D & OfAgent<D>,
    run: (state: Held<D>) => Later<Value>,
    timeoutMs?: number,
  ): Promise<Value> {
    return caller(origin, run).call(agent as Dest, ["get", run], timeoutMs) as Promise<Value>;
  }

  /** Replaces the state by what `run` makes of it. `Agent.update/3`. */
  static update<D extends Dest>(
    origin: Origin,
    agent: D & OfAgent<D>,
    run: (state: Held<D>) => Later<Held<D>>,
    timeoutMs?: number,
  ): Promise<"ok"> {
    return caller(origin, run).call(agent as Dest, ["update", run], timeoutMs) as Promise<"ok">;
  }

  /**
   * Answers the first of the two that `run` answers; the second is the new state. Anything else ends the agent with
   * `["bad_return_value", value]`. `Agent.get_and_update/3`.
   */
  static getAndUpdate<D extends Dest, Value>(
    origin: Origin,
    agent: D & OfAgent<D>,
    run: (state: Held<D>) => Later<readonly [Value, Held<D>]>,
    timeoutMs?: number,
  ): Promise<Value> {
    return caller(origin, run).call(agent as Dest, ["getAndUpdate", run], timeoutMs) as Promise<Value>;
  }

  /** Replaces the state, without waiting for it; never fails here. `Agent.cast/2`. */
  static cast<D extends Dest>(
    origin: Origin,
    agent: D & OfAgent<D>,
    run: (state: Held<D>) => Later<Held<D>>,
  ): void {
    caller(origin, run).cast(agent as Dest, ["update", run]);
  }
}

/** Who asks an agent, after a look at what it is to run: what is no function shall fail here, not there. */
function caller(origin: Origin, run: unknown): Origin {
  expectFunction("for an agent to run", run);
  return expectOrigin(origin);
}

/** Whoever calls or casts to an agent by itself may send anything. */
function expectRequest<Request>(request: Request, callback: string): Request {
  const [kind, run] = Array.isArray(request) ? (request as unknown[]) : [];
  if ((kind === "get" || kind === "update" || kind === "getAndUpdate") && typeof run === "function")
    return request;
  throw runtimeError("ROOKERY_NO_CALLBACK", "an Agent", callback, request);
}

/** What `then` makes of a value, at once unless the value is a promise. */
function after<Value, Result>(value: Later<Value>, then: (value: Value) => Result): Later<Result> {
  return isPromise(value) ? value.then(then) : then(value);
}
