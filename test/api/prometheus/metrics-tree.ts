import type { FastifyRequest } from "fastify";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import type { ListenOptions } from "../../../api/endpoint/endpoint-options.ts";
import { Prometheus } from "../../../api/prometheus/prometheus.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { ModuleSupervisor, type Supervisor } from "../../../supervisors/index.ts";

const users = {
  show: ({ server }: FastifyRequest): object => ({ place: server.endpoint.runtime.place }),
};

/** An endpoint that tells which shard answers, and what all of them have counted. */
export class MetricsTree extends ModuleSupervisor<ListenOptions> {
  static override readonly module: string = import.meta.url;

  override init(address: ListenOptions): ReturnType<Supervisor["init"]> {
    const prometheus = new Prometheus({ token: "scraper" });
    const router = defineRouter((route) => {
      route.get("/users/:id", users, "show");
      route.get("/metrics", prometheus, "scrape");
    });
    const endpoint = defineEndpoint({ router });
    return super.init({
      strategy: "one_for_one",
      children: [prometheus.childSpec(), endpoint.childSpec(address)],
    });
  }
}
