import { action, type Action, errorSchema } from "rookery/api";
import { z } from "zod";

const responses = { 200: z.object({ status: z.literal("ok") }), 503: errorSchema };

/** Tells load balancers whether to send requests here. */
export class HealthController {
  readonly #isAnswering: () => Promise<boolean>;

  /** `isAnswering` says whether the database is. */
  constructor(isAnswering: () => Promise<boolean>) {
    this.#isAnswering = isAnswering;
  }

  /** Of the server alone, at no cost: whether it serves, and is to go on with it. */
  readonly show: Action = action({ responses }, ({ server }) =>
    server.endpoint.draining ? { error: "service_unavailable" } : { status: "ok" },
  );

  /** Also of what requests need. */
  readonly ready: Action = action({ responses }, async ({ server }) => {
    if (server.endpoint.draining || !(await this.#isAnswering())) return { error: "service_unavailable" };
    return { status: "ok" };
  });
}
