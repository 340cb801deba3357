import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { WebSocketTransport } from "../../channels/internal.ts";
import type { Runtime } from "../../runtime/index.ts";
import { errorJson } from "../error-json.ts";
import { refuseSocket } from "../render-errors.ts";
import type { CompleteEndpointOptions } from "./endpoint-options.ts";
import { matchPath } from "./path-pattern.ts";
import type { EndpointState } from "./running-endpoint.ts";

/** What a client is answered whose `connect` has thrown: as any request that fails. */
const FAILURE = {
  status: 500,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(errorJson(500)),
} as const;

/** The name under which the processes of the socket at `path` are supervised. */
export function socketName(options: CompleteEndpointOptions, path: string): string {
  return `${options.name}${path}`;
}

/** Serves the WebSockets of an endpoint: upgrade requests, and ordinary ones to their paths, which are refused. */
export function mountSockets(app: FastifyInstance, endpoint: EndpointState): void {
  const transports = makeTransports(endpoint.options, endpoint.runtime);
  const mounts = [...transports].map(([path, transport]) => ({ match: matchPath(path), transport }));
  app.server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const { url = "" } = request;
    const query = url.indexOf("?");
    const path = query === -1 ? url : url.slice(0, query);
    for (const { match, transport } of mounts) {
      const pathParams = match(path);
      if (pathParams === undefined) continue;
      if (endpoint.takesClients) return transport.upgrade(request, stream, head, pathParams);
      return refuse(stream, 503);
    }
    refuse(stream, 404);
  });
  // A scope of its own: whatever body comes with such a request, nobody reads it.
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, body, parsed) => {
      body.resume();
      parsed(null);
    });
    for (const [path, transport] of transports) {
      scope.all(path, (request, reply) => {
        const { status, headers = {}, body = "" } = transport.refusal(request.raw);
        return reply.code(status).headers(headers).type("text/plain; charset=utf-8").send(body);
      });
    }
    done();
  });
}

function refuse(stream: Duplex, status: number): void {
  stream.on("error", () => stream.destroy());
  refuseSocket(stream, status);
}

function makeTransports(options: CompleteEndpointOptions, runtime: Runtime): Map<string, WebSocketTransport> {
  const transports = new Map<string, WebSocketTransport>();
  for (const [path, { handler, websocket }] of Object.entries(options.sockets)) {
    if (websocket === false) continue;
    const transport = new WebSocketTransport({
      runtime,
      socket: handler,
      name: socketName(options, path),
      pubsub: options.pubsub,
      failure: FAILURE,
      ...(typeof websocket === "object" ? { options: websocket } : {}),
    });
    transports.set(path + transport.path, transport);
  }
  return transports;
}
