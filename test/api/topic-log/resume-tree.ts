import { defineEndpoint, type ListenOptions } from "../../../api/index.ts";
import { ModuleSupervisor, type Supervisor } from "../../../supervisors/index.ts";
import { defineRouter } from "../../../api/router/router.ts";
import { resumedSocket } from "../../channels/resume/resumed-room.ts";

export const PUBSUB = "tree.pubsub";

/** An endpoint, on every shard. */
export class ResumeTree extends ModuleSupervisor<ListenOptions> {
  static override readonly module: string = import.meta.url;

  override init(address: ListenOptions): ReturnType<Supervisor["init"]> {
    const endpoint = defineEndpoint({
      name: "tree.endpoint",
      pubsub: PUBSUB,
      router: defineRouter(() => {}),
      sockets: { "/socket": { handler: resumedSocket, websocket: {} } },
    });
    return super.init({ strategy: "one_for_one", children: [endpoint.childSpec(address)] });
  }
}
