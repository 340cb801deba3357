import { type ChildSpec, ModuleSupervisor, type Supervisor } from "rookery";
import { defineEndpoint, listenOnEveryShard, type ListenOptions } from "rookery/api";
import { PubSub, redisAdapter } from "rookery/channels";
import { Accounts } from "./accounts/accounts.ts";
import { serveAsyncApi } from "./asyncapi.ts";
import { Chat } from "./chat/chat.ts";
import { databaseAt, isAnswering } from "./database.ts";
import { serveOpenApi } from "./openapi.ts";
import { Orders } from "./orders/orders.ts";
import { demoRouter } from "./router.ts";
import type { Settings } from "./settings.ts";
import { RoomPresence } from "./sockets/room-presence.ts";
import { userSocket } from "./sockets/user-socket.ts";
import { serveWebPage } from "./web-page.ts";

/** Under which the processes of the demo are registered, on each shard. */
export const names = { pubsub: "demo.pubsub", presence: "demo.presence", endpoint: "demo.endpoint" } as const;

/** More frames than this a client sends at once only by mistake: a message has at most 4,000 characters. */
const FRAME_SIZE_MAX = 100_000;
/** So many of the demo's processes may crash within 5 seconds before it gives up: each of them is back in milliseconds. */
const RESTARTS_MAX = 50;

export type DemoSettings = Omit<Settings, "drainDelayMs" | "heart" | "logLevel" | "shards" | "stopMs"> &
  Partial<Pick<Settings, "drainDelayMs">> &
  ListenOptions;

/** The demo: all of it on every shard, for what a connection needs has to be near it. */
export function demoTree(settings: DemoSettings): ChildSpec {
  return listenOnEveryShard(DemoShard, settings, { intensity: RESTARTS_MAX });
}

/** The whole application on one shard: database, PubSub, presence, sockets, HTTP server. */
export class DemoShard extends ModuleSupervisor<DemoSettings> {
  static override readonly module: string = import.meta.url;

  override async init(settings: DemoSettings): Promise<Awaited<ReturnType<Supervisor["init"]>>> {
    const {
      databasePath,
      databaseUrl,
      secretKeyBase,
      checkOrigin,
      redis,
      drainDelayMs = 0,
      dashboardToken,
      dashboardChaos = false,
      ...address
    } = settings;
    const { runtime } = this.self;
    const pubsub = redis === undefined ? {} : { adapter: redisAdapter(redis) };
    const repo = databaseAt(databaseUrl ?? databasePath);
    const accounts = new Accounts({ repo, clock: runtime.clock, secretKeyBase });
    const chat = new Chat({ repo, clock: runtime.clock });
    const orders = new Orders({ repo, runtime, pubsub: names.pubsub });
    const socket = userSocket({ accounts, chat, orders, presence: names.presence });
    const router = demoRouter({ accounts, chat, orders }, () => isAnswering(repo, runtime.clock));
    // Loaded only where somebody wants it.
    const chaos = dashboardChaos ? await import("rookery/testing") : undefined;
    const endpoint = defineEndpoint({
      name: names.endpoint,
      pubsub: names.pubsub,
      router,
      drainDelayMs,
      dashboard: dashboardToken === undefined ? false : { token: dashboardToken, checkOrigin, chaos },
      sockets: {
        "/socket": {
          handler: socket,
          websocket: { checkOrigin, maxFrameSize: FRAME_SIZE_MAX },
        },
      },
      configure: async (app) => {
        await serveWebPage(app);
        serveAsyncApi(app, socket);
        serveOpenApi(app, router);
      },
    });
    return super.init({
      strategy: "one_for_one",
      intensity: RESTARTS_MAX,
      children: [
        repo.childSpec({ intensity: RESTARTS_MAX }),
        { id: "pubsub", name: names.pubsub, nameScope: "shard", start: [PubSub, pubsub] },
        {
          id: "presence",
          name: names.presence,
          nameScope: "shard",
          start: [RoomPresence, { pubsub: names.pubsub, accounts }],
        },
        endpoint.childSpec({ ...address, intensity: RESTARTS_MAX }),
      ],
    });
  }
}
