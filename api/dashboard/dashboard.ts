import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { defineSocket, error, ok } from "../../channels/index.ts";
import type { ChildSpec } from "../../supervisors/index.ts";
import type { SocketMount } from "../endpoint/endpoint-options.ts";
import type { EndpointState } from "../endpoint/running-endpoint.ts";
import type { ChaosKit } from "./chaos-kit.ts";
import { DashboardChannel } from "./dashboard-channel.ts";
import { type DashboardOptions, isToken } from "./dashboard-options.ts";
import { newSession, sessionEnd } from "./dashboard-session.ts";
import { Observer } from "./observer.ts";
import { observerName } from "./observers.ts";
import { WrongTokens } from "./wrong-tokens.ts";

const PATH = "/dashboard";
/** A question is short, but for a script of chaos. */
const FRAME_SIZE_MAX = 65_536;

const pageFolder = fileURLToPath(new URL("web/", import.meta.url));

/** The page loads nothing from elsewhere, and nothing that was written into it runs. */
const HEADERS = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** Where the page of an endpoint called `name` is connected. */
export function dashboardSockets(options: DashboardOptions, name: string): Record<string, SocketMount> {
  const { checkOrigin = true, chaos } = options;
  const assigns = { observer: observerName(name), chaos: chaos !== undefined };
  const handler = defineSocket({
    name: "Dashboard",
    channels: [["dashboard", DashboardChannel, { assigns }]],
    connect(_params, socket, { auth_token: session }) {
      const endMs = sessionEnd(options, session, socket.runtime.clock);
      return endMs === undefined ? error() : ok(socket.expireAt(endMs));
    },
  });
  const websocket = { authToken: true, checkOrigin, maxFrameSize: FRAME_SIZE_MAX };
  return { [`${PATH}/socket`]: { handler, websocket } };
}

/** The observer of an endpoint: a process that sleeps until a page asks. With a kit it lets chaos begin. */
export function observerChild(name: string, chaos: ChaosKit | undefined): ChildSpec {
  const observer = observerName(name);
  return { id: "observer", name: observer, nameScope: "shard", start: [Observer, chaos] };
}

/** Serves the page at `/dashboard`, and gives whoever shows the token a session. */
export function mountDashboard(app: FastifyInstance, endpoint: EndpointState): void {
  const { dashboard } = endpoint.options;
  if (dashboard === false) return;
  const { logger, clock } = endpoint.runtime;
  const wrong = new WrongTokens(clock);
  app.register(async (scope) => {
    scope.addHook("onRequest", (_request, reply, done) => {
      reply.headers(HEADERS);
      done();
    });
    await scope.register(fastifyStatic, { root: pageFolder, prefix: PATH, wildcard: false });
    for (const [path, [name, folder]] of Object.entries(vendorFiles()))
      scope.get(`${PATH}/vendor/${path}`, (_request, reply) => reply.sendFile(name, folder));
    scope.post(`${PATH}/session`, (request, reply) => {
      const waitS = wrong.waitS(request.ip);
      if (waitS !== undefined)
        return reply
          .code(429)
          .header("retry-after", waitS)
          .send({ errors: { detail: "Too Many Requests" } });
      const given = (request.body as { readonly token?: unknown } | null | undefined)?.token;
      if (isToken(dashboard, given)) return { session: newSession(dashboard, clock) };
      wrong.add(request.ip);
      logger.warn({ ip: request.ip }, "Dashboard: somebody has shown a wrong token");
      return unauthorized(reply);
    });
    scope.get(`${PATH}/session`, (request, reply) =>
      sessionEnd(dashboard, bearerOf(request), clock) === undefined
        ? unauthorized(reply)
        : reply.code(204).send(),
    );
  });
}

function unauthorized(reply: FastifyReply): FastifyReply {
  return reply.code(401).send({ errors: { detail: "Unauthorized" } });
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

/** By their paths: the files of packages that the page needs, and where they are. */
function vendorFiles(): Readonly<Record<string, readonly [name: string, folder: string]>> {
  const uplot = dirname(fileURLToPath(import.meta.resolve("uplot")));
  return {
    "phoenix.mjs": ["phoenix.mjs", dirname(fileURLToPath(import.meta.resolve("phoenix")))],
    "uplot.js": ["uPlot.esm.js", uplot],
    "uplot.css": ["uPlot.min.css", uplot],
  };
}
