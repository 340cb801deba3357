import { defineEndpoint } from "../../../api/endpoint/endpoint.ts";
import { defineRouter, type Router } from "../../../api/router/router.ts";
import { Channel, defineSocket, ok, type Socket } from "../../../channels/index.ts";

class ProductController {
  index(): unknown[] {
    return [];
  }
  show(): object {
    return {};
  }
}

class LobbyChannel extends Channel {
  join(_topic: string, _payload: unknown, socket: Socket): ReturnType<Channel["join"]> {
    return ok(socket);
  }
}

const router: Router = defineRouter((route) => {
  route.pipeline("api", []);
  route.scope("/api", { through: "api" }, (api) =>
    api.resources("/products", ProductController, { only: ["index", "show"] }),
  );
  route.scope("/", { host: "ops." }, (ops) => ops.forward("/jobs", async function jobs() {}));
});

/** What `rookery routes` is asked about. */
export const endpoint: unknown = defineEndpoint({
  router,
  pubsub: "shop.pubsub",
  secretKeyBase: "x".repeat(64),
  sockets: {
    "/socket": {
      handler: defineSocket({
        channels: [["lobby", LobbyChannel]],
        connect: (_params, socket) => ok(socket),
      }),
      longpoll: true,
    },
  },
});
