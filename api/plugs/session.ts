import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { installCookies, parsedCookies } from "../cookies.ts";
import { endpointSecret } from "../endpoint/endpoint-token.ts";
import type { RunningEndpoint } from "../endpoint/running-endpoint.ts";
import { apiError } from "../errors.ts";
import type { Plug } from "../plug.ts";
import { SessionCookie } from "../session/session-cookie.ts";
import { completeSessionOptions, type SessionOptions } from "../session/session-options.ts";
import { Session } from "../session/session.ts";

/** The plug that `session` makes, which sockets may ask, too: `Plug.Session`. */
export interface SessionPlug extends Plug {
  /**
   * Reads the session that a request belongs to, for the `connectInfo` of a socket: an object, or undefined if there is none. Only
   * in an endpoint whose router, or plugs, have this session.
   */
  readonly read: (request: IncomingMessage) => Readonly<Record<string, unknown>> | undefined;
}

/**
 * Keeps a session in a signed or encrypted cookie: `getSession`, `putSession` and so on, in what comes behind it. A cookie that
 * was changed, or is too old, is an empty session. Needs the `secretKeyBase` of the endpoint. `Plug.Session` with its cookie store,
 * and `fetch_session`. Brings cookies along: `getCookie`, `putCookie`.
 *
 * ```ts
 * const browserSession = session({ key: "_shop", encryptionSalt: "shop session" });
 * route.pipeline("browser", [accepts("json"), browserSession, protectFromForgery()]);
 * ```
 */
export function session(options: SessionOptions): SessionPlug {
  const complete = completeSessionOptions(options);
  // By endpoint: a request may be of a scope within the app, which has another instance.
  const cookies = new WeakMap<RunningEndpoint, SessionCookie>();
  const installed = new WeakSet<FastifyInstance>();
  let latest: { readonly app: FastifyInstance; readonly cookie: SessionCookie } | undefined;

  const fetchSession = (request: FastifyRequest): undefined => {
    const { server } = request;
    // Fetched anew, by a router that is forwarded to, it would be as the client sent it, whatever was decided about it before.
    if (request.fetchedSession?.key === complete.key) return;
    const value = parsedCookies(request)[complete.key];
    request.fetchedSession = new Session(complete, cookies.get(server.endpoint)!, value);
  };

  const install = (app: FastifyInstance): void => {
    if (installed.has(app)) return;
    installed.add(app);
    const cookie = new SessionCookie(complete, endpointSecret(app.endpoint, `the session ${complete.key}`));
    cookies.set(app.endpoint, cookie);
    latest = { app, cookie };
    if (app.hasRequestDecorator("fetchedSession")) return;
    app.decorateRequest("fetchedSession", undefined);
    app.addHook("onSend", (request, reply, payload, done) => {
      try {
        request.fetchedSession?.write(reply);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, payload);
    });
    installCookies(app);
  };

  const read: SessionPlug["read"] = (request) => {
    if (latest === undefined) throw apiError("ROOKERY_NO_SESSION", request.url);
    const value = latest.app.parseCookie(request.headers.cookie ?? "")[complete.key];
    const opened = value === undefined ? undefined : latest.cookie.open(value);
    return opened === undefined ? undefined : Object.fromEntries(opened.data);
  };

  const scheme = { type: "apiKey", in: "cookie", name: complete.key } as const;
  return Object.assign(fetchSession, { install, read, security: { name: "session", scheme } });
}
