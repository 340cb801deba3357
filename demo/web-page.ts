import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

const pageFolder = fileURLToPath(new URL("web/", import.meta.url));
const clientFolder = dirname(fileURLToPath(import.meta.resolve("phoenix")));

/** The page loads nothing from elsewhere, and nothing that was written into it runs. */
const headers = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** Serves the page at `/` as it stands in its folder, with the official client of Phoenix channels beside it. */
export async function serveWebPage(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    root: pageFolder,
    wildcard: false,
    setHeaders: (reply) => void reply.headers(headers),
  });
  app.get("/vendor/phoenix.mjs", (_request, reply) => reply.sendFile("phoenix.mjs", clientFolder));
}
