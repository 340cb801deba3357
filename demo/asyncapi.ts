import type { FastifyInstance } from "fastify";
import { asyncapi, type SocketDefinition } from "rookery/channels";

const info = {
  title: "Rookery demo",
  version: "1.0.0",
  description:
    "The channels of /socket: chat in room:<id>, and what becomes of one's orders in orders:<user id>.",
};

/** Serves what is agreed on with the clients of a socket, at `/asyncapi.json`. */
export function serveAsyncApi(app: FastifyInstance, socket: SocketDefinition): void {
  const document = asyncapi(socket, info);
  app.get("/asyncapi.json", () => document);
}
