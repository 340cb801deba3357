import { type Logger, type Pid, Runtime, type RuntimeOptions } from "../../runtime/index.ts";
import { settle } from "../../runtime/testing.ts";
import { DynamicSupervisor, Supervisor } from "../../supervisors/index.ts";
import type { EncodedFrame } from "../../channels/encoded-frame.ts";
import { PubSub } from "../../channels/pubsub/pubsub.ts";
import type { Serializer } from "../../channels/serializer/serializer.ts";
import { v2Json } from "../../channels/serializer/v2-json.ts";
import { Socket } from "../../channels/socket.ts";
import type { SocketDefinition } from "../../channels/socket-definition.ts";
import {
  channelsSupervisor,
  socketSupervisor,
  transportsSupervisor,
} from "../../channels/socket-supervisor.ts";
import { InboundFrame } from "../../channels/transport-message.ts";
import { ConnectionServer, ConnectionStart } from "../../channels/transport/connection.ts";
import type { Peer } from "../../channels/transport/peer.ts";

export const PUBSUB = "test.pubsub";
export const SOCKETS = "test.socket";

/** Keeps what is logged, so that a test can say what it expects, and processes may crash in silence. */
export class TestLogger implements Logger {
  readonly lines: string[] = [];
  debug = (_: object, message: string): void => void this.lines.push(`debug ${message}`);
  info = (_: object, message: string): void => void this.lines.push(`info ${message}`);
  warn = (_: object, message: string): void => void this.lines.push(`warn ${message}`);
  error = (_: object, message: string): void => void this.lines.push(`error ${message}`);
}

/** A runtime with what channels need. */
export async function startRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const runtime = await Runtime.start({ logger: new TestLogger(), ...options });
  await startTree(runtime);
  return runtime;
}

/** Starts a PubSub, and the supervisors of one mount. */
export async function startTree(runtime: Runtime): Promise<void> {
  await runtime.start(
    Supervisor,
    {
      strategy: "one_for_one",
      children: [{ id: "pubsub", name: PUBSUB, start: [PubSub, {}] }, socketSupervisor(SOCKETS, PUBSUB)],
    },
    { name: "test" },
  );
}

/** A client without a network: it keeps what its transport process pushes. */
export class TestPeer implements Peer {
  readonly frames: (string | Uint8Array)[] = [];
  bytesRead = 0;
  isPaused = false;
  handledFrames = 0;
  #wake: (() => void) | undefined;

  push({ data }: EncodedFrame): void {
    this.frames.push(data);
    this.#wake?.();
  }

  handled(): void {
    this.handledFrames += 1;
  }

  /** The oldest frame that was not taken yet, as soon as there is one. */
  async next(): Promise<unknown> {
    while (this.frames.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const frame = this.frames.shift()!;
    return typeof frame === "string" ? JSON.parse(frame) : frame;
  }
}

/** A transport process and its client. */
export class TestConnection {
  readonly runtime: Runtime;
  readonly pid: Pid;
  readonly peer: TestPeer;

  constructor(runtime: Runtime, pid: Pid, peer: TestPeer) {
    this.runtime = runtime;
    this.pid = pid;
    this.peer = peer;
  }

  /** Text, bytes, or the elements of a text frame. */
  send(frame: string | Uint8Array | readonly unknown[]): void {
    const data = Array.isArray(frame) ? JSON.stringify(frame) : (frame as string | Uint8Array);
    this.runtime.send(this.pid, new InboundFrame(data));
  }

  next(): Promise<unknown> {
    return this.peer.next();
  }

  /** Sends a frame and answers the next one that comes. */
  ask(frame: string | Uint8Array | readonly unknown[]): Promise<unknown> {
    this.send(frame);
    return this.next();
  }

  /** All frames that have come and were not taken yet, once every process waits. */
  async rest(): Promise<unknown[]> {
    await settle(this.runtime);
    const frames: unknown[] = [];
    while (this.peer.frames.length > 0) frames.push(await this.next());
    return frames;
  }

  /** The process of the channel that started last. */
  async channelPid(): Promise<Pid> {
    const children = await DynamicSupervisor.whichChildren(this.runtime, channelsSupervisor(SOCKETS));
    return children.at(-1)!.pid as Pid;
  }

  /** Resolves with the reason when the process of `pid` has exited. */
  down(pid: Pid = this.pid): Promise<unknown> {
    return reasonOf(this.runtime, pid);
  }
}

/** The exit reason of a process, when it comes. */
export function reasonOf(runtime: Runtime, pid: Pid): Promise<unknown> {
  return new Promise((resolve) => {
    runtime.spawn(async (self) => {
      const ref = self.monitor(pid);
      const down = await self.receive((message) => (message as { ref?: unknown }).ref === ref);
      resolve((down as { reason: unknown }).reason);
    });
  });
}

/** What a test may choose of a connection. */
export interface TestConnectionOptions {
  readonly id?: string;
  readonly assigns?: Record<string, unknown>;
  readonly idleTimeoutMs?: number;
  readonly expiresAtMs?: number;
  readonly serializer?: Serializer;
}

/** Starts a transport process whose client may do what it likes: `connect` is not asked. */
export async function connect(
  runtime: Runtime,
  handler: SocketDefinition,
  {
    id,
    assigns = {},
    idleTimeoutMs = Infinity,
    expiresAtMs,
    serializer = v2Json,
  }: TestConnectionOptions = {},
): Promise<TestConnection> {
  const connection = {
    handler,
    transport: "test",
    serializer,
    runtime,
    pubsub: PUBSUB,
    id,
    transportPid: undefined,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
  const peer = new TestPeer();
  const socket = new Socket(connection, undefined, assigns);
  const started = await DynamicSupervisor.startChild(runtime, transportsSupervisor(SOCKETS), {
    id: "transport",
    restart: "temporary",
    start: [ConnectionServer, new ConnectionStart(socket, peer, channelsSupervisor(SOCKETS), idleTimeoutMs)],
  });
  if (!started.ok) throw new Error(`no transport process: ${String(started.reason)}`);
  return new TestConnection(runtime, started.pid, peer);
}
