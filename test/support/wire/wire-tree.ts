import { type ChildSpec, ModuleSupervisor, type Supervisor } from "rookery";
import {
  accepts,
  defineEndpoint,
  defineRouter,
  type Endpoint,
  listenOnEveryShard,
  type ListenOptions,
} from "rookery/api";
import { Presence, PubSub, redisAdapter, type RedisOptions, realtimeJson, v1Json } from "rookery/channels";
import { names } from "./names.ts";
import { RealtimeController } from "./realtime-controller.ts";
import { RealtimeHistory } from "./realtime-history.ts";
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
  route.scope("/api/broadcast", {}, (realtime) => {
    realtime.post("/", RealtimeController, "batch");
    realtime.post("/:topic/events/:event", RealtimeController, "event");
  });
});

/** Signs nothing that is worth anything. */
const SECRET_KEY_BASE = "the secret key base of the wire server";
const ALLOWED_ORIGINS = ["http://allowed.example"];

/** Four mounts of one socket, and a few routes. */
const endpoint: Endpoint = defineEndpoint({
  name: names.endpoint,
  pubsub: names.pubsub,
  router,
  secretKeyBase: SECRET_KEY_BASE,
  configure(app) {
    app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
  },
  sockets: {
    "/socket": {
      handler: userSocket,
      websocket: { authToken: true, serializers: [v1Json, realtimeJson] },
      longpoll: { authToken: true, serializers: [v1Json, realtimeJson] },
    },
    "/socket_origin": {
      handler: userSocket,
      websocket: { checkOrigin: ALLOWED_ORIGINS },
      longpoll: { checkOrigin: ALLOWED_ORIGINS },
    },
    "/socket_small": { handler: userSocket, websocket: { maxFrameSize: 1_000 } },
    "/socket_idle": { handler: userSocket, websocket: { timeout: 2_000 }, longpoll: { windowMs: 1_000 } },
  },
});

export type WireSettings = ListenOptions & { readonly redis?: RedisOptions };

/** The application that conformance suites and load clients drive, on one shard. */
export class WireShard extends ModuleSupervisor<WireSettings> {
  static override readonly module: string = import.meta.url;

  override init({ redis, ...address }: WireSettings): ReturnType<Supervisor["init"]> {
    const pubsub = redis === undefined ? {} : { adapter: redisAdapter(redis) };
    return super.init({
      strategy: "one_for_one",
      children: [
        { id: "pubsub", name: names.pubsub, nameScope: "shard", start: [PubSub, pubsub] },
        {
          id: "presence",
          name: names.presence,
          nameScope: "shard",
          start: [Presence, { pubsub: names.pubsub }],
        },
        { id: "history", name: names.history, nameScope: "shard", start: [RealtimeHistory] },
        { id: "stats", name: names.stats, nameScope: "shard", start: [StatsServer] },
        endpoint.childSpec(address),
      ],
    });
  }
}

/** The application on all shards. */
export function wireTree(settings: WireSettings): ChildSpec {
  return listenOnEveryShard(WireShard, settings);
}
