import type { FastifyInstance } from "fastify";
import type { Pid, Runtime } from "../../runtime/index.ts";
import { expectOptions, serverInstance } from "../../runtime/internal.ts";
import type { CapturedLog } from "../../runtime/testing.ts";
import type { ChildSpec } from "../../supervisors/index.ts";
import { Acceptor } from "../endpoint/acceptor.ts";
import { defineEndpoint, Endpoint } from "../endpoint/endpoint.ts";
import { Router } from "../router/router.ts";
import { Conn } from "./conn.ts";
import { ConnExchange } from "./conn-exchange.ts";
import { EndpointTarget } from "./endpoint-target.ts";
import {
  DATA_CASE_OPTIONS,
  type DataCase,
  type DataCaseOptions,
  type DataParts,
  startDataCase,
} from "./data-case.ts";
import { testingError } from "./errors.ts";
import type { Factory } from "./factory.ts";
import type { SandboxedRepo } from "./own-database.ts";

/** What the tests of `connCase` have beside those of `dataCase`: an endpoint to ask, and how users log in. */
export interface ConnCaseOptions<R extends SandboxedRepo | undefined, User> extends DataCaseOptions<R> {
  /** Serves the requests; it does not listen. Or the name of one that `children` start with `server: false`. */
  readonly endpoint?: Endpoint | string | ((parts: DataParts<R>) => Endpoint);
  /** In the place of an endpoint: one is made for it. */
  readonly router?: Router | ((parts: DataParts<R>) => Router);
  /** For the endpoint that is made for a router: signs its sessions. */
  readonly secretKeyBase?: string;
  /** Makes requests those of a user, by `putBearer` or `initTestSession`: what `logInAs` does. */
  readonly logIn?: (conn: Conn, user: User, parts: DataParts<R>) => Conn;
}

const OPTIONS = [...DATA_CASE_OPTIONS, "endpoint", "router", "secretKeyBase", "logIn"];
/** Of a test: no secret. */
const SECRET_KEY_BASE = "signs what clients of tests are given to keep, and nothing else";

/** A test of an endpoint without a network. Made by `connCase`. */
export class ConnCase<R, User> implements AsyncDisposable {
  /** A client that has sent nothing yet. */
  readonly conn: Conn;
  readonly runtime: Runtime;
  /** Undefined if the case was given none. */
  readonly repo: R;
  /** The path or URL of the test's database; `""` without a repo. */
  readonly database: string;
  /** What the test's runtime logs, from `info` up: a line for each request among it. */
  readonly log: CapturedLog;
  /** Makes a client's requests those of `user`, as the option `logIn` says. */
  readonly logInAs: (conn: Conn, user: User) => Conn;
  readonly #data: DataCase<R>;
  readonly #target: EndpointTarget;

  /** @internal */
  constructor(
    data: DataCase<R>,
    target: EndpointTarget,
    logIn: ((conn: Conn, user: User) => Conn) | undefined,
  ) {
    this.#data = data;
    this.#target = target;
    this.conn = new Conn(target);
    this.runtime = data.runtime;
    this.repo = data.repo;
    this.database = data.database;
    this.log = data.log;
    this.logInAs =
      logIn ??
      (() => {
        throw testingError("ROOKERY_TEST_OPTION", "logIn, which logInAs needs,", "connCase", undefined);
      });
  }

  /** Makes rows, as its definitions say, in the test's repo. */
  get factory(): Factory {
    return this.#data.factory;
  }

  /** As that of a DataCase. */
  startSupervised = (spec: ChildSpec): Promise<Pid> => this.#data.startSupervised(spec);

  /** Ends all that was started for the test, and drops its database. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#target[Symbol.asyncDispose]();
    } finally {
      await this.#data[Symbol.asyncDispose]();
    }
  }
}

/**
 * Starts an endpoint, or a router in one, for one test: with a runtime and, if `repo` is given, a database of the test's own, and
 * no port. `ConnCase` of a Phoenix application. Dispose of it at the end (`await using`), or hand in `onTestFinished`.
 * @example
 * ```ts doctest
 * class PingController {
 *   show({ query }) { return { pong: query.n }; }
 * }
 * const router = defineRouter((route) => route.get("/ping", PingController, "show"));
 *
 * const it = await connCase({ router });
 * jsonResponse(await it.conn.get("/ping", { n: 1 }), 200); // => { pong: "1" }
 * const sent = await assertErrorSent(404, () => it.conn.get("/pong"));
 * sent.status; // => 404
 * await it[Symbol.asyncDispose]();
 * ```
 */
export async function connCase<R extends SandboxedRepo | undefined = undefined, User = never>(
  options: ConnCaseOptions<R, User>,
): Promise<ConnCase<R, User>> {
  expectOptions("connCase", OPTIONS, options);
  const { endpoint: serving, router, logIn, secretKeyBase = SECRET_KEY_BASE, ...dataOptions } = options;
  if ((serving === undefined) === (router === undefined))
    throw testingError("ROOKERY_TEST_OPTION", "an endpoint or a router", "connCase", {
      endpoint: serving,
      router,
    });
  let name = typeof serving === "string" ? serving : "";
  let parts!: DataParts<R>;
  const data = await startDataCase<R>(dataOptions, (made) => {
    parts = made;
    if (typeof serving === "string") return [];
    const endpoint =
      serving === undefined
        ? defineEndpoint({ router: router instanceof Router ? router : router!(made), secretKeyBase })
        : serving instanceof Endpoint
          ? serving
          : serving(made);
    name = endpoint.name;
    return [endpoint.childSpec({ server: false })];
  });
  const app = (): FastifyInstance => {
    const acceptor = serverInstance(data.runtime, `${name}.acceptor`, Acceptor);
    if (acceptor === undefined) throw testingError("ROOKERY_TEST_ENDPOINT", name);
    return acceptor.app;
  };
  const it = new ConnCase<R, User>(
    data,
    new EndpointTarget(new ConnExchange(), app),
    logIn === undefined ? undefined : (conn, user) => logIn(conn, user, parts),
  );
  try {
    app();
  } catch (error) {
    await it[Symbol.asyncDispose]();
    throw error;
  }
  options.onTestFinished?.(() => it[Symbol.asyncDispose]());
  return it;
}
