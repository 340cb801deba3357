import { nameOn, type Pid, RookeryError, type Runtime, StartError } from "../../runtime/index.ts";
import { expectOrigin, type Origin } from "../../runtime/internal.ts";
import { socketSupervisor } from "../../channels/internal.ts";
import {
  type ChildSpec,
  type IntensityOptions,
  Supervisor,
  type SupervisorOptions,
} from "../../supervisors/index.ts";
import { observerChild } from "../dashboard/dashboard.ts";
import { Acceptor } from "./acceptor.ts";
import { Drainer } from "./drainer.ts";
import { drainShutdownMs } from "./drainer-options.ts";
import {
  type CompleteEndpointOptions,
  completeEndpointOptions,
  completeListenOptions,
  type EndpointOptions,
  type ListenOptions,
} from "./endpoint-options.ts";
import { EndpointState, type RunningEndpoint } from "./running-endpoint.ts";
import { socketName } from "./socket-mounts.ts";

/** Beyond what the acceptor waits for requests: for what closing itself takes. */
const ACCEPTOR_SHUTDOWN_MARGIN_MS = 1_000;

/** What an endpoint is started with: where it listens, what it needs, how often it may be restarted. */
export interface EndpointStartOptions extends ListenOptions, IntensityOptions {
  /** What the endpoint needs, started before it and ended after it: PubSub, Presence, Repo. */
  readonly children?: readonly ChildSpec[];
  /** Called once, when it listens for the first time. */
  readonly onListening?: (endpoint: RunningEndpoint) => void;
}

/** How an application meets the network: one HTTP server for the routes of a router and for sockets. */
export class Endpoint {
  readonly #options: CompleteEndpointOptions;

  /** @internal */
  constructor(options: CompleteEndpointOptions) {
    this.#options = options;
  }

  /** @internal */
  get options(): CompleteEndpointOptions {
    return this.#options;
  }

  /** Under which its supervisor is registered. */
  get name(): string {
    return this.#options.name;
  }

  /**
   * The endpoint as one supervision tree: `children`, the processes of the sockets, the HTTP server, and last the drainer, so
   * that an orderly stop goes the other way: the endpoint says that it is draining, for `drainDelayMs`, clients of sockets are told to
   * connect anew (1012), requests that are in finish and no more are accepted, then the rest ends.
   */
  childSpec(options: EndpointStartOptions = {}): ChildSpec {
    const { name } = this.#options;
    const state = new EndpointState(this.#options, completeListenOptions(options), options.onListening);
    return {
      id: name,
      name,
      nameScope: "shard",
      type: "supervisor",
      start: [Supervisor, this.#tree(state, options)],
    };
  }

  /**
   * Starts the tree of `childSpec` in `runtime`, for a program that is not an Application. Rejects with what went wrong itself,
   * `ROOKERY_LISTEN` if the address is taken. Ends with `runtime.stop(pid, "shutdown")`.
   */
  async start(
    runtime: Runtime,
    options: EndpointStartOptions = {},
  ): Promise<{ readonly pid: Pid; readonly endpoint: RunningEndpoint }> {
    const state = new EndpointState(this.#options, completeListenOptions(options), options.onListening);
    const { name } = this.#options;
    try {
      return {
        pid: await runtime.start(Supervisor, this.#tree(state, options), { name, nameScope: "shard" }),
        endpoint: state,
      };
    } catch (error) {
      // ["shutdown", ["failed_to_start_child", id, reason]], once for each supervisor on the way to the child.
      let reason: unknown = error instanceof StartError ? error.reason : error;
      while (Array.isArray(reason)) reason = reason.at(-1);
      throw reason instanceof RookeryError ? reason : error;
    }
  }

  #tree(
    state: EndpointState,
    { children = [], intensity, periodMs }: EndpointStartOptions,
  ): SupervisorOptions {
    const { name, sockets, pubsub, requestDrainMs, drainDelayMs, dashboard } = this.#options;
    return {
      strategy: "one_for_one",
      ...(intensity === undefined ? {} : { intensity }),
      ...(periodMs === undefined ? {} : { periodMs }),
      children: [
        ...children,
        ...(dashboard === false ? [] : [observerChild(name, dashboard.chaos)]),
        ...Object.entries(sockets).map(([path, { longpoll = false }]) =>
          socketSupervisor(socketName(this.#options, path), longpoll === false ? undefined : pubsub),
        ),
        {
          id: "acceptor",
          name: acceptorName(name),
          nameScope: "shard",
          start: [Acceptor, state],
          shutdown: requestDrainMs + ACCEPTOR_SHUTDOWN_MARGIN_MS,
        },
        {
          id: "drainer",
          name: `${name}.drainer`,
          nameScope: "shard",
          start: [Drainer, state],
          shutdown: drainShutdownMs(
            drainDelayMs,
            Object.values(sockets).map(({ drainer }) => drainer),
          ),
        },
      ],
    };
  }
}

/** Where the endpoint called `name` is reached: the one of the first shard, if several run on shards. `Endpoint.url/0`. */
export function endpointUrl(from: Origin, name: string = "endpoint"): Promise<string> {
  return expectOrigin(from).call(nameOn(0, acceptorName(name)), "url") as Promise<string>;
}

/** The name of the HTTP server, on each shard. */
function acceptorName(name: string): string {
  return `${name}.acceptor`;
}

/** Defines an endpoint. Throws `ROOKERY_ENDPOINT_OPTION` for options that can't work. `use Phoenix.Endpoint`. */
export function defineEndpoint(options: EndpointOptions): Endpoint {
  return new Endpoint(completeEndpointOptions(options));
}
