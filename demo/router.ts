import { accepts, bearerAuth, defineRouter, type Router, scrubParams } from "rookery/api";
import type { Accounts } from "./accounts/accounts.ts";
import type { User } from "./accounts/user.ts";
import type { Chat } from "./chat/chat.ts";
import { HealthController } from "./controllers/health-controller.ts";
import { OrderController } from "./controllers/order-controller.ts";
import { ProductController } from "./controllers/product-controller.ts";
import { RoomController } from "./controllers/room-controller.ts";
import { SessionController } from "./controllers/session-controller.ts";
import { UserController } from "./controllers/user-controller.ts";
import type { Orders } from "./orders/orders.ts";
import type { DemoPath } from "./paths.ts";

export interface Contexts {
  readonly accounts: Accounts;
  readonly chat: Chat;
  readonly orders: Orders;
}

/** `isAnswering` says whether the database is. */
export function demoRouter(
  { accounts, chat, orders }: Contexts,
  isAnswering: () => Promise<boolean>,
): Router<DemoPath> {
  const requireUser = bearerAuth<User>((token) => accounts.userOfToken(token));
  const health = new HealthController(isAnswering);
  const users = new UserController(accounts);
  const own = new OrderController(orders, requireUser.currentUser);
  const rooms = new RoomController(chat);

  return defineRouter((route) => {
    route.pipeline("public", [accepts("json")]);
    route.pipeline("private", ["public", requireUser]);
    return [
      route.get("/healthz", health, "show"),
      route.get("/readyz", health, "ready"),
      route.scope("/api/v1", { through: "public" }, (v1) => [
        v1.post("/users", users, "create", { through: ["public", scrubParams("user")] }),
        v1.post("/sessions", new SessionController(accounts), "create"),
        v1.get("/products", new ProductController(orders), "index"),
      ]),
      route.scope("/api/v1", { through: "private" }, (v1) => [
        v1.resources("/users", users, { only: ["index", "show"] }),
        v1.resources("/orders", own, { only: ["index", "show"] }),
        v1.post("/orders", own, "create", { through: ["private", scrubParams("order")] }),
        v1.post("/orders/:id/cancel", own, "cancel"),
        v1.get("/rooms", rooms, "index"),
        v1.get("/rooms/:id/messages", rooms, "messages"),
      ]),
    ];
  });
}
