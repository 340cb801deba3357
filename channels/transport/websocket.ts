import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { STATUS_CODES } from "node:http";
import { WebSocketServer } from "ws";
import { ExitError, type Pid, type Runtime } from "../../runtime/index.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { connectSocket } from "../connect.ts";
import { decodeParams } from "../params.ts";
import type { Serializer } from "../serializer/serializer.ts";
import { v2Json } from "../serializer/v2-json.ts";
import type { Socket } from "../socket.ts";
import type { SocketDefinition } from "../socket-definition.ts";
import { channelsSupervisor, transportsSupervisor } from "../socket-supervisor.ts";
import { connectInfo } from "./connect-info.ts";
import { ConnectionServer, ConnectionStart } from "./connection.ts";
import { type OriginCheck, originCheck } from "./origin.ts";
import { readSubprotocols, refuseUpgrade } from "./upgrade-request.ts";
import {
  completeWebSocketOptions,
  type HandshakeResponse,
  type WebSocketOptions,
} from "./websocket-options.ts";
import { WebSocketPeer } from "./websocket-peer.ts";

const SERIALIZERS: readonly Serializer[] = [v2Json];
const FAILED: HandshakeResponse = { status: 500, body: "Internal Server Error" };

export interface WebSocketMount {
  readonly runtime: Runtime;
  readonly socket: SocketDefinition;
  /** The name of the mount, that of its `socketSupervisor`. */
  readonly name: string;
  readonly pubsub: string;
  readonly options?: WebSocketOptions;
}

/**
 * Serves the WebSockets of one mount: hand it each upgrade request for the mount's path. Needs the mount's `socketSupervisor`
 * and its PubSub running; while they are not, it answers 503.
 */
export class WebSocketTransport {
  /** Where it is, below the mount. */
  readonly path: string;
  readonly #mount: WebSocketMount;
  readonly #options: Required<WebSocketOptions>;
  readonly #originAllowed: OriginCheck;
  readonly #server: WebSocketServer;

  /** Throws ROOKERY_WEBSOCKET_OPTION or ROOKERY_ORIGIN for options that are wrong. */
  constructor(mount: WebSocketMount) {
    this.#mount = mount;
    this.#options = completeWebSocketOptions(mount.options);
    this.path = this.#options.path;
    this.#originAllowed = originCheck(this.#options.checkOrigin);
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: this.#options.maxFrameSize,
      perMessageDeflate: this.#options.compress,
    });
  }

  /**
   * Answers what came to the path as an ordinary request: no WebSocket can come of it. Node hands out a request as an upgrade
   * only if its headers ask for one.
   */
  refusal(request: IncomingMessage): HandshakeResponse {
    const { status, text } = refuseUpgrade(request) ?? { status: 400, text: "" };
    return { status, body: text };
  }

  /**
   * Serves an upgrade request, as Node's server emits it. `pathParams` are the variables of the mount's path. Always answers;
   * never throws and never rejects.
   */
  async upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    pathParams: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    // Who goes away while connect runs is nobody's error.
    stream.on("error", destroy);
    let response: HandshakeResponse | undefined;
    try {
      response = await this.#upgrade(request, stream, head, pathParams);
    } catch (error) {
      // A checkOrigin or an errorHandler has thrown.
      this.#mount.runtime.logger.error({ err: error }, `A handshake of ${this.#mount.name} failed`);
      response = FAILED;
    }
    if (response !== undefined) respond(stream, response);
  }

  async #upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    pathParams: Readonly<Record<string, string>>,
  ): Promise<HandshakeResponse | undefined> {
    const refusal = refuseUpgrade(request);
    if (refusal !== undefined) return { status: refusal.status, body: refusal.text };
    const { headers, url = "" } = request;
    if (!this.#originAllowed(headers.origin, headers.host)) {
      this.#mount.runtime.logger.warn(
        { origin: headers.origin },
        `Refused the origin of a request in ${this.#mount.name}`,
      );
      return { status: 403 };
    }
    const { selected, authToken, refused } = readSubprotocols(
      headers["sec-websocket-protocol"],
      this.#options,
    );
    if (refused) return { status: 403 };
    const query = url.indexOf("?");
    const params = decodeParams(query === -1 ? "" : url.slice(query + 1));
    if (params === undefined)
      return { status: 400, body: "the query string holds an escape that is no UTF-8" };

    const { runtime, socket: handler, pubsub } = this.#mount;
    const info = connectInfo(request, this.#options.connectInfo);
    const result = await connectSocket(
      { handler, transport: "websocket", runtime, pubsub, serializers: SERIALIZERS },
      // Without a prototype, as params are.
      Object.assign(Object.create(null), params, pathParams),
      this.#options.authToken ? { ...info, auth_token: authToken } : info,
    );
    if (result.ok) return this.#open(request, stream, head, result.socket, selected);
    if (result.failed) return FAILED;
    return result.reason === undefined ? { status: 403 } : this.#options.errorHandler(request, result.reason);
  }

  async #open(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    socket: Socket,
    subprotocol: string | undefined,
  ): Promise<HandshakeResponse | undefined> {
    const { runtime } = this.#mount;
    const peer = new WebSocketPeer(runtime, stream, this.#options.maxBufferedSize);
    const pid = await this.#startConnection(socket, peer);
    if (pid === undefined) return { status: 503 };
    // ws knows nothing of tokens in there and refuses their characters: it gets to see what is to be answered.
    if (subprotocol === undefined) delete request.headers["sec-websocket-protocol"];
    else request.headers["sec-websocket-protocol"] = subprotocol;
    stream.removeListener("error", destroy);
    let opened = false;
    this.#server.handleUpgrade(request, stream, head, (websocket) => {
      opened = true;
      peer.open(websocket, pid);
    });
    // The client has gone meanwhile, and ws has said no.
    if (!opened) runtime.exit(pid, ["shutdown", "closed"]);
    return undefined;
  }

  async #startConnection(socket: Socket, peer: WebSocketPeer): Promise<Pid | undefined> {
    const { runtime, name } = this.#mount;
    const start = new ConnectionStart(socket, peer, channelsSupervisor(name), this.#options.timeout);
    try {
      const started = await DynamicSupervisor.startChild(runtime, transportsSupervisor(name), {
        id: "transport",
        start: [ConnectionServer, start],
        restart: "temporary",
      });
      if (started.ok) return started.pid;
      runtime.logger.error({ reason: started.reason }, `A transport process of ${name} did not start`);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      runtime.logger.error({ err: error }, `The supervisor of the transports of ${name} is not running`);
    }
    return undefined;
  }
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** Answers on the bare stream, which is all there is of an upgrade request, and closes it. */
function respond(stream: Duplex, { status, headers = {}, body = "" }: HandshakeResponse): void {
  const all: Record<string, string> = {
    connection: "close",
    "content-length": String(Buffer.byteLength(body)),
    ...(body === "" ? {} : { "content-type": "text/plain; charset=utf-8" }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.once("finish", () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
}
