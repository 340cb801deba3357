import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";

/** Who makes a request. The `id` stands in the log as `user_id`. */
export interface CurrentUser {
  readonly id: string | number;
}

declare module "fastify" {
  interface FastifyRequest {
    currentUser: CurrentUser | undefined;
  }
}

export interface BearerAuth<User extends CurrentUser> extends Plug {
  /** The user that this plug has let pass, with its own type. Throws for a route that does not go through the plug. */
  currentUser(request: FastifyRequest): User;
}

/** RFC 6750: `b64token`. */
const BEARER = /^bearer +([\w~+/.-]+=*) *$/i;

/**
 * Lets pass whoever shows a token (`authorization: Bearer …`) for which `verify` returns a user, and sets
 * `request.currentUser`; the others are answered with 401. What `verify` throws is an error of the server.
 */
export function bearerAuth<User extends CurrentUser>(
  verify: (token: string, request: FastifyRequest) => User | undefined | Promise<User | undefined>,
): BearerAuth<User> {
  const requireAuth = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
    const user = token === undefined ? undefined : await verify(token, request);
    if (user === undefined) {
      reply.header("www-authenticate", "Bearer");
      return { error: "unauthorized" };
    }
    request.currentUser = user;
    return undefined;
  };
  const currentUser = (request: FastifyRequest): User => {
    if (request.currentUser === undefined)
      throw apiError("ROOKERY_NO_CURRENT_USER", request.routeOptions.url);
    return request.currentUser as User;
  };
  return Object.assign(requireAuth, { currentUser });
}
