import type { FastifyInstance, FastifyServerOptions } from "fastify";
import type {
  LongPollOptions,
  SocketDefinition,
  SocketTransportClass,
  WebSocketOptions,
} from "../../channels/index.ts";
import { isSocketTransport } from "../../channels/internal.ts";
import { dashboardSockets } from "../dashboard/dashboard.ts";
import { checkDashboardOptions, type DashboardOptions } from "../dashboard/dashboard-options.ts";
import { apiError } from "../errors.ts";
import type { EndpointPlug, Plug } from "../plug.ts";
import { Router } from "../router/router.ts";
import { drainerFault, type DrainerOptions } from "./drainer-options.ts";

/** Where clients connect to the channels of one kind of socket, or to connections without channels. */
export interface SocketMount {
  readonly handler: SocketDefinition | SocketTransportClass;
  /** Options, or false to have none. */
  readonly websocket?: WebSocketOptions | boolean;
  /** Options, or true, to serve clients that poll as well; by default none are. Needs a `secretKeyBase`. */
  readonly longpoll?: LongPollOptions | boolean;
  /** How its clients are sent away before the server ends, or false for all of them at the very end. */
  readonly drainer?: DrainerOptions | boolean;
}

/** What an endpoint is made of: the configuration of a `Phoenix.Endpoint`. */
export interface EndpointOptions {
  readonly router: Router;
  /** By path: `"/socket"` is reached at `/socket/websocket`. What stands for a variable, as in `"/socket/:room"`, is a param of `connect`. */
  readonly sockets?: Readonly<Record<string, SocketMount>>;
  /** The name of the PubSub that carries the broadcasts of the sockets. Needed if any has channels. */
  readonly pubsub?: string;
  /** Signs what clients are given to keep, such as the sessions of those that poll: at least 20 bytes, the same on all shards and nodes. */
  readonly secretKeyBase?: string;
  /** The name of the supervisor; `<name>.acceptor` is the HTTP server. Default: `"endpoint"`. */
  readonly name?: string;
  /**
   * What every request goes through before its route is looked for, in this order, also one for a route that nobody has declared:
   * `cors`, `forceSsl`, `rateLimit`. Not what is for sockets. `plug` in `Phoenix.Endpoint`.
   */
  readonly plugs?: readonly (Plug | EndpointPlug)[];
  /** Shows at `/dashboard`, to whoever knows the token, what goes on in the whole runtime: see docs/DASHBOARD.md. Default: false, there is none. */
  readonly dashboard?: DashboardOptions | false;
  /** Adds what the router does not: plugins (static files), parsers, hooks. Run for each start of the HTTP server. */
  readonly configure?: (app: FastifyInstance) => void | Promise<void>;
  /** More options of Fastify: `trustProxy`, `bodyLimit`. */
  readonly fastify?: FastifyServerOptions;
  /** How long an orderly stop waits for requests that are in, in milliseconds. Default: 5,000. */
  readonly requestDrainMs?: number;
  /**
   * For how long an orderly stop only says that it is draining before it sends anybody away, in milliseconds: load balancers need
   * some time to notice. Default: 0.
   */
  readonly drainDelayMs?: number;
}

export type CompleteEndpointOptions = Required<EndpointOptions>;

const SECRET_BYTES_MIN = 20;
/** Parts and variables: `/socket/:room`. */
const SOCKET_PATH = /^(\/([\w.~-]+|:[a-z_]\w*))+$/i;

/** Checks and completes the options of an endpoint. Throws `ROOKERY_ENDPOINT_OPTION`. */
export function completeEndpointOptions(options: EndpointOptions): CompleteEndpointOptions {
  const {
    router,
    sockets: own = {},
    pubsub = "",
    name = "endpoint",
    configure = () => {},
    ...rest
  } = options;
  const { fastify = {}, requestDrainMs = 5_000, drainDelayMs = 0, plugs = [], ...secrets } = rest;
  const { secretKeyBase = "", dashboard = false, ...unknown } = secrets;
  for (const key of Object.keys(unknown)) refuse("only known names", key);
  if (!(router instanceof Router)) refuse("a router made by defineRouter", router);
  if (dashboard !== false) checkDashboardOptions(dashboard);
  const sockets = dashboard === false ? own : { ...own, ...dashboardSockets(dashboard, name) };
  for (const [path, mount] of Object.entries(sockets)) {
    const { handler, websocket = true, longpoll = false, drainer = true, ...unknownOfMount } = mount;
    if (!SOCKET_PATH.test(path)) refuse('the path of a socket, such as "/socket",', path);
    for (const key of Object.keys(unknownOfMount)) refuse(`only known names in the socket ${path}`, key);
    if (handler === undefined) refuse(`a handler in the socket ${path}`, handler);
    if (websocket === false && longpoll === false) refuse(`a transport in the socket ${path}`, "none");
    if (longpoll !== false && Buffer.byteLength(secretKeyBase) < SECRET_BYTES_MIN)
      refuse(
        `a secretKeyBase of at least ${SECRET_BYTES_MIN} bytes for the longpoll of ${path}`,
        "a shorter one",
      );
    const fault = drainerFault(drainer);
    if (fault !== undefined) refuse(`${fault[0]} in the drainer of the socket ${path}`, fault[1]);
    if (isSocketTransport(handler)) {
      if (longpoll !== false) refuse(`channels in the socket ${path}, which has longpoll`, handler.name);
      if (typeof handler.connect !== "function")
        refuse(`a static connect in ${handler.name}`, handler.connect);
    } else if (pubsub === "") {
      refuse("the name of a PubSub for the sockets", pubsub);
    }
  }
  for (const [option, ms] of Object.entries({ requestDrainMs, drainDelayMs }))
    if (!(Number.isFinite(ms) && ms >= 0)) refuse(`${option} of at least 0`, ms);
  return Object.freeze({
    router,
    sockets,
    pubsub,
    name,
    configure,
    fastify,
    requestDrainMs,
    drainDelayMs,
    secretKeyBase,
    plugs,
    dashboard,
  });
}

/** Where an endpoint listens, if it does. */
export interface ListenOptions {
  /** Default: `"127.0.0.1"`. */
  readonly host?: string;
  /** 0 lets the system choose a port; a restarted HTTP server keeps it. Default: 4000. */
  readonly port?: number;
  /** Who listens there, for an endpoint that runs on several shards: see `listenOnEveryShard`. Default: `"one"`, this endpoint alone. */
  readonly acceptors?: Acceptors;
  /** With false, the endpoint runs but nothing listens: tests hand it their requests in memory. Default: true. Phoenix's `server: false`. */
  readonly server?: boolean;
}

/** One endpoint; those of all shards, on one port that they share; or, where a platform has no shared ports, that of the first shard. */
export type Acceptors = "one" | "every_shard" | "first_shard";

const ACCEPTORS: readonly Acceptors[] = ["one", "every_shard", "first_shard"];
const PORT_MAX = 65_535;

export function completeListenOptions({
  host = "127.0.0.1",
  port = 4000,
  acceptors = "one",
  server = true,
}: ListenOptions): Required<ListenOptions> {
  if (typeof host !== "string" || host === "") refuse("a host to listen on", host);
  if (!Number.isInteger(port) || port < 0 || port > PORT_MAX) refuse(`a port from 0 to ${PORT_MAX}`, port);
  if (!ACCEPTORS.includes(acceptors)) refuse(`acceptors: ${ACCEPTORS.join(", ")}`, acceptors);
  if (typeof server !== "boolean") refuse("server to be true or false", server);
  return { host, port, acceptors, server };
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_ENDPOINT_OPTION", expected, got);
}
