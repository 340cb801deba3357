import type { FastifyReply, FastifyRequest } from "fastify";
import { bearerAuth, defineRouter } from "../../api/index.ts";

class UserController {
  readonly table = "users";
  show(request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply): unknown {
    return reply.send({ id: request.params.id });
  }
}

defineRouter((route) => {
  route.get("/users/:id", UserController, "show");
  route.get("/users/:id/again", new UserController(), "show");
  // @ts-expect-error there is no such action
  route.get("/users", UserController, "index");
  // @ts-expect-error this is no action
  route.get("/table", UserController, "table");
  // @ts-expect-error there is no such action in any resource
  route.resources("/users", UserController, { only: ["destroy"] });
});

const requireAuth = bearerAuth((token) => (token === "" ? undefined : { id: 1, name: "Ada" }));

export function nameOf(request: FastifyRequest): string {
  // @ts-expect-error the request itself knows no more of its user than the id
  void request.currentUser?.name;
  return requireAuth.currentUser(request).name;
}

// @ts-expect-error a user without id can't be named in the log
bearerAuth(() => ({ name: "Ada" }));
