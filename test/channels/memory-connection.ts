import type { Runtime } from "../../runtime/index.ts";
import { onProcessExit } from "../../runtime/internal.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { connectSocket } from "../../channels/connect.ts";
import type { EncodedFrame } from "../../channels/encoded-frame.ts";
import type { Params } from "../../channels/params.ts";
import { v2Json } from "../../channels/serializer/v2-json.ts";
import type { SocketDefinition } from "../../channels/socket-definition.ts";
import { channelsSupervisor, transportsSupervisor } from "../../channels/socket-supervisor.ts";
import { ClientGone, InboundFrame } from "../../channels/transport-message.ts";
import { ConnectionServer, ConnectionStart } from "../../channels/transport/connection.ts";

/** Where a client knocks: the supervisors of a mount, which have to run there. */
export interface MemoryMount {
  readonly runtime: Runtime;
  readonly handler: SocketDefinition;
  readonly name: string;
  readonly pubsub: string;
}

/** What a client hears of its connection. */
export interface MemoryClient {
  received(text: string): void;
  closed(): void;
}

/** What a client does with its connection. */
export interface MemoryConnection {
  send(frame: readonly unknown[]): void;
  /** Goes away. */
  close(): void;
}

/**
 * A connection as a WebSocket makes one, without the socket: `connect` is asked, the transport process runs under its supervisor, and
 * frames are the texts of version 2. Undefined if the client is not let in; rejects if the supervisors are not there.
 */
export async function connectInMemory(
  { runtime, handler, name, pubsub }: MemoryMount,
  params: Params,
  client: MemoryClient,
): Promise<MemoryConnection | undefined> {
  const context = { handler, transport: "memory", runtime, pubsub, serializers: [v2Json] };
  const given = Object.assign(Object.create(null), params, { vsn: "2.0.0" }) as Params;
  const result = await connectSocket(context, given, {});
  if (!result.ok) return undefined;
  const peer = {
    bytesRead: 0,
    push: ({ data }: EncodedFrame): void => client.received(data as string),
    handled: (): void => {},
  };
  const start = new ConnectionStart(result.socket, peer, channelsSupervisor(name), Number.POSITIVE_INFINITY);
  const started = await DynamicSupervisor.startChild(runtime, transportsSupervisor(name), {
    id: "transport",
    start: [ConnectionServer, start],
    restart: "temporary",
  });
  if (!started.ok) return undefined;
  const { pid } = started;
  onProcessExit(pid, () => client.closed());
  return {
    send: (frame) => runtime.send(pid, new InboundFrame(JSON.stringify(frame))),
    close: () => runtime.send(pid, new ClientGone()),
  };
}
