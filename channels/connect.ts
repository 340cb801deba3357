import { inspect } from "node:util";
import type { Runtime } from "../runtime/index.ts";
import { isPromise, Ok, type TraceableWork, workTracing } from "../runtime/internal.ts";
import { Accepted, Refused } from "./channel-returns.ts";
import type { Params } from "./params.ts";
import { negotiateSerializer, type Serializer } from "./serializer/serializer.ts";
import { NO_ASSIGNS, Socket } from "./socket.ts";
import { isWanted, logConnect } from "./socket-log.ts";
import type { SocketDefinition } from "./socket-definition.ts";
import type { ConnectRequest, SocketTransportClass } from "./socket-transport.ts";
import { socketConnected } from "./telemetry.ts";
import type { ConnectInfo } from "./transport/connect-info.ts";

export interface ConnectContext {
  readonly handler: SocketDefinition;
  readonly transport: string;
  readonly runtime: Runtime;
  readonly pubsub: string;
  readonly serializers: readonly Serializer[];
}

export type ConnectResult =
  | { readonly ok: true; readonly socket: Socket }
  /** `failed`: connect has thrown. A `reason` is what it refused with. */
  | { readonly ok: false; readonly failed: boolean; readonly reason: unknown };

const REFUSED: Extract<ConnectResult, { readonly ok: false }> = {
  ok: false,
  failed: false,
  reason: undefined,
};

/** What became of a client of a connection without channels; `state` is what it begins with. */
export type TransportConnectResult =
  | { readonly ok: true; readonly state: unknown }
  | Extract<ConnectResult, { readonly ok: false }>;

/** Asks the application about a client of a connection without channels. Never rejects. */
export async function connectTransport(
  handler: SocketTransportClass,
  request: ConnectRequest,
): Promise<TransportConnectResult> {
  const { logger } = request.runtime;
  let returned: unknown;
  try {
    returned = await handler.connect(request);
  } catch (error) {
    logger.error({ err: error }, `The connect of ${handler.name} failed`);
    return { ok: false, failed: true, reason: error };
  }
  if (returned instanceof Ok) return { ok: true, state: returned.state };
  if (returned instanceof Refused) return { ok: false, failed: false, reason: returned.reason };
  logger.error(
    { returned: inspect(returned) },
    `Expected the connect of ${handler.name} to return ok(state), error() or error(reason): the client is refused`,
  );
  return REFUSED;
}

/** One connect, while its answer is awaited. */
interface Attempt {
  readonly context: ConnectContext;
  readonly params: Params;
  readonly connectInfo: ConnectInfo;
  readonly serializer: Serializer;
  /** Undefined if nobody wants to know how long it takes. */
  readonly startedMs: number | undefined;
}

/** Asks the application whether a client may connect, over whatever transport. Never throws or rejects. `Phoenix.Socket.__connect__`. */
export function connectSocket(
  context: ConnectContext,
  params: Params,
  connectInfo: ConnectInfo,
): ConnectResult | Promise<ConnectResult> {
  const { handler, transport, runtime, pubsub, serializers } = context;
  const { vsn = "1.0.0" } = params;
  const serializer = negotiateSerializer(serializers, vsn);
  if (serializer === undefined) {
    runtime.logger.warn(
      { vsn },
      `A client of ${handler.name} asked for a version of the protocol that is not spoken`,
    );
    return REFUSED;
  }
  const connection = {
    handler,
    transport,
    serializer,
    runtime,
    pubsub,
    id: undefined,
    transportPid: undefined,
    // What comes later already has its place: else each connection would keep these two in an object of their own.
    expiresAtMs: undefined,
    peer: undefined,
  };
  const isTimed = socketConnected.enabled || isWanted(runtime.logger, handler.log);
  const startedMs = isTimed ? runtime.clock.nowMs() : undefined;
  const attempt: Attempt = { context, params, connectInfo, serializer, startedMs };
  let returned: unknown;
  try {
    const socket = new Socket(connection, undefined, NO_ASSIGNS);
    const connect = (): unknown => handler.connect(params, socket, connectInfo);
    const { tracer } = workTracing;
    returned =
      tracer === undefined ? connect() : tracer.around(connectWork(handler, transport, connectInfo), connect);
  } catch (error) {
    return failed(attempt, error);
  }
  return isPromise(returned)
    ? returned.then(
        (value) => answered(attempt, value),
        (error: unknown) => failed(attempt, error),
      )
    : answered(attempt, returned);
}

function failed({ context: { handler, runtime } }: Attempt, error: unknown): ConnectResult {
  runtime.logger.error({ err: error }, `The connect of ${handler.name} failed`);
  return { ok: false, failed: true, reason: error };
}

function answered(attempt: Attempt, returned: unknown): ConnectResult {
  const { context, params, connectInfo, serializer, startedMs } = attempt;
  const { handler, transport, runtime } = context;
  let result: ConnectResult;
  try {
    result = completed(returned, handler, runtime);
  } catch (error) {
    return failed(attempt, error);
  }
  if (startedMs === undefined) return result;
  const durationMs = runtime.clock.nowMs() - startedMs;
  logConnect({ handler, transport, runtime }, result.ok, durationMs, params);
  if (socketConnected.enabled) {
    const vsn = String(params["vsn"] ?? "1.0.0");
    const metadata = { transport, params, connectInfo, vsn, userSocket: handler, serializer };
    socketConnected.execute({ durationMs }, { ...metadata, result: result.ok ? "ok" : "error" });
  }
  return result;
}

/** A connect, as a trace shows it: that of the client, if the mount wants to know of it. */
function connectWork(handler: SocketDefinition, transport: string, info: ConnectInfo): TraceableWork {
  return {
    kind: "server",
    name: `${handler.name}.connect`,
    attributes: { "rookery.socket": handler.name, "rookery.transport": transport },
    headers: new Map(info.trace_context_headers ?? []),
  };
}

function completed(returned: unknown, handler: SocketDefinition, { logger }: Runtime): ConnectResult {
  if (returned instanceof Refused) return { ok: false, failed: false, reason: returned.reason };
  if (!(returned instanceof Accepted) || !(returned.socket instanceof Socket)) {
    logger.error(
      { returned: inspect(returned) },
      `Expected the connect of ${handler.name} to return ok(socket), error() or error(reason): the client is refused`,
    );
    return REFUSED;
  }
  const socket = returned.socket as Socket;
  const id = handler.id(socket) ?? undefined;
  if (id !== undefined && typeof id !== "string") {
    logger.warn(
      { id: inspect(id) },
      `Expected the id of ${handler.name} to be a string or null: the client is refused`,
    );
    return REFUSED;
  }
  return { ok: true, socket: id === undefined ? socket : socket.withConnection({ id }) };
}
