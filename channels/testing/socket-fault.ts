import type { Duplex } from "node:stream";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { expectDuration, residentOf } from "../../runtime/internal.ts";
import { type Fault, processFault, type Target } from "../../supervisors/testing.ts";
import { ConnectionServer } from "../transport/connection.ts";
import { TransportServer } from "../transport/transport-server.ts";
import { ClientGone } from "../transport-message.ts";

/** The transport processes: those of the socket definitions with one of the names or, without any, all. */
export function sockets(...definitions: readonly string[]): Target {
  return ({ behaviour, label }) => {
    if (behaviour !== ConnectionServer.name && behaviour !== TransportServer.name) return false;
    const { socket } = (label ?? {}) as { readonly socket?: string };
    return definitions.length === 0 || (socket !== undefined && definitions.includes(socket));
  };
}

/**
 * The connection of a transport process breaks without a word, as when a cable is cut: its client sees code 1006, and its channels stop. A client
 * that polls is gone. Does nothing to other processes: see `sockets`.
 */
export function socketCut(): Fault {
  return onSockets(processFault("socket cut", import.meta.url, cutSocket));
}

/**
 * For `ms`, the client of a WebSocket seems to read nothing: what it is sent waits, and `slowConsumer` of its mount decides what becomes
 * of it. Does nothing to other processes: see `sockets`.
 */
export function slowReader(ms: number): Fault {
  expectDuration(ms);
  return onSockets(processFault(`slow reader for ${ms} ms`, import.meta.url, holdSocket, ms));
}

/** The same fault, of transport processes alone. */
function onSockets(fault: Fault): Fault {
  const isSocket = sockets();
  return {
    ...fault,
    needs: "a transport process that is a target",
    targets: (system, selected, spared) => fault.targets(system, selected.filter(isSocket), spared),
  };
}

/** @internal */
export function cutSocket(runtime: Runtime, pid: Pid): void {
  const stream = streamOf(pid);
  if (stream === undefined) runtime.send(pid, new ClientGone());
  else stream.destroy();
}

/** @internal */
export function holdSocket(runtime: Runtime, pid: Pid, ms: number): void {
  const stream = streamOf(pid);
  if (stream === undefined) return;
  stream.cork();
  runtime.clock.setTimer(ms, () => stream.uncork());
}

function streamOf(pid: Pid): Duplex | undefined {
  const instance = residentOf(pid)?.instance;
  if (instance instanceof ConnectionServer) return instance.state.socket.connection.peer?.stream;
  return instance instanceof TransportServer ? instance.peer.stream : undefined;
}
