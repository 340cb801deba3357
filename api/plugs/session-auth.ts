import type { FastifyRequest } from "fastify";
import { type AuthOptions, type CurrentUser, currentUserOf } from "../current-user.ts";
import type { Plug } from "../plug.ts";
import { clearSession, configureSession, getSession, putSession } from "../session/session.ts";

const SESSION_KEY = "user";

/** The plug that `sessionAuth` makes: it lets pass the user of the session, and logs users in and out. */
export interface SessionAuth<User extends CurrentUser> extends Plug {
  /** The user that this plug has let pass, with its own type. Throws for a route that does not go through the plug. */
  currentUser(request: FastifyRequest): User;
  /**
   * Makes `user` the one of the session, which holds nothing else from then on: whatever somebody has slipped into it before is gone.
   * `credential` is what `loadUser` gets back; the id of the user if left out, or a token that can be taken back.
   */
  logIn(request: FastifyRequest, user: User, credential?: string | number): void;
  /** Ends the session: the browser forgets the cookie. A copy of it is still good, unless `loadUser` knows better. */
  logOut(request: FastifyRequest): void;
}

/**
 * Lets pass whoever has logged in, in a session for whose credential `loadUser` returns a user, and sets `request.currentUser`; the
 * others are answered with 401, unless it is `optional`. Stands behind the `session` plug; somebody whom a plug before this one knows
 * passes as well, so tokens and sessions can be had side by side. No page of others can show a token, so whoever has needs none
 * against forgery:
 *
 * ```ts
 * const byToken = bearerAuth((token) => accounts.userOfToken(token), { optional: true });
 * const unforged = protectFromForgery({ skip: (request) => request.currentUser !== undefined });
 * const bySession = sessionAuth((id) => accounts.find(id));
 * route.pipeline("private", [browserSession, byToken, unforged, bySession]);
 * ```
 */
export function sessionAuth<User extends CurrentUser>(
  loadUser: (
    credential: string | number,
    request: FastifyRequest,
  ) => User | undefined | Promise<User | undefined>,
  { optional = false }: AuthOptions = {},
): SessionAuth<User> {
  const requireAuth = async (request: FastifyRequest): Promise<unknown> => {
    if (request.currentUser !== undefined) return undefined;
    const credential = getSession(request, SESSION_KEY);
    if (typeof credential === "string" || typeof credential === "number")
      request.currentUser = await loadUser(credential, request);
    return request.currentUser === undefined && !optional ? { error: "unauthorized" } : undefined;
  };

  return Object.assign(requireAuth, {
    refuses: optional ? [] : [401],
    currentUser: (request: FastifyRequest): User => currentUserOf(request) as User,
    logIn: (request: FastifyRequest, user: User, credential: string | number = user.id): void => {
      clearSession(request);
      putSession(request, SESSION_KEY, credential);
      configureSession(request, "renew");
      request.currentUser = user;
    },
    logOut: (request: FastifyRequest): void => {
      clearSession(request);
      configureSession(request, "drop");
      request.currentUser = undefined;
    },
  });
}
