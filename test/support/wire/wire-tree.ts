import { type ChildSpec, ModuleSupervisor, type Supervisor } from "rookery";
import {
  accepts,
  defineEndpoint,
  defineRouter,
  type Endpoint,
  listenOnEveryShard,
  type ListenOptions,
} from "rookery/api";
import { Presence, PubSub } from "rookery/channels";
import { names } from "./names.ts";
import { StatsServer } from "./shard-stats.ts";
import { userSocket } from "./user-socket.ts";
import { WireController } from "./wire-controller.ts";

const router = defineRouter((route) => {
  route.pipeline("api", [accepts("json")]);
  route.scope("/api/v1", { through: "api" }, (v1) => {
    v1.get("/ping", WireController, "ping");
    v1.post("/echo", WireController, "echo");
    v1.post("/disconnect/:user_id", WireController, "disconnect");
    v1.post("/broadcast/:topic/:event", WireController, "broadcast");
    v1.get("/stats", WireController, "stats");
  });
});

/** Four mounts of one socket, and a few routes. */
const endpoint: Endpoint = defineEndpoint({
  name: names.endpoint,
  pubsub: names.pubsub,
  router,
  sockets: {
    "/socket": { handler: userSocket, websocket: { authToken: true } },
    "/socket_origin": { handler: userSocket, websocket: { checkOrigin: ["http://allowed.example"] } },
    "/socket_small": { handler: userSocket, websocket: { maxFrameSize: 1_000 } },
    "/socket_idle": { handler: userSocket, websocket: { timeout: 2_000 } },
  },
});

/** The application that conformance suites and load clients drive, on one shard. */
export class WireShard extends ModuleSupervisor<ListenOptions> {
  static override readonly module: string = import.meta.url;

  override init(address: ListenOptions): ReturnType<Supervisor["init"]> {
    return super.init({
      strategy: "one_for_one",
      children: [
        { id: "pubsub", name: names.pubsub, nameScope: "shard", start: [PubSub] },
        {
          id: "presence",
          name: names.presence,
          nameScope: "shard",
          start: [Presence, { pubsub: names.pubsub }],
        },
        { id: "stats", name: names.stats, nameScope: "shard", start: [StatsServer] },
        endpoint.childSpec(address),
      ],
    });
  }
}

/** The application on all shards. */
export function wireTree(address: ListenOptions): ChildSpec {
  return listenOnEveryShard(WireShard, address);
}
