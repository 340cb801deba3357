import { type BroadcastOptions, broadcastTo } from "../../channels/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Acceptors, CompleteEndpointOptions, ListenOptions } from "./endpoint-options.ts";
import type { Listener } from "./listener.ts";

/** What plugs, actions and the program may know of an endpoint that was started: `request.server.endpoint`. */
export interface RunningEndpoint {
  /** True from the beginning of an orderly stop on: requests are still served, but a load balancer should send no more. */
  readonly draining: boolean;
  readonly host: string;
  /** The one it listens on; if 0 was asked for, the one that the system has chosen. */
  readonly port: number;
  /** Where it is reached, for a log line or a link. */
  readonly url: string;
  readonly runtime: Runtime;
  /** Sends an event to everybody in a topic: what an action, or the program, has to say to the clients of channels. As `broadcastTo`. */
  broadcast(topic: string, event: string, payload: object, options?: BroadcastOptions): void;
}

declare module "fastify" {
  interface FastifyInstance {
    endpoint: RunningEndpoint;
  }
}

/** What the processes of one endpoint share. It outlives them: their successors go on with it. */
export class EndpointState implements RunningEndpoint {
  readonly options: CompleteEndpointOptions;
  readonly host: string;
  port: number;
  readonly acceptors: Acceptors;
  /** Whether it is reached over the network. */
  readonly server: boolean;
  draining = false;
  /** Whether clients may open sockets and polls: not when those that are there are being sent away. */
  takesClients = true;
  /** Set by the acceptor, which all that is served goes through. */
  runtime!: Runtime;
  /** Also those of acceptors that have died, while connections of theirs are open. */
  readonly listeners: Set<Listener> = new Set();

  #onListening: ((endpoint: RunningEndpoint) => void) | undefined;

  constructor(
    options: CompleteEndpointOptions,
    { host, port, acceptors, server }: Required<ListenOptions>,
    onListening?: (endpoint: RunningEndpoint) => void,
  ) {
    this.options = options;
    this.host = host;
    this.port = port;
    this.acceptors = acceptors;
    this.server = server;
    this.#onListening = onListening;
  }

  /** Keeps the port for the acceptors to come, and tells the program the first time. */
  listening(port: number): void {
    this.port = port;
    this.#onListening?.(this);
    this.#onListening = undefined;
  }

  broadcast(topic: string, event: string, payload: object, options?: BroadcastOptions): void {
    broadcastTo(this.runtime, this.options.pubsub, topic, event, payload, options);
  }

  get url(): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return `http://${host}:${this.port}`;
  }
}
