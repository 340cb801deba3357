import type { FastifyReply, FastifyRequest } from "fastify";
import { apiError } from "./errors.ts";
import type { RouteSchemas } from "./router/route-schemas.ts";

/**
 * Answers one kind of request. It returns the reply it has sent, or what is to be sent, or a failure for the action fallback
 * (`{ error: "not_found" }`, an invalid changeset).
 */
export interface Action {
  (request: FastifyRequest, reply: FastifyReply): unknown;
  /** What it takes and answers, if it was made by `action`. */
  readonly schemas?: RouteSchemas;
}

/** A class, of which a router makes one instance, or an object: its methods are the actions. */
export type Controller<Actions extends object> = (new () => Actions) | Actions;

/** The names of those methods of `Actions` that can be actions. */
export type ActionName<Actions> = {
  [Name in keyof Actions]: Actions[Name] extends (request: never, reply: never) => unknown ? Name : never;
}[keyof Actions] &
  string;

export function controllerName(controller: Controller<object>): string {
  return typeof controller === "function" ? controller.name : controller.constructor.name;
}

/** The method `name` of the controller's instance as an action; refused when there is none. */
export function actionOf(instance: object, controller: string, name: string, route: string): Action {
  const method: unknown = (instance as Record<string, unknown>)[name];
  if (typeof method !== "function") throw apiError("ROOKERY_UNKNOWN_ACTION", controller, route, name);
  const { schemas } = method as Partial<Action>;
  const bound = method.bind(instance) as Action;
  return schemas === undefined ? bound : Object.assign(bound, { schemas });
}
