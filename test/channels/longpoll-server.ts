import {
  createServer,
  type IncomingHttpHeaders,
  IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, Socket as TcpSocket } from "node:net";
import type { SocketDefinition } from "../../channels/socket-definition.ts";
import { LongPollTransport } from "../../channels/transport/longpoll.ts";
import type { LongPollOptions } from "../../channels/transport/longpoll-options.ts";
import type { Runtime } from "../../runtime/index.ts";
import { roomSocket } from "./room-channel.ts";
import { PUBSUB, SOCKETS, startRuntime } from "./test-connection.ts";

export const SECRET = "a secret key base of the tests, of no use elsewhere";

export interface LongPollServerOptions {
  readonly options?: LongPollOptions;
  readonly socket?: SocketDefinition;
  readonly pathParams?: Readonly<Record<string, string>>;
  /** With what channels need. One of its own if left out. */
  readonly runtime?: Runtime;
}

/** A bare HTTP server that serves the clients of one mount that poll. No WebSocket gets through it. */
export class LongPollServer implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly #http: Server;
  readonly #tcp = new Set<TcpSocket>();
  /** Whether there may be new sessions. */
  open = true;

  private constructor(runtime: Runtime, http: Server) {
    this.runtime = runtime;
    this.#http = http;
    http.on("connection", (socket: TcpSocket) => this.#tcp.add(socket));
  }

  static async start({
    options = {},
    socket = roomSocket,
    pathParams = {},
    runtime,
  }: LongPollServerOptions = {}): Promise<LongPollServer> {
    const own = runtime ?? (await startRuntime());
    const mount = { runtime: own, socket, name: SOCKETS, pubsub: PUBSUB, secretKeyBase: SECRET, options };
    const transport = new LongPollTransport(mount);
    const serve = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
      const hungUp = new AbortController();
      response.once("close", () => hungUp.abort());
      const { status, headers, body } = await transport.serve({
        request: asked,
        body: await bodyOf(asked),
        isOpen: () => server.open,
        signal: hungUp.signal,
        pathParams,
      });
      response.writeHead(status, { ...headers }).end(body);
    };
    const http = createServer((asked, response) => void serve(asked, response));
    const server = new LongPollServer(own, http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.shutdown();
    for (const socket of this.#tcp) socket.destroy();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What came back, to the byte. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The client hangs up when it is aborted. */
  readonly signal?: AbortSignal;
}

/** One request, on a connection of its own. */
export function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body = "", signal }: HttpRequest = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", path, method, headers, agent: false };
    const sent = request(signal === undefined ? options : { ...options, signal }, (response) => {
      bodyOf(response).then((bytes) => {
        resolve({ status: response.statusCode!, headers: response.headers, body: bytes.toString() });
      }, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A request to a transport, or one that is on its way. */
export interface Served {
  /** What has come back, if anything has. */
  value(): Answered | undefined;
  hangUp(): void;
}

/** Hands a transport a request as if it had come over HTTP. */
export function serve(
  transport: LongPollTransport,
  method: "GET" | "POST",
  query: string,
  frames: readonly unknown[] = [],
): Served {
  const message = new IncomingMessage(new TcpSocket());
  message.method = method;
  message.url = `/socket/longpoll?vsn=2.0.0&${query}`;
  message.headers["content-type"] = "application/x-ndjson";
  const body = Buffer.from(frames.map((frame) => JSON.stringify(frame)).join("\n"));
  const hungUp = new AbortController();
  let answered: Answered | undefined;
  void transport
    .serve({ request: message, body, isOpen: () => true, signal: hungUp.signal })
    .then((response) => (answered = JSON.parse(response.body!) as Answered));
  return { value: () => answered, hangUp: () => hungUp.abort() };
}

/** What stands in the body of an answer. */
export interface Answered {
  readonly status: number;
  readonly token: string;
  readonly messages: readonly string[];
}

/** A client that polls, request by request. */
export class PollingClient {
  readonly #port: number;
  readonly #path: string;
  token = "";

  constructor(port: number, path: string = "/socket/longpoll?vsn=2.0.0") {
    this.#port = port;
    this.#path = path;
  }

  /** One that has a session. */
  static async connected(port: number, path?: string): Promise<PollingClient> {
    const client = new PollingClient(port, path);
    client.token = (await client.poll()).token;
    return client;
  }

  get url(): string {
    return this.token === "" ? this.#path : `${this.#path}&token=${encodeURIComponent(this.token)}`;
  }

  /** Other ports may serve the session as well. */
  async poll(port: number = this.#port, signal?: AbortSignal): Promise<Answered> {
    const answer = await ask(port, this.url, signal === undefined ? {} : { signal });
    return JSON.parse(answer.body) as Answered;
  }

  async post(frames: readonly unknown[], port: number = this.#port): Promise<number> {
    const body = frames
      .map((frame) =>
        frame instanceof Uint8Array ? Buffer.from(frame).toString("base64") : JSON.stringify(frame),
      )
      .join("\n");
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await ask(port, this.url, { method: "POST", headers, body });
    return (JSON.parse(answer.body) as Answered).status;
  }

  /** Polls until so many frames have come. */
  async frames(count: number): Promise<unknown[]> {
    const frames: unknown[] = [];
    while (frames.length < count) {
      const { messages } = await this.poll();
      frames.push(...messages.map((text): unknown => JSON.parse(text)));
    }
    return frames;
  }
}
