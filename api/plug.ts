import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SecurityScheme } from "./openapi/document.ts";

/**
 * One step before an action: looks at the request, may set something on it, and passes on by returning nothing. It halts
 * the pipeline, so that neither later plugs nor the action run, by sending a reply or by returning a failure such as
 * `{ error: "forbidden" }` for the action fallback. What it needs once it makes when it is built, not per request.
 */
export interface Plug {
  (request: FastifyRequest, reply: FastifyReply): unknown;
  /** The largest body, in bytes, that routes behind this plug accept: read when the route is made. */
  readonly bodyLimitBytes?: number;
  /** The statuses by which it refuses requests: what clients are told of the routes behind it. */
  readonly refuses?: readonly number[];
  /** How clients show it who they are. */
  readonly security?: PlugSecurity;
  /**
   * Readies an app for the plug: hooks, plugins of Fastify. Called before the first request, for each app whose requests go
   * through it; also more than once for the same.
   */
  readonly install?: (app: FastifyInstance) => unknown;
}

/** What works on a whole endpoint only, such as CORS, which has answers for routes that nobody has declared. */
export interface EndpointPlug {
  readonly install: (app: FastifyInstance) => unknown;
}

/** What a plug looks at to know who is there. It insists on it if it refuses with 401. */
export interface PlugSecurity {
  /** What the scheme is called: `bearerAuth`. */
  readonly name: string;
  /** A security scheme of OpenAPI: `{ type: "http", scheme: "bearer" }`. */
  readonly scheme: SecurityScheme;
}
