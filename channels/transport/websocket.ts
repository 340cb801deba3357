import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { STATUS_CODES } from "node:http";
import { WebSocketServer } from "ws";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { isPromise, type Waiter } from "../../runtime/internal.ts";
import type { ChildSpec, StartDynamicChildResult } from "../../supervisors/index.ts";
import { startDynamicChildFor, temporaryWorker } from "../../supervisors/internal.ts";
import {
  type ConnectResult,
  connectSocket,
  connectTransport,
  type TransportConnectResult,
} from "../connect.ts";
import { decodeParams, type Params } from "../params.ts";
import type { SocketDefinition } from "../socket-definition.ts";
import { channelsSupervisor, transportsSupervisor } from "../socket-supervisor.ts";
import { isSocketTransport, type SocketTransportClass } from "../socket-transport.ts";
import { SocketOpened } from "../transport-message.ts";
import { type ConnectInfo, connectInfo, isEncrypted } from "./connect-info.ts";
import { ConnectionServer, ConnectionStart } from "./connection.ts";
import { destroyStream, LeanWebSocket } from "./lean-websocket.ts";
import { type OriginCheck, originCheck } from "./origin.ts";
import type { OpenClient, Peer } from "./peer.ts";
import { TransportServer, TransportStart } from "./transport-server.ts";
import { acceptUpgrade, readSubprotocols, refuseUpgrade, type Subprotocols } from "./upgrade-request.ts";
import {
  completeWebSocketOptions,
  type HandshakeResponse,
  type WebSocketOptions,
} from "./websocket-options.ts";
import { WebSocketPeer } from "./websocket-peer.ts";

const FAILURE: HandshakeResponse = { status: 500, body: "Internal Server Error" };
const UNAVAILABLE: HandshakeResponse = { status: 503 };

export interface WebSocketMount {
  readonly runtime: Runtime;
  readonly socket: SocketDefinition | SocketTransportClass;
  /** The name of the mount, that of its `socketSupervisor`. */
  readonly name: string;
  readonly pubsub: string;
  readonly options?: WebSocketOptions;
  /** What a client is answered when something of the application has thrown. */
  readonly failure?: HandshakeResponse;
}

/** What an upgrade request is answered with; undefined if that is left to the process of the connection. */
type Answer = HandshakeResponse | undefined;

/** An upgrade request, as Node hands it out. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

type StartSpec = ChildSpec["start"];
/** What became of a client, with channels or without. */
type Connecting = ConnectResult | TransportConnectResult;
type Connected = Extract<Connecting, { readonly ok: true }>;

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
  readonly #transports: string;
  readonly #channels: string;
  readonly #failure: HandshakeResponse;

  /** Throws ROOKERY_WEBSOCKET_OPTION or ROOKERY_ORIGIN for options that are wrong. */
  constructor(mount: WebSocketMount) {
    this.#mount = mount;
    this.#failure = mount.failure ?? FAILURE;
    this.#transports = transportsSupervisor(mount.name);
    this.#channels = channelsSupervisor(mount.name);
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
   * Serves an upgrade request, as Node's server emits it. `pathParams` are the variables of the mount's path. Always answers, at once or later;
   * never throws.
   */
  upgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    pathParams: Readonly<Record<string, string>> = {},
  ): void {
    // Who goes away while connect runs is nobody's error.
    stream.on("error", destroyStream);
    try {
      const answer = this.#upgrade({ request, stream, head }, pathParams);
      if (isPromise(answer))
        answer.then(
          (later) => respond(stream, later),
          (error: unknown) => this.#failed(stream, error),
        );
      else respond(stream, answer);
    } catch (error) {
      this.#failed(stream, error);
    }
  }

  /** A checkOrigin, an errorHandler or who reads a session has thrown. */
  #failed(stream: Duplex, error: unknown): void {
    this.#mount.runtime.logger.error({ err: error }, `A handshake of ${this.#mount.name} failed`);
    respond(stream, this.#failure);
  }

  #upgrade(upgrade: Upgrade, pathParams: Readonly<Record<string, string>>): Answer | Promise<Answer> {
    const { request } = upgrade;
    const refusal = refuseUpgrade(request);
    if (refusal !== undefined) return { status: refusal.status, body: refusal.text };
    const { headers, url = "" } = request;
    if (!this.#originAllowed(headers.origin, headers.host, isEncrypted(request))) {
      this.#mount.runtime.logger.warn(
        { origin: headers.origin },
        `Refused the origin of a request in ${this.#mount.name}`,
      );
      return { status: 403 };
    }
    const subprotocols = readSubprotocols(headers["sec-websocket-protocol"], this.#options);
    if (subprotocols.refused) return { status: 403 };
    const query = url.indexOf("?");
    const params = decodeParams(query === -1 ? "" : url.slice(query + 1));
    if (params === undefined)
      return { status: 400, body: "the query string holds an escape that is no UTF-8" };

    Object.assign(params, pathParams);
    const info = connectInfo(request, params, this.#options);
    return isPromise(info)
      ? info.then((read) => this.#admit(upgrade, params, read, subprotocols))
      : this.#admit(upgrade, params, info, subprotocols);
  }

  #admit(
    upgrade: Upgrade,
    params: Params,
    info: ConnectInfo,
    { selected, authToken }: Subprotocols,
  ): Answer | Promise<Answer> {
    const result = this.#connect(params, this.#options.authToken ? { ...info, auth_token: authToken } : info);
    return isPromise(result)
      ? result.then((connected) => this.#answer(upgrade, connected, selected))
      : this.#answer(upgrade, result, selected);
  }

  #answer(upgrade: Upgrade, result: Connecting, selected: string | undefined): Answer | Promise<Answer> {
    if (result.ok) return this.#start(upgrade, result, selected);
    if (result.failed) return this.#failure;
    return result.reason === undefined
      ? { status: 403 }
      : this.#options.errorHandler(upgrade.request, result.reason);
  }

  #connect(params: Params, info: ConnectInfo): Connecting | Promise<Connecting> {
    const { runtime, socket: handler, pubsub } = this.#mount;
    const transport = "websocket";
    if (isSocketTransport(handler))
      return connectTransport(handler, { params, connectInfo: info, transport, runtime });
    const { serializers } = this.#options;
    return connectSocket({ handler, transport, runtime, pubsub, serializers }, params, info);
  }

  /** The process of the connection of a client that is let in. */
  #serverOf(connected: Connected, peer: Peer, open: OpenClient): StartSpec {
    const { socket: handler } = this.#mount;
    const { timeout } = this.#options;
    if ("socket" in connected) {
      const start = new ConnectionStart(connected.socket, peer, this.#channels, timeout, open);
      return [ConnectionServer, start];
    }
    const { state } = connected;
    return [TransportServer, new TransportStart(handler as SocketTransportClass, state, peer, timeout, open)];
  }

  /** Starts the process of a client that is let in, which answers it once nothing can fail any more. */
  #start(upgrade: Upgrade, connected: Connected, subprotocol: string | undefined): undefined {
    const { runtime, name } = this.#mount;
    const { stream } = upgrade;
    const peer = new WebSocketPeer(runtime, stream, this.#options);
    let isAnswered = false;
    const start = this.#serverOf(connected, peer, (pid) => {
      isAnswered = true;
      return this.#open(upgrade, subprotocol, peer, pid);
    });
    const waiter: Waiter<StartDynamicChildResult> = {
      resolve(started) {
        if (started.ok || isAnswered) return;
        runtime.logger.error({ reason: started.reason }, `A transport process of ${name} did not start`);
        respond(stream, UNAVAILABLE);
      },
      reject(error) {
        runtime.logger.error({ err: error }, `The supervisor of the transports of ${name} is not running`);
        if (!isAnswered) respond(stream, UNAVAILABLE);
      },
    };
    startDynamicChildFor(waiter, runtime, this.#transports, temporaryWorker("transport", start));
  }

  /** Whether the client is still there. */
  #open(
    { request, stream, head }: Upgrade,
    subprotocol: string | undefined,
    peer: WebSocketPeer,
    pid: Pid,
  ): boolean {
    const websocket = this.#handshake(request, stream, head, subprotocol);
    if (websocket === undefined) return false;
    const { runtime, socket } = this.#mount;
    const isTransport = isSocketTransport(socket);
    peer.open(websocket, pid, isTransport);
    if (isTransport) runtime.send(pid, new SocketOpened());
    return true;
  }

  /** Undefined if the client has gone meanwhile. */
  #handshake(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    subprotocol: string | undefined,
  ): LeanWebSocket | undefined {
    const { options } = this.#server;
    if (this.#options.compress === false) {
      if (!stream.readable || !stream.writable) {
        stream.destroy();
        return undefined;
      }
      stream.write(acceptUpgrade(request, subprotocol), "latin1");
      if (head.length > 0) stream.unshift(head);
      return new LeanWebSocket(stream, options);
    }
    // ws knows nothing of tokens in there and refuses their characters: it gets to see what is to be answered.
    if (subprotocol !== undefined) request.headers["sec-websocket-protocol"] = subprotocol;
    else if ("sec-websocket-protocol" in request.headers) delete request.headers["sec-websocket-protocol"];
    stream.removeListener("error", destroyStream);
    let opened: LeanWebSocket | undefined;
    this.#server.handleUpgrade(request, stream, head, (websocket) => {
      opened = new LeanWebSocket(stream, options, websocket);
    });
    return opened;
  }
}

/** Answers on the bare stream, which is all there is of an upgrade request, and closes it. */
function respond(stream: Duplex, answer: Answer): void {
  if (answer === undefined) return;
  const { status, headers = {}, body = "" } = answer;
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
