import { AssertionError } from "node:assert";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Plug } from "../plug.ts";
import type { Route } from "../router/route.ts";
import type { ConnAnswer, ConnExchange } from "./conn-exchange.ts";
import { requestParts } from "./conn-params.ts";
import { cookiesAfter, type SetCookie, setCookiesOf } from "./cookie-jar.ts";
import { testingError } from "./errors.ts";

/** What a client says of itself with each of its requests. */
const RECYCLED_HEADERS = ["accept", "accept-language", "authorization"];
/** Whom a request is for if it does not say so. */
const HOST = "localhost";
const REMOTE_IP = "127.0.0.1";

/** Where the requests of a conn go. */
export interface ConnTarget {
  readonly exchange: ConnExchange;
  /** The app that serves now: of a killed endpoint, its successor's. */
  app(): FastifyInstance;
  /** An app with the same endpoint in which only pipelines run. */
  bypassed(plugs: readonly Plug[] | undefined): () => Promise<FastifyInstance>;
  /** The path variables of a path, by the routes of the endpoint. */
  paramsOf(method: string, path: string, host: string): Readonly<Record<string, string>> | undefined;
}

interface ConnState {
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: ReadonlyMap<string, string>;
  readonly session: Readonly<Record<string, unknown>> | undefined;
  readonly csrfProtected: boolean;
  readonly remoteIp: string;
  readonly app: () => FastifyInstance | Promise<FastifyInstance>;
}

/**
 * A client of an endpoint in the hands of a test, without a network: what it will send, and the answer to what it has sent. `Plug.Conn` as
 * `Phoenix.ConnTest` has it. Never changed: everything answers a new one.
 *
 * One that has its answer goes on as a browser does: the next request has the cookies that were set, and of the headers `accept`,
 * `accept-language` and `authorization` (see `recycle`).
 */
export class Conn {
  readonly #target: ConnTarget;
  readonly #state: ConnState;
  readonly #answer: ConnAnswer | undefined;

  /** @internal */
  constructor(target: ConnTarget, state?: ConnState, answer?: ConnAnswer) {
    this.#target = target;
    this.#state = state ?? {
      headers: new Map(),
      cookies: new Map(),
      session: undefined,
      csrfProtected: false,
      remoteIp: REMOTE_IP,
      app: () => target.app(),
    };
    this.#answer = answer;
  }

  /** `params` become the query. */
  get(path: string, params?: object): Promise<Conn> {
    return this.dispatch("GET", path, params);
  }

  /** `params` become the query. */
  head(path: string, params?: object): Promise<Conn> {
    return this.dispatch("HEAD", path, params);
  }

  /** `params` become the body: JSON, or a form under that content type; text and bytes as they are. */
  post(path: string, params?: unknown): Promise<Conn> {
    return this.dispatch("POST", path, params);
  }

  put(path: string, params?: unknown): Promise<Conn> {
    return this.dispatch("PUT", path, params);
  }

  patch(path: string, params?: unknown): Promise<Conn> {
    return this.dispatch("PATCH", path, params);
  }

  delete(path: string, params?: unknown): Promise<Conn> {
    return this.dispatch("DELETE", path, params);
  }

  options(path: string): Promise<Conn> {
    return this.dispatch("OPTIONS", path);
  }

  /**
   * Sends a request of any method, and resolves when it is answered and its line is in the log. What an action throws is answered as in
   * production, and shown by the assertion that does not expect that. `dispatch/5`.
   */
  async dispatch(method: string, path: string, params?: unknown): Promise<Conn> {
    const state = this.#unanswered();
    const { headers, cookies, session, csrfProtected, remoteIp, app } = state;
    const { url, body, contentType } = requestParts(method, path, params, headers.get("content-type"));
    const sent = new Map(headers);
    if (contentType !== undefined) sent.set("content-type", contentType);
    if (cookies.size > 0 && !sent.has("cookie"))
      sent.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const answer = await this.#target.exchange.send(await app(), {
      method,
      url,
      headers: Object.fromEntries(sent),
      body,
      session,
      csrfProtected,
      remoteIp,
    });
    return new Conn(this.#target, { ...state, session: undefined }, answer);
  }

  /** Throws for a name that is not in lower case. `put_req_header/3`. */
  putReqHeader(name: string, value: string): Conn {
    if (name !== name.toLowerCase()) throw testingError("ROOKERY_TEST_HEADER", name);
    const state = this.#unanswered();
    return this.#with({ headers: new Map(state.headers).set(name, value) });
  }

  /** `delete_req_header/2`. */
  deleteReqHeader(name: string): Conn {
    const headers = new Map(this.#unanswered().headers);
    headers.delete(name);
    return this.#with({ headers });
  }

  /** As it would stand in the header. `put_req_cookie/3`. */
  putReqCookie(name: string, value: string): Conn {
    return this.#with({ cookies: new Map(this.#unanswered().cookies).set(name, value) });
  }

  /** `delete_req_cookie/2`. */
  deleteReqCookie(name: string): Conn {
    const cookies = new Map(this.#unanswered().cookies);
    cookies.delete(name);
    return this.#with({ cookies });
  }

  /** The address that requests come from, as `request.ip` shows it. */
  putRemoteIp(address: string): Conn {
    return this.#with({ remoteIp: address });
  }

  /** Shows a bearer token with all requests from now on. */
  putBearer(token: string): Conn {
    return this.putReqHeader("authorization", `Bearer ${token}`);
  }

  /**
   * Puts data into the session of the next request, as soon as the session plug of its route has fetched it; the answer sets the
   * cookie, so those that follow have it, too. `init_test_session/2`.
   */
  initTestSession(data: Readonly<Record<string, unknown>>): Conn {
    return this.#with({ session: { ...this.#unanswered().session, ...data } });
  }

  /** Makes `protectFromForgery` ask the next requests for a token, which it does not of a test. `plug_skip_csrf_protection`. */
  withCsrfProtection(): Conn {
    return this.#with({ csrfProtected: true });
  }

  /**
   * The client after its answer: from where it is, with the cookies that it holds now, and those headers that it sends each time. Done by itself when a
   * conn that has an answer is used again. `recycle/2`.
   */
  recycle(headers: readonly string[] = RECYCLED_HEADERS): Conn {
    const { headers: sent, cookies } = this.#state;
    const kept = [...sent].filter(([name]) => name === "host" || headers.includes(name));
    const after = this.#answer === undefined ? cookies : cookiesAfter(cookies, this.#answer.setCookies);
    const state = { ...this.#state, headers: new Map(kept), cookies: after, session: undefined };
    return new Conn(this.#target, state);
  }

  /**
   * Lets the next requests go through the endpoint and the pipelines of their routes, or through `plugs` whatever the path, but not to
   * the action: 204 if nothing has halted, and `request` shows what was set. `bypass_through/3`.
   */
  bypassThrough(plugs?: readonly Plug[]): Conn {
    return this.#with({ app: this.#target.bypassed(plugs) });
  }

  /** The variables that a path has by the routes of the endpoint. Throws if none leads there. `path_params/2`. */
  pathParams(path: string, method: string = "GET"): Readonly<Record<string, string>> {
    const params = this.#target.paramsOf(method, path, this.#state.headers.get("host") ?? HOST);
    if (params !== undefined) return params;
    throw new AssertionError({ message: `Expected a route for ${method} ${path}, got none` });
  }

  /** Whether it has an answer. */
  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  get status(): number {
    return this.answer.status;
  }

  /** The body of the answer, as text. */
  get respBody(): string {
    return this.answer.body;
  }

  /** `get_resp_header/2`; several of one name are joined by commas. */
  getRespHeader(name: string): string | undefined {
    return this.answer.headers.get(name);
  }

  /** The cookies that the answer sets. */
  get respCookies(): ReadonlyMap<string, SetCookie> {
    return setCookiesOf(this.answer.setCookies);
  }

  /** The request as plugs and action have left it: `currentUser`, `format`, its session. The assigns of `Plug.Conn`. */
  get request(): FastifyRequest {
    return this.answer.request;
  }

  /** The route that matched. */
  get route(): Route | undefined {
    return this.answer.route;
  }

  /** @internal Throws if there is none. */
  get answer(): ConnAnswer {
    if (this.#answer !== undefined) return this.#answer;
    throw new AssertionError({ message: "Expected a conn with an answer, got one that has sent no request" });
  }

  /** What the next request is made of. */
  #unanswered(): ConnState {
    return this.#answer === undefined ? this.#state : this.recycle().#state;
  }

  #with(part: Partial<ConnState>): Conn {
    return new Conn(this.#target, { ...this.#unanswered(), ...part });
  }
}
