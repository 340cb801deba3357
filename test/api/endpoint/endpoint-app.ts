import type { FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import { buildApp } from "../../../api/endpoint/app.ts";
import {
  completeEndpointOptions,
  completeListenOptions,
  type EndpointOptions,
} from "../../../api/endpoint/endpoint-options.ts";
import { EndpointState } from "../../../api/endpoint/running-endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import type { Scope } from "../../../api/router/scope.ts";
import { type Clock, Runtime } from "../../../runtime/index.ts";
import { CapturedLog } from "../../../runtime/testing.ts";

export const SECRET = "a secret key base of 64 bytes, or at least of twenty of them";

/** The Fastify instance of an endpoint that listens nowhere, to be asked with `inject`. */
export async function endpointApp(
  declare: (route: Scope) => void,
  options: Partial<EndpointOptions> = {},
  clock?: Clock,
): Promise<FastifyInstance> {
  const logger = new CapturedLog();
  const runtime = await Runtime.start({ logger, ...(clock === undefined ? {} : { clock }) });
  const router = defineRouter(declare);
  const endpoint = new EndpointState(
    completeEndpointOptions({ router, secretKeyBase: SECRET, ...options }),
    completeListenOptions({}),
  );
  endpoint.runtime = runtime;
  const app = await buildApp(endpoint);
  onTestFinished(async () => {
    await app.close();
    await runtime.shutdown();
  });
  return app;
}

/** Keeps cookies as a browser does, by their names. */
export class Browser {
  readonly #app: FastifyInstance;
  readonly cookies: Map<string, string> = new Map();

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  /** `"POST /login"`, with cookies and what it is given; keeps the cookies of the answer. */
  async request(
    line: string,
    payload?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: unknown; setCookie: string | undefined }> {
    const [method, url] = line.split(" ") as ["POST", string];
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await this.#app.inject({
      method,
      url,
      headers: cookie === "" ? headers : { cookie, ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    const setCookie = response.headers["set-cookie"];
    for (const text of [setCookie ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text)!;
      if (/max-age=0/i.test(text)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return {
      status: response.statusCode,
      body: response.body === "" ? "" : response.json(),
      setCookie: Array.isArray(setCookie) ? setCookie.join(" | ") : setCookie,
    };
  }
}
