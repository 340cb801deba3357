import type { FastifyReply, FastifyRequest } from "fastify";
import { EXPIRED, expectCookieSize, isSecure } from "../cookies.ts";
import { apiError } from "../errors.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { CompleteSessionOptions } from "./session-options.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** @internal What the session plug has put there. */
    fetchedSession: Session | undefined;
  }
}

/** What happens with the cookie when the answer is sent. */
export const SessionFate = { Keep: 0, Write: 1, Renew: 2, Drop: 3, Ignore: 4 } as const;
export type SessionFate = (typeof SessionFate)[keyof typeof SessionFate];

/** The session of one request: read when it is first asked for, written with the answer if it has changed. */
export class Session {
  readonly #options: CompleteSessionOptions;
  readonly #cookie: SessionCookie;
  readonly #value: string | undefined;
  #data: Map<string, unknown> | undefined = undefined;
  #fate: SessionFate = SessionFate.Keep;

  constructor(options: CompleteSessionOptions, cookie: SessionCookie, value: string | undefined) {
    this.#options = options;
    this.#cookie = cookie;
    this.#value = value;
  }

  /** The name of its cookie. */
  get key(): string {
    return this.#options.key;
  }

  get data(): ReadonlyMap<string, unknown> {
    return this.#read();
  }

  put(key: string, value: unknown): void {
    const data = this.#read();
    // An object may have been changed in place since it was read.
    const isObject = typeof value === "object" && value !== null;
    if (!isObject && data.has(key) && Object.is(data.get(key), value)) return;
    data.set(key, value);
    this.#touch();
  }

  delete(key: string): void {
    if (this.#read().delete(key)) this.#touch();
  }

  clear(): void {
    const data = this.#read();
    if (data.size === 0) return;
    data.clear();
    this.#touch();
  }

  /** The last word wins, unless it was Ignore; what is put later changes nothing about it. */
  decide(fate: SessionFate): void {
    if (this.#fate !== SessionFate.Ignore) this.#fate = fate;
  }

  write(reply: FastifyReply): void {
    // An error of the server is no answer of the action: what it was about to change has not happened.
    if (reply.statusCode >= 500) return;
    if (this.#fate === SessionFate.Keep || this.#fate === SessionFate.Ignore) return;
    const data = this.#read();
    if (this.#fate === SessionFate.Drop || data.size === 0) {
      if (this.#value !== undefined) this.#set(reply, "", { maxAge: 0, expires: EXPIRED });
    } else this.#set(reply, this.#cookie.seal(data), {});
  }

  #read(): Map<string, unknown> {
    if (this.#data === undefined) {
      const opened = this.#value === undefined ? undefined : this.#cookie.open(this.#value);
      this.#data = opened?.data ?? new Map();
      if (opened?.isOutdated === true) this.#touch();
    }
    return this.#data;
  }

  #touch(): void {
    if (this.#fate === SessionFate.Keep) this.#fate = SessionFate.Write;
  }

  #set(reply: FastifyReply, value: string, more: { maxAge?: number; expires?: Date }): void {
    const { key, attributes, secure } = this.#options;
    const own = { ...attributes, secure: isSecure(reply.request, secure) };
    const text = reply.server.serializeCookie(key, value, { ...own, ...more });
    expectCookieSize(key, text);
    reply.header("set-cookie", text);
  }
}

/** What the session of a request holds under `key`; undefined for nothing. `Plug.Conn.get_session/2`. */
export function getSession(request: FastifyRequest, key: string): unknown {
  return sessionOf(request).data.get(key);
}

/**
 * Keeps `value` for the requests to come: plain data (numbers, strings, null, booleans, arrays, objects), small, since all of it
 * travels with each request. The answer sets the cookie; one of 500 and above does not. `Plug.Conn.put_session/3`.
 */
export function putSession(request: FastifyRequest, key: string, value: unknown): void {
  sessionOf(request).put(key, value);
}

/** `Plug.Conn.delete_session/2`. */
export function deleteSession(request: FastifyRequest, key: string): void {
  sessionOf(request).delete(key);
}

/** Forgets all that the session holds. `Plug.Conn.clear_session/1`. */
export function clearSession(request: FastifyRequest): void {
  sessionOf(request).clear();
}

/**
 * Decides what happens with the session when the answer is sent, whatever was put into it: `renew` makes the cookie anew, `drop`
 * tells the browser to forget it, `ignore` leaves it as the browser has it, and is final. `Plug.Conn.configure_session/2`.
 */
export function configureSession(request: FastifyRequest, fate: "renew" | "drop" | "ignore"): void {
  const fates = { renew: SessionFate.Renew, drop: SessionFate.Drop, ignore: SessionFate.Ignore };
  sessionOf(request).decide(fates[fate]);
}

function sessionOf(request: FastifyRequest): Session {
  const session = request.fetchedSession;
  if (session === undefined) throw apiError("ROOKERY_NO_SESSION", request.routeOptions.url);
  return session;
}
