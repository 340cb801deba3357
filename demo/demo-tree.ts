import type { ChildSpec, Runtime } from "rookery";
import { defineEndpoint, type EndpointStartOptions } from "rookery/api";
import { PubSub } from "rookery/channels";
import { Accounts } from "./accounts/accounts.ts";
import { Chat } from "./chat/chat.ts";
import { databaseAt } from "./database.ts";
import { Orders } from "./orders/orders.ts";
import { demoRouter } from "./router.ts";
import type { Settings } from "./settings.ts";
import { RoomPresence } from "./sockets/room-presence.ts";
import { userSocket } from "./sockets/user-socket.ts";
import { serveWebPage } from "./web-page.ts";

/** Under which the processes of the demo are registered. */
export const names = { pubsub: "demo.pubsub", presence: "demo.presence", endpoint: "demo.endpoint" } as const;

/** More frames than this a client sends at once only by mistake: a message has at most 4,000 characters. */
const FRAME_SIZE_MAX = 100_000;
/** So many of the demo's processes may crash within 5 seconds before it gives up: each of them is back in milliseconds. */
const RESTARTS_MAX = 50;

export type DemoSettings = Omit<Settings, "logLevel">;

/** The whole application as one child of a supervisor: database, PubSub, presence, sockets, HTTP server. */
export function demoTree(
  runtime: Runtime,
  { host, port, databasePath, secretKeyBase, checkOrigin }: DemoSettings,
  onListening?: EndpointStartOptions["onListening"],
): ChildSpec {
  const repo = databaseAt(databasePath);
  const accounts = new Accounts({ repo, clock: runtime.clock, secretKeyBase });
  const chat = new Chat({ repo, clock: runtime.clock });
  const orders = new Orders({ repo, runtime, pubsub: names.pubsub });
  const endpoint = defineEndpoint({
    name: names.endpoint,
    pubsub: names.pubsub,
    router: demoRouter({ accounts, chat, orders }),
    sockets: {
      "/socket": {
        handler: userSocket({ accounts, chat, orders, presence: names.presence }),
        websocket: { checkOrigin, maxFrameSize: FRAME_SIZE_MAX },
      },
    },
    configure: serveWebPage,
  });
  return endpoint.childSpec({
    host,
    port,
    intensity: RESTARTS_MAX,
    children: [
      repo.childSpec({ intensity: RESTARTS_MAX }),
      { id: "pubsub", name: names.pubsub, start: [PubSub] },
      { id: "presence", name: names.presence, start: [RoomPresence, { pubsub: names.pubsub, accounts }] },
    ],
    ...(onListening === undefined ? {} : { onListening }),
  });
}
