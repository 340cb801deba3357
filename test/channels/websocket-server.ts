import { createServer, type Server } from "node:http";
import { type AddressInfo, connect as connectTcp, type Socket as TcpSocket } from "node:net";
import { WebSocket } from "ws";
import type { SocketDefinition } from "../../channels/socket-definition.ts";
import type { SocketTransportClass } from "../../channels/socket-transport.ts";
import { WebSocketTransport } from "../../channels/transport/websocket.ts";
import type { WebSocketOptions } from "../../channels/transport/websocket-options.ts";
import type { Runtime, RuntimeOptions } from "../../runtime/index.ts";
import { roomSocket } from "./room-channel.ts";
import { PUBSUB, SOCKETS, startRuntime } from "./test-connection.ts";

/** A bare HTTP server that mounts one socket at `/socket`. */
export class TestServer implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly #http: Server;
  readonly #tcp = new Set<TcpSocket>();

  private constructor(runtime: Runtime, http: Server) {
    this.runtime = runtime;
    this.#http = http;
    http.on("connection", (socket: TcpSocket) => this.#tcp.add(socket));
  }

  static async start(
    options: WebSocketOptions = {},
    socket: SocketDefinition | SocketTransportClass = roomSocket,
    pathParams: Readonly<Record<string, string>> = {},
    runtimeOptions: RuntimeOptions = {},
  ): Promise<TestServer> {
    const runtime = await startRuntime(runtimeOptions);
    const transport = new WebSocketTransport({ runtime, socket, name: SOCKETS, pubsub: PUBSUB, options });
    const http = createServer((request, response) => {
      const { status, body = "" } = transport.refusal(request);
      response.writeHead(status, { "content-length": Buffer.byteLength(body) }).end(body);
    });
    http.on("upgrade", (request, stream, head) => transport.upgrade(request, stream, head, pathParams));
    const server = new TestServer(runtime, http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Where clients of version 2 connect. */
  url(params: string = "vsn=2.0.0"): string {
    return `ws://127.0.0.1:${this.port}/socket/websocket?${params}`;
  }

  /** How many connections a client has left open. */
  get openConnections(): number {
    return [...this.#tcp].filter((socket) => !socket.destroyed).length;
  }

  /** How many bytes wait in the sockets of clients that don't read. */
  get unreadBytes(): number {
    return [...this.#tcp].reduce((sum, { writableLength }) => sum + writableLength, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.shutdown();
    for (const socket of this.#tcp) socket.destroy();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

/** A WebSocket whose frames and close are awaited. */
export class TestSocket {
  readonly websocket: WebSocket;
  readonly #frames: unknown[] = [];
  readonly #closed: Promise<number>;
  #wake: (() => void) | undefined;

  private constructor(websocket: WebSocket, parse: (text: string) => unknown) {
    this.websocket = websocket;
    this.#closed = new Promise((resolve) => websocket.on("close", resolve));
    websocket.on("error", () => {});
    websocket.on("message", (data: Buffer, isBinary: boolean) => {
      this.#frames.push(isBinary ? data : parse(data.toString()));
      this.#wake?.();
    });
  }

  static async open(
    url: string,
    options: { protocols?: string[]; compress?: boolean; parse?: (text: string) => unknown } = {},
  ): Promise<TestSocket> {
    const socket = new TestSocket(
      new WebSocket(url, options.protocols ?? [], { perMessageDeflate: options.compress ?? false }),
      options.parse ?? JSON.parse,
    );
    await new Promise((resolve, reject) => {
      socket.websocket.on("open", resolve);
      socket.websocket.on("error", reject);
    });
    return socket;
  }

  send(frame: string | Uint8Array | readonly unknown[]): void {
    this.websocket.send(Array.isArray(frame) ? JSON.stringify(frame) : (frame as string | Uint8Array));
  }

  async next(): Promise<unknown> {
    while (this.#frames.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#frames.shift();
  }

  ask(frame: string | Uint8Array | readonly unknown[]): Promise<unknown> {
    this.send(frame);
    return this.next();
  }

  /** The code with which it is closed, once it is. */
  closed(): Promise<number> {
    return this.#closed;
  }
}

/** Sends bytes to a port and answers all that comes back until the other side closes. */
export function exchange(port: number, ...chunks: readonly (string | Uint8Array)[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answer: Buffer[] = [];
    const socket = connectTcp(port, "127.0.0.1", () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    socket.on("data", (chunk) => answer.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(answer)));
  });
}
