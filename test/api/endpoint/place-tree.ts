import type { FastifyRequest } from "fastify";
import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import type { ListenOptions } from "../../../api/endpoint/endpoint-options.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { ModuleSupervisor, type Supervisor } from "../../../supervisors/index.ts";

const place = {
  show: ({ server }: FastifyRequest): object => ({ place: server.endpoint.runtime.place }),
};

/** An endpoint that answers on which shard it is. */
export class PlaceTree extends ModuleSupervisor<ListenOptions> {
  static override readonly module: string = import.meta.url;

  override init(address: ListenOptions): ReturnType<Supervisor["init"]> {
    const endpoint = defineEndpoint({ router: defineRouter((route) => route.get("/", place, "show")) });
    return super.init({ strategy: "one_for_one", children: [endpoint.childSpec(address)] });
  }
}
