import type { FastifyReply, FastifyRequest } from "fastify";
import { type AuthOptions, type CurrentUser, currentUserOf } from "../current-user.ts";
import type { Plug } from "../plug.ts";

/** The plug that `bearerAuth` makes: it lets pass who shows a token, and knows who that is. */
export interface BearerAuth<User extends CurrentUser> extends Plug {
  /** The user that this plug has let pass, with its own type. Throws for a route that does not go through the plug. */
  currentUser(request: FastifyRequest): User;
}

const SECURITY = { name: "bearerAuth", scheme: { type: "http", scheme: "bearer" } } as const;

/** RFC 6750: `b64token`. */
const BEARER = /^bearer +([\w~+/.-]+=*) *$/i;

/**
 * Lets pass whoever shows a token (`authorization: Bearer …`) for which `verify` returns a user, and sets
 * `request.currentUser`; the others are answered with 401, unless it is `optional`. What `verify` throws is an error of the
 * server. Somebody whom a plug before this one knows passes as well.
 */
export function bearerAuth<User extends CurrentUser>(
  verify: (token: string, request: FastifyRequest) => User | undefined | Promise<User | undefined>,
  { optional = false }: AuthOptions = {},
): BearerAuth<User> {
  const requireAuth = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const token = BEARER.exec(request.headers.authorization ?? "")?.[1];
    const user = token === undefined ? undefined : await verify(token, request);
    if (user !== undefined) request.currentUser = user;
    if (request.currentUser !== undefined || optional) return undefined;
    reply.header("www-authenticate", "Bearer");
    return { error: "unauthorized" };
  };
  const currentUser = (request: FastifyRequest): User => currentUserOf(request) as User;
  return Object.assign(requireAuth, { currentUser, security: SECURITY, refuses: optional ? [] : [401] });
}
