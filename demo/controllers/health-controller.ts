import type { FastifyRequest } from "fastify";
import type { Failure } from "rookery/api";

/** Tells a load balancer whether to send requests here. */
export class HealthController {
  show({ server }: FastifyRequest): { readonly status: "ok" } | Failure {
    return server.endpoint.draining ? { error: "service_unavailable" } : { status: "ok" };
  }
}
