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

/** Asks the application whether a client may connect, over whatever transport. Never rejects. `Phoenix.Socket.__connect__`. */
export async function connectSocket(
  { handler, transport, runtime, pubsub, serializers }: ConnectContext,
  params: Params,
  connectInfo: ConnectInfo,
): Promise<ConnectResult> {
  const { logger, clock } = runtime;
  const { vsn = "1.0.0" } = params;
  const serializer = negotiateSerializer(serializers, vsn);
  if (serializer === undefined) {
    logger.warn(
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
  };
  const isTimed = socketConnected.enabled || isWanted(logger, handler.log);
  const startedMs = isTimed ? clock.nowMs() : 0;
  let result: ConnectResult;
  try {
    const socket = new Socket(connection, undefined, NO_ASSIGNS);
    const connect = (): unknown => handler.connect(params, socket, connectInfo);
    const { tracer } = workTracing;
    const work =
      tracer === undefined ? connect() : tracer.around(connectWork(handler, transport, connectInfo), connect);
    const returned = isPromise(work) ? await work : work;
    result = completed(returned, handler, runtime);
  } catch (error) {
    logger.error({ err: error }, `The connect of ${handler.name} failed`);
    return { ok: false, failed: true, reason: error };
  }
  if (!isTimed) return result;
  const durationMs = clock.nowMs() - startedMs;
  logConnect({ handler, transport, runtime }, result.ok, durationMs, params);
  if (socketConnected.enabled) {
    const metadata = { transport, params, connectInfo, vsn: String(vsn), userSocket: handler, serializer };
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
