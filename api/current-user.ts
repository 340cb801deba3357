import type { FastifyRequest } from "fastify";
import { apiError } from "./errors.ts";

/** Who makes a request. The `id` stands in the log as `user_id`. */
export interface CurrentUser {
  readonly id: string | number;
}

declare module "fastify" {
  interface FastifyRequest {
    currentUser: CurrentUser | undefined;
  }
}

/** What a plug that asks who the user is may be told. */
export interface AuthOptions {
  /** Also lets pass whoever is not known, as nobody: what comes behind looks at `request.currentUser`. Default: false. */
  readonly optional?: boolean;
}

/** The user that an auth plug has let pass. Throws ROOKERY_NO_CURRENT_USER for a route that does not go through one. */
export function currentUserOf(request: FastifyRequest): CurrentUser {
  if (request.currentUser === undefined) throw apiError("ROOKERY_NO_CURRENT_USER", request.routeOptions.url);
  return request.currentUser;
}
