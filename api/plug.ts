import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * One step before an action: looks at the request, may set something on it, and passes on by returning nothing. It halts
 * the pipeline, so that neither later plugs nor the action run, by sending a reply or by returning a failure such as
 * `{ error: "forbidden" }` for the action fallback. What it needs once it makes when it is built, not per request.
 */
export interface Plug {
  (request: FastifyRequest, reply: FastifyReply): unknown;
  /** The largest body, in bytes, that routes behind this plug accept: read when the route is made. */
  readonly bodyLimitBytes?: number;
}
