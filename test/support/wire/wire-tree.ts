import type { ChildSpec } from "rookery";
import { accepts, defineEndpoint, defineRouter, type Endpoint, type EndpointStartOptions } from "rookery/api";
import { Presence, PubSub } from "rookery/channels";
import { names } from "./names.ts";
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

/** The application that conformance suites and load clients drive: four mounts of one socket, and a few routes. */
export const wireEndpoint: Endpoint = defineEndpoint({
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

/** What the endpoint needs. */
export const wireChildren: readonly ChildSpec[] = [
  { id: "pubsub", name: names.pubsub, start: [PubSub] },
  { id: "presence", name: names.presence, start: [Presence, { pubsub: names.pubsub }] },
];

/** The whole application as one child of a supervisor. */
export function wireTree(options: Omit<EndpointStartOptions, "children">): ChildSpec {
  return wireEndpoint.childSpec({ ...options, children: wireChildren });
}
