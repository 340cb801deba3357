import { onTestFinished } from "vitest";
import { type EndpointOptions } from "../../../api/endpoint/endpoint-options.ts";
import { defineEndpoint, type EndpointStartOptions } from "../../../api/endpoint/endpoint.ts";
import type { RunningEndpoint } from "../../../api/endpoint/running-endpoint.ts";
import { defineRouter } from "../../../api/router/router.ts";
import type { Scope } from "../../../api/router/scope.ts";
import { type Pid, Runtime } from "../../../runtime/index.ts";
import { CapturedLog } from "../../../runtime/testing.ts";
import { Supervisor } from "../../../supervisors/index.ts";

export interface Served {
  readonly runtime: Runtime;
  readonly pid: Pid;
  readonly endpoint: RunningEndpoint;
  readonly log: CapturedLog;
}

/** Starts an endpoint on a port that the system chooses, for the time of one test. */
export async function served(
  declare: (route: Scope) => void,
  options: Partial<EndpointOptions> = {},
  startOptions: EndpointStartOptions = {},
): Promise<Served> {
  const log = new CapturedLog();
  const runtime = await Runtime.start({ logger: log });
  onTestFinished(() => runtime.shutdown());
  const definition = defineEndpoint({ router: defineRouter(declare), ...options });
  return { runtime, log, ...(await definition.start(runtime, { port: 0, ...startOptions })) };
}

/** An action that answers when the test says so. */
export class Held {
  readonly arrived: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly answer: PromiseWithResolvers<object> = Promise.withResolvers();
  show = (): Promise<object> => {
    this.arrived.resolve();
    return this.answer.promise;
  };
}

/** Resolves when another process has the name. */
export async function successor(runtime: Runtime, name: string): Promise<void> {
  const old = runtime.whereis(name);
  for (;;) {
    while (runtime.whereis(name) === undefined || runtime.whereis(name) === old) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    try {
      // It answers once its init is done.
      await Supervisor.countChildren(runtime, "endpoint");
      return;
    } catch {
      // As on the BEAM: a name of the old tree was still taken. The supervisor above tries again.
    }
  }
}
