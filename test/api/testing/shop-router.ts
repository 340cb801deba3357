import type { FastifyReply, FastifyRequest } from "fastify";
import { bearerAuth, type BearerAuth } from "../../../api/plugs/bearer-auth.ts";
import { accepts } from "../../../api/plugs/accepts.ts";
import { protectFromForgery } from "../../../api/plugs/protect-from-forgery.ts";
import { session } from "../../../api/plugs/session.ts";
import type { Repo } from "../../../api/repo/repo.ts";
import { defineRouter, type Router } from "../../../api/router/router.ts";
import { getSession, putSession } from "../../../api/session/session.ts";
import type { Shop } from "./shop.ts";

export interface ShopUser {
  readonly id: number;
}

/** Actions that show what has come to them, and answers of all kinds. */
class EchoController {
  echo({ method, url, headers, body }: FastifyRequest): object {
    return { method, url, headers, body: body ?? null };
  }

  text(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.type("text/plain; charset=utf-8").send("plain");
  }

  page(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.type("text/html").send("<p>a page</p>");
  }

  api(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.type("application/vnd.api+json").send('{"data":[]}');
  }

  broken(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.type("application/json").send("{broken");
  }

  created(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.code(201).header("location", "/users/7").send();
  }

  redirect(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.redirect("/users/7?tab=orders");
  }

  crash(): never {
    throw new Error("the shelf has collapsed");
  }

  cookies(_request: FastifyRequest, reply: FastifyReply): object {
    reply.header("set-cookie", [
      "basket=full; Path=/; HttpOnly",
      "old=; Max-Age=0",
      "late=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ]);
    return {};
  }
}

class UserController {
  readonly #repo: Repo<Shop>;
  readonly #users: BearerAuth<ShopUser>;

  constructor(repo: Repo<Shop>, users: BearerAuth<ShopUser>) {
    this.#repo = repo;
    this.#users = users;
  }

  show({ params }: FastifyRequest): Promise<object> {
    return this.#repo.getOrThrow("users", Number((params as { id: string }).id));
  }

  missing(): object {
    return { error: "not_found" };
  }

  me(request: FastifyRequest): object {
    return { id: this.#users.currentUser(request).id };
  }
}

class VisitController {
  count(request: FastifyRequest): object {
    const visits = Number(getSession(request, "visits") ?? 0) + 1;
    putSession(request, "visits", visits);
    return { user: getSession(request, "user_id") ?? null, visits };
  }
}

export function shopRouter(repo: Repo<Shop>): Router {
  const requireUser = bearerAuth<ShopUser>((token) => ({ id: Number(token) }));
  const users = new UserController(repo, requireUser);
  return defineRouter((route) => {
    route.pipeline("private", [accepts("json"), requireUser]);
    route.pipeline("browser", [session({ key: "_shop", signingSalt: "shop session" })]);
    for (const method of ["get", "post", "put", "patch", "delete"] as const)
      route[method]("/echo", EchoController, "echo");
    for (const action of [
      "text",
      "page",
      "api",
      "broken",
      "created",
      "redirect",
      "crash",
      "cookies",
    ] as const)
      route.get(`/${action}`, EchoController, action);
    route.get("/users/:id", users, "show");
    route.get("/missing", users, "missing");
    route.get("/me", users, "me", { through: "private" });
    route.get("/visits", VisitController, "count", { through: "browser" });
    route.post("/visits", VisitController, "count", { through: ["browser", protectFromForgery()] });
  });
}
