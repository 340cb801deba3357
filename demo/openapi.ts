import type { FastifyInstance } from "fastify";
import { openApi, type Router } from "rookery/api";

const info = {
  title: "Rookery demo",
  version: "1.0.0",
  description: "A shop with rooms to chat in. Sign up, sign in, and show the token that you get.",
};

/** Serves what is agreed on with the clients of a router, at `/openapi.json`. */
export function serveOpenApi(app: FastifyInstance, router: Router): void {
  const document = openApi(router, { info });
  app.get("/openapi.json", () => document);
}
