import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { WebSocketTransport } from "../../channels/internal.ts";
import type { Runtime } from "../../runtime/index.ts";
import { refuseSocket } from "../render-errors.ts";
import type { CompleteEndpointOptions } from "./endpoint-options.ts";
import type { EndpointState } from "./running-endpoint.ts";

/** The name under which the processes of the socket at `path` are supervised. */
export function socketName(options: CompleteEndpointOptions, path: string): string {
  return `${options.name}${path}`;
}

/** Serves the WebSockets of an endpoint: upgrade requests, and ordinary ones to their paths, which are refused. */
export function mountSockets(app: FastifyInstance, endpoint: EndpointState): void {
  const transports = makeTransports(endpoint.options, endpoint.runtime);
  app.server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const transport = transports.get(request.url?.split("?", 1)[0] ?? "");
    if (transport !== undefined && !endpoint.draining) return void transport.upgrade(request, stream, head);
    stream.on("error", () => stream.destroy());
    refuseSocket(stream, transport === undefined ? 404 : 503);
  });
  for (const [path, transport] of transports) {
    app.get(path, (request, reply) => {
      const { status, headers = {}, body = "" } = transport.refusal(request.raw);
      return reply.code(status).headers(headers).type("text/plain; charset=utf-8").send(body);
    });
  }
}

function makeTransports(options: CompleteEndpointOptions, runtime: Runtime): Map<string, WebSocketTransport> {
  const transports = new Map<string, WebSocketTransport>();
  for (const [path, { handler, websocket }] of Object.entries(options.sockets)) {
    const transport = new WebSocketTransport({
      runtime,
      socket: handler,
      name: socketName(options, path),
      pubsub: options.pubsub,
      ...(typeof websocket === "object" ? { options: websocket } : {}),
    });
    transports.set(path + transport.path, transport);
  }
  return transports;
}
