import { fastify, type FastifyInstance } from "fastify";
import { renderErrors } from "../../api/render-errors.ts";
import { defineRouter, type RouterOptions } from "../../api/router/router.ts";
import type { Scope } from "../../api/router/scope.ts";

/** A bare Fastify instance with a router mounted, to be asked with `inject`. */
export function mounted(declare: (route: Scope) => void, options?: RouterOptions): FastifyInstance {
  const app = fastify();
  renderErrors(app);
  defineRouter(declare, options).mount(app);
  return app;
}
