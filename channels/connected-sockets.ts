import type { Pid, Runtime } from "../runtime/index.ts";
import { expectOrigin, type Origin } from "../runtime/internal.ts";
import { type JoinedTopic, ListChannels } from "./transport-message.ts";

const LIST_TIMEOUT_MS = 5_000;

/** What observers see of a transport process. */
export interface SocketLabel {
  /** The name of the socket's definition. */
  readonly socket: string;
  readonly id: string | undefined;
}

/** A connection with channels. */
export interface ConnectedSocket extends SocketLabel {
  /** Its transport process. */
  readonly pid: Pid;
}

/** The connections of this shard, whatever carries them: for somebody who looks into a running system. `Phoenix.Debug.list_sockets/0`. */
export function listSockets(runtime: Runtime): ConnectedSocket[] {
  const sockets: ConnectedSocket[] = [];
  for (const pid of runtime.processes()) {
    const label = runtime.info(pid, "label");
    if (isSocketLabel(label)) sockets.push({ pid, ...label });
  }
  return sockets;
}

/**
 * The channels that a client has joined, asked of its transport process: it answers once the join that it may be in is done. Rejects as a
 * call does. `Phoenix.Debug.list_channels/1`.
 */
export function listChannels(
  from: Origin,
  transport: Pid,
  timeoutMs: number = LIST_TIMEOUT_MS,
): Promise<readonly JoinedTopic[]> {
  return expectOrigin(from).call(transport, new ListChannels(), timeoutMs) as Promise<readonly JoinedTopic[]>;
}

/** Connections without channels have no id. */
function isSocketLabel(label: unknown): label is SocketLabel {
  return typeof label === "object" && label !== null && "socket" in label && "id" in label;
}
